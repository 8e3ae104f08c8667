//! What a point select costs as things grow: groups, clients, tables in the catalog, workers. It should be flat where nothing more is done.

use ostrakon::dev::node::Node;
use serde_json::{Value, json};

use crate::Outcome;
use crate::data::{self, Layout};
use crate::report::{show, spread, table};
use crate::round::{self, Sample};
use crate::stage::{Place, SHARDED, Stage, Target};
use crate::statistics::Spread;
use crate::sysbench::{Load, Script};
use crate::variant;

const GROUPS: [u64; 7] = [1, 2, 4, 8, 16, 32, 64];
const CLIENTS: [u32; 6] = [1, 4, 16, 64, 256, 1024];
/// So many clients work while the others are logged in and idle.
const WORKING: u32 = 1024;
const CONNECTED: u32 = 10_000;
const TABLES: [u64; 5] = [10, 100, 1_000, 10_000, 100_000];
const WORKERS: [u64; 2] = [1, 2];
/// Clients of all series but the one about clients, and of the floor.
const USUAL: u32 = 16;
/// Rows of the tables of the databases with so many groups.
const ROWS: u64 = 10_000;

/// One point of a series: its label, and what is run where.
struct Point {
    label: String,
    place: Place,
    load: Load,
}

/// What was measured at it, one for each round, with the floor's CPU of the same round.
struct Measured {
    label: String,
    samples: Vec<(Sample, f64)>,
}

impl Measured {
    fn cpu(&self) -> Option<Spread> {
        Spread::of(self.samples.iter().map(|(sample, _)| sample.proxy))
    }

    fn over_floor(&self) -> Option<Spread> {
        Spread::of(self.samples.iter().map(|(sample, floor)| sample.proxy / floor))
    }

    fn rate(&self) -> Option<Spread> {
        Spread::of(self.samples.iter().map(|(sample, _)| sample.rate))
    }
}

fn point_select(rows: u64, clients: u32) -> Load {
    let options = vec!["--tables=1".to_owned(), format!("--table-size={rows}")];
    Load { script: Script::Distributed("oltp_point_select"), options, clients, prepared: false }
}

/// Rounds in which the floor and then each point has its turn; the first one is thrown away.
fn series(
    stage: &Stage,
    what: &str,
    points: Vec<Point>,
    rounds: u32,
    seconds: u32,
) -> Outcome<Vec<Measured>> {
    let floor_place = stage.place(Target::Floor, SHARDED);
    let none_yet = |label: &str| Measured { label: label.to_owned(), samples: Vec::new() };
    // The floor comes first: what the machine gave, and what the ratio is to.
    let mut all = vec![none_yet("floor")];
    all.extend(points.iter().map(|point| none_yet(&point.label)));
    for number in 0..=rounds {
        eprintln!("{what}, round {number} of {rounds} ...");
        let seconds = if number == 0 { 1 } else { seconds };
        let floor = round::measure(&floor_place, &point_select(data::ROWS, USUAL), seconds)?;
        let cpu = floor.proxy;
        let mut samples = vec![floor];
        for point in &points {
            samples.push(round::measure(&point.place, &point.load, seconds)?);
        }
        if number > 0 {
            let pairs = samples.into_iter().zip(&mut all);
            pairs.for_each(|(sample, measured)| measured.samples.push((sample, cpu)));
        }
    }
    Ok(all)
}

fn groups(stage: &Stage) -> Outcome<Vec<Point>> {
    let mut points = Vec::new();
    for count in GROUPS {
        let database = format!("groups{count}");
        let made = format!("CREATE DATABASE IF NOT EXISTS {database} DBPARTITIONS {count}");
        stage.client(Target::Node, None)?.setup(&made)?;
        data::load_few(&mut stage.client(Target::Node, Some(&database))?, ROWS, Layout::Sharded)?;
        let place = Place { database, ..stage.place(Target::Node, SHARDED) };
        points.push(Point { label: count.to_string(), place, load: point_select(ROWS, USUAL) });
    }
    Ok(points)
}

fn clients(stage: &Stage) -> Vec<Point> {
    let point = |count: &u32| Point {
        label: count.to_string(),
        place: stage.place(Target::Node, SHARDED),
        load: point_select(data::ROWS, *count),
    };
    CLIENTS.iter().map(point).collect()
}

/// What grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Series {
    Groups,
    Clients,
    Tables,
    Workers,
}

impl Series {
    pub const ALL: [Self; 4] = [Self::Groups, Self::Clients, Self::Tables, Self::Workers];

    /// What `--only` looks for.
    pub fn name(self) -> &'static str {
        match self {
            Self::Groups => "growth-groups",
            Self::Clients => "growth-clients",
            Self::Tables => "growth-tables",
            Self::Workers => "growth-workers",
        }
    }

    /// What it is, in words.
    pub fn about(self) -> &'static str {
        match self {
            Self::Groups => "groups of the database, from 1 to 64",
            Self::Clients => "clients that work, from 1 to 1,024; the last line: of those that are logged in",
            Self::Tables => "tables in the catalog besides those that are asked, from 10 to 100,000",
            Self::Workers => "workers of the node, 1 and 2",
        }
    }
}

/// Runs one series, and gives Markdown and JSON.
pub fn run(stage: &Stage, what: Series, rounds: u32, seconds: u32) -> Outcome<(String, Value)> {
    let all = |points| series(stage, what.name(), points, rounds, seconds);
    let measured = match what {
        Series::Groups => all(groups(stage)?)?,
        Series::Clients => {
            let mut measured = all(clients(stage))?;
            let idle: Vec<_> = (WORKING..CONNECTED)
                .map(|_| stage.client(Target::Node, Some(SHARDED)))
                .collect::<Outcome<_>>()?;
            let label = format!("{WORKING} of {CONNECTED}");
            let load = point_select(data::ROWS, WORKING);
            let place = stage.place(Target::Node, SHARDED);
            // Its floor is that of the rounds before, near enough to stand there once.
            measured.extend(all(vec![Point { label, place, load }])?.into_iter().skip(1));
            drop(idle);
            measured
        }
        Series::Tables => {
            let nodes = variants(&TABLES, |count| variant::start(stage, count, None))?;
            all(on_variants(stage, &nodes))?
        }
        Series::Workers => {
            let nodes = variants(&WORKERS, |count| variant::start(stage, 0, Some(count)))?;
            all(on_variants(stage, &nodes))?
        }
    };
    let text = format!(
        "### {}\n\nA point select as text, by {}.\n\n{}\n{}",
        what.name(),
        what.about(),
        as_table(&measured),
        plot(&measured)
    );
    Ok((text, as_json(&measured)))
}

/// All nodes of a series run at once: in each round every one has its turn.
fn variants(counts: &[u64], start: impl Fn(u64) -> Outcome<Node>) -> Outcome<Vec<(u64, Node)>> {
    counts.iter().map(|count| Ok((*count, start(*count)?))).collect()
}

fn on_variants(stage: &Stage, nodes: &[(u64, Node)]) -> Vec<Point> {
    let point = |(count, node): &(u64, Node)| Point {
        label: count.to_string(),
        place: Place { port: node.port(), proxy: node.pid(), ..stage.place(Target::Node, SHARDED) },
        load: point_select(data::ROWS, USUAL),
    };
    nodes.iter().map(point).collect()
}

fn as_table(all: &[Measured]) -> String {
    let row = |one: &Measured| {
        let rate = one.rate().map(|spread| spread.median);
        vec![one.label.clone(), show(rate, 0), spread(one.cpu(), 1), spread(one.over_floor(), 2)]
    };
    table(&["", "qps", "node µs", "x floor"], &all.iter().map(row).collect::<Vec<_>>())
}

/// The widest bar of a plot.
const WIDEST: f64 = 60.0;

/// A bar for each point: the median of `x floor`.
fn plot(all: &[Measured]) -> String {
    let medians: Vec<f64> = all.iter().filter_map(|one| Some(one.over_floor()?.median)).collect();
    let most = medians.iter().copied().fold(0.0, f64::max);
    let width = all.iter().map(|one| one.label.len()).max().unwrap_or(0);
    let mut text = String::from("```\n");
    for (one, median) in all.iter().zip(medians) {
        let bar = "#".repeat((median / most * WIDEST).round() as usize);
        text.push_str(&format!("{:>width$} {bar} {median:.2}\n", one.label));
    }
    text.push_str("```\n");
    text
}

fn as_json(all: &[Measured]) -> Value {
    let list = |spread: Option<Spread>| spread.map(|one| json!([one.median, one.least, one.most]));
    let one = |one: &Measured| json!({ "at": one.label, "qps": list(one.rate()), "node_us": list(one.cpu()), "x_floor": list(one.over_floor()) });
    json!(all.iter().map(one).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::Histogram;

    #[test]
    fn a_bar_is_as_long_as_its_ratio() {
        let sample = |proxy| Sample {
            rate: 1.0,
            proxy,
            client: 1.0,
            servers: 1.0,
            foreign: 0.0,
            errors: 0.0,
            latency: Histogram::default(),
        };
        let measured =
            |label: &str, proxy| Measured { label: label.to_owned(), samples: vec![(sample(proxy), 10.0)] };
        let text = plot(&[measured("1", 10.0), measured("64", 20.0)]);
        assert_eq!(text, format!("```\n 1 {} 1.00\n64 {} 2.00\n```\n", "#".repeat(30), "#".repeat(60)));
    }
}

//! Results as Markdown and as JSON.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::calls::Calls;
use crate::round::Sample;
use crate::stage::Target;
use crate::statistics::{Histogram, Spread};
use crate::workload::Workload;

/// All that was measured of one workload.
pub struct Results {
    pub workload: Workload,
    /// For each round, one sample of each target, in the same order.
    pub rounds: Vec<Vec<(Target, Sample)>>,
    /// From runs of their own, because counting slows down what is counted.
    pub calls: Vec<(Target, Calls)>,
}

impl Results {
    /// A figure of one target's, of each round that has it.
    fn each<'a>(
        &'a self,
        target: Target,
        figure: impl Fn(&'a [(Target, Sample)], &'a Sample) -> Option<f64> + 'a,
    ) -> Option<Spread> {
        Spread::of(self.rounds.iter().filter_map(|round| figure(round, of(round, target)?)))
    }

    /// CPU of the proxy over the floor's in the same round.
    pub fn over_floor(&self, target: Target) -> Option<Spread> {
        self.each(target, |round, sample| {
            let floor = of(round, Target::Floor)?.proxy;
            (target != Target::Direct && floor > 0.0).then_some(sample.proxy / floor)
        })
    }

    fn targets(&self) -> Vec<Target> {
        let has = |target: &Target| self.rounds.iter().any(|round| of(round, *target).is_some());
        Target::ALL.into_iter().filter(has).collect()
    }

    fn latency(&self, target: Target) -> Histogram {
        let mut all = Histogram::default();
        self.rounds.iter().filter_map(|round| of(round, target)).for_each(|one| all.merge(&one.latency));
        all
    }

    fn row(&self, target: Target) -> Vec<String> {
        let proxied = target != Target::Direct;
        let plain = |spread: Option<Spread>, digits| show(spread.map(|spread| spread.median), digits);
        let latency = self.latency(target);
        let calls = self.calls.iter().find(|(of, _)| *of == target).map(|(_, calls)| calls);
        vec![
            target.name().to_owned(),
            plain(self.each(target, |_, sample| Some(sample.rate)), 0),
            plain(self.each(target, |round, sample| Some(sample.rate / of(round, Target::Direct)?.rate)), 2),
            if proxied {
                spread(self.each(target, |_, sample| Some(sample.proxy)), 1)
            } else {
                "-".to_owned()
            },
            spread(self.over_floor(target), 2),
            plain(self.each(target, |_, sample| Some(sample.client)), 1),
            plain(self.each(target, |_, sample| Some(sample.servers)), 1),
            plain(
                self.each(target, |round, sample| Some(of(round, Target::Direct)?.path() / sample.path())),
                2,
            ),
            show(latency.percentile(0.5), 2),
            show(latency.percentile(0.95), 2),
            show(latency.percentile(0.99), 2),
            show(calls.map(|calls| calls.system_calls), 1),
            show(calls.map(|calls| calls.switches), 1),
        ]
    }

    /// A heading, what was run, and a table with a line for each target.
    pub fn markdown(&self) -> String {
        let Workload { name, about, load, database, .. } = &self.workload;
        let mut text =
            format!("### {name}\n\n{about}; clients: {}, the node's database: {database}.", load.clients);
        let foreign = self.rounds.iter().flatten().map(|(_, sample)| sample.foreign);
        if let Some(foreign) = Spread::of(foreign) {
            let percent = |share: f64| format!("{:.0} %", share * 100.0);
            let _ = write!(
                text,
                " Others took {} of the machine ({} to {}).",
                percent(foreign.median),
                percent(foreign.least),
                percent(foreign.most)
            );
        }
        for target in self.targets() {
            if let Some(errors) =
                self.each(target, |_, sample| Some(sample.errors)).filter(|errors| errors.most > 0.0)
            {
                let _ = write!(text, " Errors a second, {}: {}.", target.name(), spread(Some(errors), 2));
            }
        }
        let heads = [
            "",
            "qps",
            "of direct",
            "proxy µs",
            "x floor",
            "client µs",
            "servers µs",
            "eff",
            "p50 ms",
            "p95",
            "p99",
            "calls",
            "switches",
        ];
        let rows = self.targets().into_iter().map(|target| self.row(target)).collect::<Vec<_>>();
        text.push_str("\n\n");
        text.push_str(&table(&heads, &rows));
        text
    }

    /// Every sample, and the medians that the table shows.
    pub fn json(&self) -> Value {
        let sample = |(target, sample): &(Target, Sample)| {
            json!({
                "target": target.name(), "qps": sample.rate, "proxy_us": sample.proxy, "client_us": sample.client,
                "servers_us": sample.servers, "foreign": sample.foreign, "errors": sample.errors,
                "p50_ms": sample.latency.percentile(0.5), "p95_ms": sample.latency.percentile(0.95),
                "p99_ms": sample.latency.percentile(0.99),
            })
        };
        let rounds: Vec<Vec<Value>> =
            self.rounds.iter().map(|round| round.iter().map(sample).collect()).collect();
        let over: Vec<Value> = self
            .targets()
            .into_iter()
            .filter_map(|target| {
                let spread = self.over_floor(target)?;
                Some(json!({ "target": target.name(), "median": spread.median, "least": spread.least, "most": spread.most }))
            })
            .collect();
        let calls: Vec<Value> = self
            .calls
            .iter()
            .map(|(target, calls)| {
                json!({ "target": target.name(), "system_calls": calls.system_calls, "switches": calls.switches })
            })
            .collect();
        json!({
            "workload": self.workload.name, "clients": self.workload.load.clients, "x_floor": over, "calls": calls, "rounds": rounds,
        })
    }
}

fn of(round: &[(Target, Sample)], target: Target) -> Option<&Sample> {
    round.iter().find(|(one, _)| *one == target).map(|(_, sample)| sample)
}

/// A Markdown table: the first column is text, the others are figures.
pub fn table(heads: &[&str], rows: &[Vec<String>]) -> String {
    let mut text = format!("| {} |\n|---|{}\n", heads.join(" | "), "---:|".repeat(heads.len() - 1));
    for row in rows {
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
    text
}

/// A figure, or `-` where there is none.
pub fn show(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"))
}

/// `16.6 (15.9-17.2)`.
pub fn spread(spread: Option<Spread>, digits: usize) -> String {
    let Some(Spread { median, least, most }) = spread else { return "-".to_owned() };
    format!("{median:.digits$} ({least:.digits$}-{most:.digits$})")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(proxy: f64) -> Sample {
        let mut latency = Histogram::default();
        latency.add(proxy, 1);
        Sample { rate: 100.0, proxy, client: 1.0, servers: 2.0, foreign: 0.0, errors: 0.0, latency }
    }

    #[test]
    fn the_ratio_to_the_floor_is_taken_within_each_round() {
        let workload = crate::workload::all().remove(0);
        let round = |floor, node| vec![(Target::Floor, sample(floor)), (Target::Node, sample(node))];
        // The machine was twice as slow in the last round: medians of each alone would say 1.5.
        let rounds = vec![round(10.0, 12.0), round(10.0, 15.0), round(20.0, 24.0)];
        let results = Results { workload, rounds, calls: Vec::new() };
        let expected = Spread { median: 1.2, least: 1.2, most: 1.5 };
        assert_eq!(results.over_floor(Target::Node), Some(expected));
        assert_eq!(results.over_floor(Target::HaProxy), None);
        assert_eq!(results.row(Target::Node)[3..5], ["15.0 (12.0-24.0)", "1.20 (1.20-1.50)"]);
    }
}

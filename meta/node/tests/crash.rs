//! kill -9 under load: everything that was acknowledged is there afterwards, and no leased value comes twice.
//!
//! The test starts itself again as a child process, which proposes as fast as it can and prints each acknowledgement. It is killed
//! at a random moment, the store is opened again, and what was printed is compared with what is there; then the next round goes on
//! from that state. A killed process loses nothing that it wrote to the kernel, so this shows the order of acknowledgement and the
//! recovery of torn state, not the syncs: those are shown by the store in memory, which forgets what was not synced.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command as Process, Stdio};
use std::time::{Duration, Instant};

use ostrakon_catalog::schema::{Database, DefaultSharding, Group, Sequence, Table, TableKind};
use ostrakon_catalog::{Command, NameMap, Outcome, auto_sequence_name, column};
use ostrakon_meta::{MetaConfig, MetaNode, ProposeError};

const DIRECTORY: &str = "OSTRAKON_CRASH_TEST_DIRECTORY";
const ROUNDS: u32 = 24;
const PROPOSERS: u64 = 8;

fn config(directory: &Path) -> MetaConfig {
    // Small, so that many kills fall on snapshots and compactions.
    MetaConfig { snapshot_entries: 40, ..MetaConfig::new(1, directory) }
}

fn setup() -> Vec<Command> {
    let (name, host) = ("m1".to_owned(), "127.0.0.1".to_owned());
    let (user, password, tls) = ("u".to_owned(), "p".to_owned(), Default::default());
    let instance = Command::CreateInstance { name, host, port: 3306, user, password, tls };
    let (name, physical_database) = ("D_0000_GROUP".to_owned(), "d_0000".to_owned());
    let database = Database {
        name: "d".to_owned(),
        groups: vec![Group { name, physical_database, instance: 1 }],
        default_sharding: DefaultSharding::Single,
        guard: Default::default(),
        charset: "utf8mb4".to_owned(),
        collation: "utf8mb4_bin".to_owned(),
        tables: NameMap::new(),
        sequences: NameMap::new(),
        views: NameMap::new(),
    };
    let id = column::Column {
        name: "id".to_owned(),
        data_type: column::ColumnType::BigInt { unsigned: true },
        nullable: false,
        default: column::ColumnDefault::None,
        auto_increment: true,
        generated: false,
        invisible: false,
    };
    let table = Table {
        id: 0,
        name: "t".to_owned(),
        kind: TableKind::Broadcast,
        columns: vec![id],
        keys: vec![],
        name_suffix: None,
        physical_base: "t".to_owned(),
        allow_full_table_scan: None,
        generated_key: None,
    };
    let sequence = Some(Sequence::group(auto_sequence_name("t"), 1, 100));
    let table = Command::CreateTable { database: "d".to_owned(), table, sequence };
    vec![instance, Command::CreateDatabase { database }, table]
}

/// Proposes until it is killed. Prints `range first last` or `set name value` after each acknowledgement.
#[tokio::main(flavor = "current_thread")]
async fn child(directory: &Path) {
    let node = MetaNode::open(config(directory)).unwrap();
    for command in setup() {
        match node.propose(command).await {
            Ok(_) | Err(ProposeError::Rejected(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    // The test harness has begun a line.
    println!();
    let proposers: Vec<_> =
        (0..PROPOSERS).map(|number| tokio::spawn(propose_forever(node.clone(), number))).collect();
    for proposer in proposers {
        proposer.await.unwrap();
    }
}

async fn propose_forever(node: MetaNode, number: u64) {
    for n in 0u64.. {
        let line = if n % 3 == 0 {
            let (name, value) = (format!("p{number}"), format!("{}", node.load().version));
            node.propose(Command::PutSetting { name: name.clone(), value: value.clone() }).await.unwrap();
            format!("set {name} {value}\n")
        } else {
            let (database, sequence) = ("d".to_owned(), auto_sequence_name("t"));
            let count = 1 + (n * 7 + number) % 20;
            match node.propose(Command::LeaseRange { database, sequence, count }).await {
                Ok(Outcome::Range { first, last, .. }) => format!("range {first} {last}\n"),
                other => panic!("{other:?}"),
            }
        };
        // One write for each line, so that a kill cuts no line in two.
        std::io::stdout().write_all(line.as_bytes()).unwrap();
        std::io::stdout().flush().unwrap();
    }
}

/// What all rounds have acknowledged.
#[derive(Default)]
struct Acknowledged {
    /// Last value by first value.
    ranges: BTreeMap<u64, u64>,
    settings: BTreeMap<String, u64>,
}

impl Acknowledged {
    fn line(&mut self, line: &str) {
        let words: Vec<_> = line.split(' ').collect();
        match words[..] {
            ["range", first, last] => {
                let (first, last) = (first.parse().unwrap(), last.parse().unwrap());
                let before = self.ranges.range(..=last).next_back();
                assert!(before.is_none_or(|(_, end)| *end < first), "{first}..{last} overlaps {before:?}");
                self.ranges.insert(first, last);
            }
            ["set", name, value] => {
                self.settings.insert(name.to_owned(), value.parse().unwrap());
            }
            // The test harness's own lines.
            _ => assert!(!line.contains("panicked"), "{line}"),
        }
    }

    #[tokio::main(flavor = "current_thread")]
    async fn check(&self, directory: &Path) {
        let node = MetaNode::open(config(directory)).unwrap();
        let catalog = node.catalog();
        for (name, value) in &self.settings {
            // A later one may have been applied and not acknowledged; values of one name only grow.
            let found: u64 =
                catalog.setting(name).unwrap_or_else(|| panic!("{name} is lost")).parse().unwrap();
            assert!(found >= *value, "{name} was acknowledged as {value}, and is {found}");
        }
        let next = catalog.sequence("d", &auto_sequence_name("t")).map_or(1, |sequence| sequence.next);
        let last = self.ranges.values().max().copied().unwrap_or(0);
        assert!(next > last, "{last} was leased, and {next} comes next");
        // The next child needs the directory.
        node.shutdown().await;
    }
}

#[test]
fn acknowledged_changes_survive_kill_9() {
    if let Some(directory) = std::env::var_os(DIRECTORY) {
        return child(Path::new(&directory));
    }
    let directory = tempfile::tempdir().unwrap();
    let mut acknowledged = Acknowledged::default();
    let mut counts = Vec::new();
    for round in 0..ROUNDS {
        let before = acknowledged.ranges.len();
        run_and_kill(directory.path(), &mut acknowledged, pause(round));
        counts.push(acknowledged.ranges.len() - before);
        acknowledged.check(directory.path());
    }
    let busy = counts.iter().filter(|count| **count > 0).count();
    assert!(busy >= 20, "too few rounds acknowledged anything: {counts:?}");
}

/// 1 to 60 ms, different in each round and each run.
fn pause(round: u32) -> Duration {
    use std::hash::{BuildHasher, RandomState};
    Duration::from_micros(1_000 + RandomState::new().hash_one(round) % 59_000)
}

/// Runs a child, kills it some time after its first acknowledgement, and reads all that it printed.
fn run_and_kill(directory: &Path, acknowledged: &mut Acknowledged, pause: Duration) {
    let mut child = Process::new(std::env::current_exe().unwrap())
        .args(["--exact", "acknowledged_changes_survive_kill_9", "--nocapture"])
        .env(DIRECTORY, directory)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let begun = Instant::now();
    for line in lines.by_ref() {
        let line = line.unwrap();
        acknowledged.line(&line);
        if line.starts_with("set") || line.starts_with("range") {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "the child does nothing");
    }
    let killer = std::thread::spawn(move || {
        std::thread::sleep(pause);
        child.kill().unwrap();
        child.wait().unwrap()
    });
    for line in lines {
        acknowledged.line(&line.unwrap());
    }
    let status = killer.join().unwrap();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9), "the child ended by itself");
}

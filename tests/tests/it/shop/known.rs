//! The list of cases that are known to be refused or to differ: what is not on it fails the test, and what is on it wrongly too.
//! `OSTRAKON_UPDATE=1` writes it anew.

use std::collections::BTreeSet;
use std::path::PathBuf;

use ostrakon::dev::server::ServerKind;

/// A refusal's reason, without what differs from case to case.
pub fn shorten(reason: &str) -> String {
    let reason = reason.trim_start_matches("Not supported: ");
    let end = reason.find(", over more than one physical table").unwrap_or(reason.len());
    reason.chars().take(end.min(100)).collect()
}

fn path(kind: ServerKind) -> PathBuf {
    let name = match kind {
        ServerKind::MariaDb => "mariadb.txt",
        ServerKind::MySql => "mysql.txt",
    };
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("data/shop/known").join(name)
}

/// Compares what was found, as (case, what), with the list. `whole`: all cases ran in the way of `make test`, so each line of the list must have been found.
pub fn check(kind: ServerKind, found: Vec<(String, String)>, whole: bool, differences: &[String]) {
    let found: BTreeSet<String> = found.into_iter().map(|(case, what)| format!("{case} {what}")).collect();
    let path = path(kind);
    if std::env::var_os("OSTRAKON_UPDATE").is_some() && whole {
        let lines: Vec<&str> = found.iter().map(String::as_str).collect();
        std::fs::write(&path, lines.join("\n") + "\n").expect("the list is written");
        return;
    }
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    let known: BTreeSet<String> = text.lines().map(str::to_owned).collect();
    let new: Vec<&String> = found.difference(&known).collect();
    let is_new = |text: &&String| {
        let case = text.split_whitespace().next().unwrap_or_default();
        new.iter().any(|line| line.split_whitespace().next() == Some(case))
    };
    let shown: Vec<&str> = differences.iter().filter(is_new).map(String::as_str).collect();
    assert!(new.is_empty(), "not on the list {}: {new:#?}\n{}", path.display(), shown.join("\n"));
    let gone: Vec<&String> = known.difference(&found).collect();
    assert!(!whole || gone.is_empty(), "on the list {} and answered alike now: {gone:#?}", path.display());
}

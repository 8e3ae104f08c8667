//! SQLAlchemy's dialect suite (tests/clients/sqlalchemy) on a cluster and on one server: what passes on the server passes on the cluster,
//! but for the tests that differences.txt lists with a reason. `make dialect` runs all of it, `make test` some classes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ostrakon_tests::cluster::{PlainServer, connect, run};
use ostrakon_tests::program;

use super::{cluster, packages, scripts};

/// The classes that `make test` runs.
const SOME: &str = "CTETest or JoinTest or JSONTest or HasTableTest or QuotedNameArgumentTest or TableDDLTest or InsertBehaviorTest";

/// How each test of the suite ended, by name.
type Ends = BTreeMap<String, String>;

/// `OSTRAKON_DIALECT=all`.
fn everything() -> bool {
    std::env::var("OSTRAKON_DIALECT").is_ok_and(|which| which == "all")
}

fn suite() -> PathBuf {
    scripts().join("sqlalchemy")
}

/// Runs the suite; `one_server`: with all that a cluster refuses.
async fn play(port: u16, one_server: bool, results: &Path) -> Ends {
    let mut root = connect(port, None).await;
    for database in ["test", "test_schema"] {
        run(&mut root, &format!("CREATE DATABASE {database}")).await;
    }
    let mut command = tokio::process::Command::new(packages::python());
    command
        .args(["-B", "-m", "pytest", "-q", "test_suite.py", "--dburi"])
        .arg(format!("mysql+pymysql://root@127.0.0.1:{port}/test?charset=utf8mb4"))
        .current_dir(suite())
        .env("DIALECT_ONE_SERVER", if one_server { "1" } else { "0" })
        .env("DIALECT_RESULTS", results);
    if !everything() {
        command.args(["-k", SOME]);
    }
    let output = command.kill_on_drop(true).output().await.unwrap();
    // Some tests fail on every MySQL and MariaDB server, so the program's status says nothing.
    let Ok(text) = std::fs::read_to_string(results) else { panic!("{}", program::text(&output)) };
    let lines = text.lines().filter_map(|line| line.split_once(' '));
    lines.map(|(outcome, name)| (name.to_owned(), outcome.to_owned())).collect()
}

/// Beginnings of names, from differences.txt.
fn listed() -> Vec<String> {
    let text = std::fs::read_to_string(suite().join("differences.txt")).unwrap();
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlalchemys_suite_passes_as_on_one_server() {
    let (cluster, servers) = cluster();
    let plain = PlainServer::start();
    let (with, without) = (cluster.folder().join("plain.txt"), cluster.folder().join("cluster.txt"));
    let (plain, ours) = tokio::join!(play(plain.port(), true, &with), play(cluster.port(), false, &without));
    let passed = |ends: &Ends| ends.values().filter(|outcome| *outcome == "passed").count();
    println!("SQLAlchemy's dialect suite over {servers}: {} tests", plain.len());
    println!("passed on one server: {}; on the cluster: {}", passed(&plain), passed(&ours));
    assert!(passed(&plain) > if everything() { 1000 } else { 50 }, "the suite did not run");
    let listed = listed();
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for (name, _) in plain.iter().filter(|(_, outcome)| *outcome == "passed") {
        let outcome = ours.get(name).map_or("not run", String::as_str);
        if outcome != "passed" {
            match listed.iter().find(|start| name.starts_with(*start)) {
                Some(start) => known.push(start),
                None => unknown.push(format!("{outcome}: {name}")),
            }
        }
    }
    println!("differences, all of them listed: {}", known.len());
    assert!(unknown.is_empty(), "passed on one server, and not on the cluster:\n{}", unknown.join("\n"));
    let stale: Vec<&String> = listed.iter().filter(|start| !known.contains(start)).collect();
    assert!(stale.is_empty() || !everything(), "listed as different, and passes: {stale:?}");
}

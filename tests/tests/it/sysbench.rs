//! sysbench's own scripts run unchanged, with and without prepared statements, on tables sharded by primary key.

use std::process::Command;

use ostrakon_tests::cluster::{TestCluster, run, value};
use ostrakon_tests::program;

const TABLES: u32 = 2;
const ROWS: u32 = 500;
/// Writes that stay in one group by themselves.
const SCRIPTS: [&str; 9] = [
    "oltp_point_select",
    "oltp_read_only",
    "oltp_insert",
    "oltp_delete",
    "oltp_update_index",
    "oltp_update_non_index",
    "select_random_points",
    "select_random_ranges",
    "bulk_insert",
];
/// Transactions that write several rows, and so several groups, on both instances: only a deadlock may end one. Those over two
/// instances are the nodes' to find, or a wait would end with another error.
const TRANSACTIONS: [&str; 2] = ["oltp_read_write", "oltp_write_only"];

fn sysbench(port: u16, script: &str, more: &[&str], action: &str) -> String {
    let mut command = Command::new("sysbench");
    command.arg(script).args([
        "--mysql-host=127.0.0.1",
        "--mysql-user=root",
        "--mysql-db=sbtest",
        "--db-driver=mysql",
    ]);
    command.args([
        format!("--mysql-port={port}"),
        format!("--tables={TABLES}"),
        format!("--table-size={ROWS}"),
    ]);
    let said = program::must(command.args(more).arg(action));
    assert!(!said.contains("FATAL"), "{script} {action} {more:?}:\n{said}");
    said
}

fn figure(report: &str, name: &str) -> u64 {
    program::figure(report, name).unwrap_or(0)
}

#[tokio::test]
async fn sysbench_runs_all_eleven_scripts_in_both_statement_modes() {
    let cluster = TestCluster::start();
    let mut client = cluster.client(None).await;
    run(&mut client, "CREATE DATABASE sbtest DEFAULT_SHARDING = PRIMARY_KEY").await;
    sysbench(cluster.port(), "oltp_read_write", &[], "prepare");
    run(&mut client, "USE sbtest").await;
    for table in 1..=TABLES {
        assert_eq!(value::<u32>(&mut client, &format!("SELECT COUNT(*) FROM sbtest{table}")).await, ROWS);
    }
    for mode in ["--db-ps-mode=auto", "--db-ps-mode=disable"] {
        for script in SCRIPTS {
            if script == "bulk_insert" {
                sysbench(cluster.port(), "oltp_read_write", &[], "cleanup");
                sysbench(cluster.port(), script, &["--threads=4"], "prepare");
            }
            let report = sysbench(cluster.port(), script, &[mode, "--threads=4", "--time=1"], "run");
            assert!(
                figure(&report, "transactions:") + figure(&report, "queries:") > 0,
                "{script} {mode}:\n{report}"
            );
            if script == "bulk_insert" {
                sysbench(cluster.port(), script, &["--threads=4"], "cleanup");
                sysbench(cluster.port(), "oltp_read_write", &[], "prepare");
            }
        }
        for script in TRANSACTIONS {
            let more = [mode, "--threads=4", "--time=2", "--mysql-ignore-errors=1213"];
            let report = sysbench(cluster.port(), script, &more, "run");
            assert!(figure(&report, "transactions:") > 0, "{script} {mode}:\n{report}");
        }
    }
}

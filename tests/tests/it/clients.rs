//! The client matrix: real clients in other languages read every column type, prepare, and transact, with and without TLS.
//!
//! A client that is missing fails its test: `tools/setup test` installs all of them.

use std::path::{Path, PathBuf};
use std::process::Command;

use ostrakon_tests::cluster::{TestCluster, run};
use ostrakon_tests::{place, program};

/// The table that every client reads: its definition is shared with the scripts, which hold the expected values.
async fn cluster_with_table() -> TestCluster {
    let cluster = TestCluster::start();
    let mut client = cluster.database("matrix", "").await;
    let script = std::fs::read_to_string(scripts().join("table.sql")).unwrap();
    for statement in script.split(";\n").map(str::trim).filter(|statement| !statement.is_empty()) {
        run(&mut client, statement).await;
    }
    cluster
}

fn scripts() -> PathBuf {
    place::repository().join("tests/clients")
}

/// Where packages of other languages are kept between runs.
fn packages(name: &str) -> PathBuf {
    let path = place::base().join("packages").join(name);
    std::fs::create_dir_all(&path).unwrap();
    path
}

fn passed(said: &str, client: &str) {
    assert!(said.lines().any(|line| line.trim() == format!("{client}: all checks passed")), "{said}");
}

#[tokio::test]
async fn mariadb_command_line_client() {
    let cluster = cluster_with_table().await;
    let said =
        program::must(Command::new("bash").arg(scripts().join("cli.sh")).arg(cluster.port().to_string()));
    passed(&said, "cli");
}

/// Makes the virtual environment once; a second run finds what it needs and asks no registry.
fn python(requirements: &Path) -> PathBuf {
    let home = packages("python");
    let interpreter = home.join("bin/python");
    let done = home.join("installed.txt");
    let wanted = std::fs::read_to_string(requirements).unwrap();
    if std::fs::read_to_string(&done).ok().as_deref() != Some(&wanted) {
        program::must(Command::new("python3").args(["-m", "venv"]).arg(&home));
        let mut install = Command::new(&interpreter);
        program::must(
            install
                .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"])
                .arg(requirements),
        );
        std::fs::write(done, wanted).unwrap();
    }
    interpreter
}

#[tokio::test]
async fn pymysql_and_mysql_connector_python() {
    let cluster = cluster_with_table().await;
    let folder = scripts().join("python");
    let interpreter = python(&folder.join("requirements.txt"));
    for client in ["pymysql", "connector"] {
        let script = folder.join(format!("{client}_client.py"));
        let said =
            program::must(Command::new(&interpreter).arg("-B").arg(script).arg(cluster.port().to_string()));
        passed(&said, client);
    }
}

#[tokio::test]
async fn node_mysql2() {
    let cluster = cluster_with_table().await;
    let home = packages("node");
    for file in ["package.json", "package-lock.json", "client.js"] {
        std::fs::copy(scripts().join("node").join(file), home.join(file)).unwrap();
    }
    let lock = std::fs::read_to_string(home.join("package-lock.json")).unwrap();
    let done = home.join("installed.txt");
    if std::fs::read_to_string(&done).ok().as_deref() != Some(&lock) {
        program::must(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(&home));
        std::fs::write(done, lock).unwrap();
    }
    let said = program::must(
        Command::new("node").arg("client.js").arg(cluster.port().to_string()).current_dir(&home),
    );
    passed(&said, "mysql2");
}

#[tokio::test]
async fn mariadb_jdbc_driver() {
    let cluster = cluster_with_table().await;
    let mut command = Command::new("java");
    command.arg("-cp").arg("/usr/share/java/mariadb-java-client.jar");
    let said = program::must(command.arg(scripts().join("java/Client.java")).arg(cluster.port().to_string()));
    passed(&said, "jdbc");
}

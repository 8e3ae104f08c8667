//! The launcher itself: a server starts, answers, dies, and starts again on its port with its data; `dev` commands are idempotent.

use std::process::Command;

use ostrakon::dev::client::{Client, Login};
use ostrakon_tests::cluster::PlainServer;
use ostrakon_tests::place::{self, Folder};
use ostrakon_tests::program;

#[test]
fn a_server_killed_and_restarted_has_its_port_and_its_rows() {
    let mut plain = PlainServer::start();
    let port = plain.port();
    let mut client = plain.instance.connect().unwrap();
    client.query("CREATE DATABASE d").unwrap();
    client.query("CREATE TABLE d.t (id INT PRIMARY KEY)").unwrap();
    client.query("INSERT INTO d.t VALUES (1), (2)").unwrap();
    plain.instance.kill().unwrap();
    assert!(client.query("SELECT 1").is_err());
    plain.instance.restart().unwrap();
    assert_eq!(plain.port(), port);
    let mut client = plain.instance.connect().unwrap();
    assert_eq!(client.query("SELECT COUNT(*) FROM d.t").unwrap().first().as_deref(), Some("2"));
}

fn dev(arguments: &[&str], folder: &Folder) -> (bool, String) {
    let mut command = Command::new(place::ostrakon());
    command.arg("dev").args(arguments).arg("--directory").arg(folder.path().join("dev"));
    let output = command.output().unwrap();
    (output.status.success(), program::text(&output))
}

#[test]
fn up_twice_is_one_cluster_down_stops_it_and_clean_removes_it() {
    let folder = Folder::new();
    let port = ostrakon::dev::port::free().unwrap().to_string();
    let up = ["up", "--port", &port];
    let (first, said) = dev(&up, &folder);
    assert!(first, "{said}");
    assert!(said.contains(&format!("-P {port}")), "{said}");
    let (_, before) = dev(&["status"], &folder);
    let (second, said) = dev(&up, &folder);
    assert!(second, "{said}");
    let (all, after) = dev(&["status"], &folder);
    assert!(all);
    assert_eq!(before, after, "the second `up` started something anew");
    // The statements that `up` prints are answered.
    let login = Login { database: Some("shop".to_owned()), ..Login::root(port.parse().unwrap()) };
    let mut client = Client::connect(&login).unwrap();
    for (statement, _) in ostrakon::dev::sample::WORTH_TRYING {
        let answer = client
            .query(statement.trim_end_matches(';'))
            .unwrap_or_else(|error| panic!("{statement}: {error}"));
        assert!(!answer.rows.is_empty(), "{statement} gave no row");
    }
    let (stopped, said) = dev(&["down"], &folder);
    assert!(stopped, "{said}");
    assert!(!dev(&["status"], &folder).0);
    // The data is still there.
    let (third, said) = dev(&up, &folder);
    assert!(third, "{said}");
    assert!(said.contains("there already"), "{said}");
    let (cleaned, said) = dev(&["down", "--clean"], &folder);
    assert!(cleaned, "{said}");
    assert!(!folder.path().join("dev").exists());
}

#[test]
fn a_port_in_use_is_said_with_a_remedy() {
    let folder = Folder::new();
    let port = ostrakon::dev::port::free().unwrap();
    let _taken = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    let (up, said) = dev(&["up", "--no-sample", "--port", &port.to_string()], &folder);
    assert!(!up);
    assert!(said.contains("in use") && said.contains("OSTRAKON_PORT"), "{said}");
    // What was started before the failure is gone.
    assert!(!dev(&["status"], &folder).1.contains("runs"));
}

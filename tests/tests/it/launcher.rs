//! The launcher itself: a server starts, answers, dies, and starts again on its port with its data; `dev` commands are idempotent.

use std::process::{Command, Stdio};

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
fn three_nodes_come_from_one_command_and_come_back_on_their_ports() {
    let folder = Folder::new();
    let first = free_ports(3);
    let up = ["up", "--no-sample", "--nodes", "3", "--port", &first.to_string()];
    let (started, said) = dev(&up, &folder);
    assert!(started, "{said}");
    let nodes = |port: u16| -> Vec<(String, String)> {
        let mut client = Client::connect(&Login::root(port)).unwrap();
        let answer = client.query("SHOW NODES").unwrap();
        let cell = |row: &[Option<Vec<u8>>], name: &str| {
            let at = answer.columns.iter().position(|column| column == name).unwrap();
            String::from_utf8(row[at].clone().unwrap_or_default()).unwrap()
        };
        answer.rows.iter().map(|row| (cell(row, "ROLE"), cell(row, "PEER_ADDRESS"))).collect()
    };
    let seen = nodes(first);
    let of = |role: &str| seen.iter().filter(|(found, _)| found == role).count();
    assert_eq!((of("leader"), of("voter")), (1, 2), "{seen:?}");
    let (_, before) = dev(&["status"], &folder);
    assert!(dev(&up, &folder).0);
    assert_eq!(dev(&["status"], &folder), (true, before), "the second `up` started something anew");
    // What one node is told, the others know, before and after all of them were stopped.
    Client::connect(&Login::root(first + 1)).unwrap().query("CREATE DATABASE d").unwrap();
    assert!(dev(&["down"], &folder).0);
    let (again, said) = dev(&up, &folder);
    assert!(again, "{said}");
    let addresses = |seen: &[(String, String)]| seen.iter().map(|(_, peer)| peer.clone()).collect::<Vec<_>>();
    for port in first..first + 3 {
        let answer = Client::connect(&Login::root(port)).unwrap().query("SHOW DATABASES LIKE 'd'").unwrap();
        assert_eq!(answer.rows.len(), 1, "port {port}");
        assert_eq!(addresses(&nodes(port)), addresses(&seen));
    }
    assert!(dev(&["down", "--clean"], &folder).0);
}

/// The first of so many ports that are free, one after the other.
fn free_ports(many: u16) -> u16 {
    loop {
        let first = ostrakon::dev::port::free().unwrap();
        if (first..first + many).all(ostrakon::dev::port::is_free) {
            return first;
        }
    }
}

#[test]
fn up_goes_on_when_nobody_reads_what_it_says() {
    let folder = Folder::new();
    let port = ostrakon::dev::port::free().unwrap().to_string();
    let mut command = Command::new(place::ostrakon());
    command.args(["dev", "up", "--no-sample", "--instances", "1", "--port", &port, "--directory"]);
    command.arg(folder.path().join("dev")).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", program::text(&output));
    assert!(dev(&["status"], &folder).0);
    assert!(dev(&["down"], &folder).0);
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

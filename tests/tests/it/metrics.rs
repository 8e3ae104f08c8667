//! Metrics over HTTP: the numbers of what happened, for whoever asks properly, whoever else is connected.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use ostrakon::dev::port;
use ostrakon_tests::cluster::{TestCluster, run};
use ostrakon_tests::groups::key_of_each_group;

const PATIENCE: Duration = Duration::from_secs(30);

/// A cluster whose node gives metrics, and their port.
fn measured() -> (TestCluster, u16) {
    let port = port::free().unwrap();
    let settings = format!("[metrics]\nlisten = \"127.0.0.1:{port}\"");
    (TestCluster::start_with(|options| options.node_settings = settings), port)
}

fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Sends a request; status line, headers and body of the answer.
fn request(port: u16, method: &str, path: &str) -> (String, String, String) {
    let mut stream = connect(port);
    write!(stream, "{method} {path} HTTP/1.1\r\nHost: node\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let (status, headers) = head.split_once("\r\n").unwrap_or((head, ""));
    (status.to_owned(), headers.to_lowercase(), body.to_owned())
}

/// All samples. The text is checked on the way: each has a family with HELP and TYPE, which is there once.
fn samples(port: u16) -> BTreeMap<String, f64> {
    let (status, headers, body) = request(port, "GET", "/metrics");
    assert_eq!(status, "HTTP/1.1 200 OK", "{body}");
    assert!(headers.contains("content-type: text/plain; version=0.0.4"), "{headers}");
    let mut samples = BTreeMap::new();
    let (mut helped, mut family) = (String::new(), String::new());
    let mut known = Vec::new();
    for line in body.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            helped = help.split(' ').next().unwrap().to_owned();
            assert!(!known.contains(&helped), "{helped} is there twice");
            known.push(helped.clone());
        } else if let Some(typed) = line.strip_prefix("# TYPE ") {
            let (name, kind) = typed.split_once(' ').unwrap();
            assert_eq!(name, helped);
            assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
            family = name.to_owned();
        } else {
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert_eq!(name.split('{').next(), Some(family.as_str()), "{line}");
            assert!(samples.insert(name.to_owned(), value.parse().unwrap()).is_none(), "{line}");
        }
    }
    samples
}

fn wait(port: u16, what: &str, done: impl Fn(&BTreeMap<String, f64>) -> bool) -> BTreeMap<String, f64> {
    let end = Instant::now() + PATIENCE;
    loop {
        let now = samples(port);
        if done(&now) {
            return now;
        }
        assert!(Instant::now() < end, "not so after {} s: {what}: {now:?}", PATIENCE.as_secs());
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_and_clients_are_counted() {
    let (cluster, port) = measured();
    let mut client = cluster.database("app", "").await;
    run(&mut client, "CREATE TABLE t (id INT NOT NULL PRIMARY KEY, v INT) DBPARTITION BY HASH(id)").await;
    let keys = key_of_each_group(&mut client, "t", 2).await;
    // The ways of COMMIT, and what has happened by each statement.
    let ways: [(&str, &[i64]); 3] = [("two_phase", &keys), ("one_phase", &keys[..1]), ("released", &[])];
    for (way, keys) in ways {
        let before = samples(port);
        run(&mut client, "BEGIN").await;
        run(&mut client, "SELECT COUNT(*) FROM t").await;
        for key in keys {
            run(&mut client, &format!("REPLACE INTO t VALUES ({key}, 1)")).await;
        }
        assert_eq!(
            samples(port)["ostrakon_commits_total{path=\"two_phase\"}"],
            before["ostrakon_commits_total{path=\"two_phase\"}"]
        );
        run(&mut client, "COMMIT").await;
        let after = samples(port);
        for path in ["two_phase", "one_phase", "released"] {
            let name = format!("ostrakon_commits_total{{path=\"{path}\"}}");
            let more = if path == way { 1.0 } else { 0.0 };
            assert_eq!(after[&name] - before[&name], more, "{path} after COMMIT by {way}");
        }
        assert_eq!(after["ostrakon_commits_aborted_total"], before["ostrakon_commits_aborted_total"]);
        assert_eq!(after["ostrakon_commits_unknown_total"], before["ostrakon_commits_unknown_total"]);
    }
    let now = samples(port);
    assert_eq!(now["ostrakon_raft_role{role=\"leader\"}"], 1.0);
    assert_eq!(now["ostrakon_raft_role{role=\"follower\"}"], 0.0);
    assert!(now["ostrakon_raft_applied_index"] > 0.0);
    assert_eq!(now["ostrakon_deadlocks_total"], 0.0);
    assert_eq!(now[&format!("ostrakon_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"))], 1.0);
    // The launcher's client may still be leaving.
    wait(port, "one client", |now| now["ostrakon_client_connections"] == 1.0);
    let second = cluster.client(None).await;
    assert_eq!(samples(port)["ostrakon_client_connections"], 2.0);
    second.disconnect().await.unwrap();
    wait(port, "one client again", |now| now["ostrakon_client_connections"] == 1.0);
}

#[test]
fn a_branch_in_doubt_and_an_instance_that_is_down_are_seen() {
    let (mut cluster, port) = measured();
    const COUNT: [&str; 2] =
        ["ostrakon_in_doubt_branches{instance=\"i1\"}", "ostrakon_in_doubt_branches{instance=\"i2\"}"];
    const AGE: &str = "ostrakon_in_doubt_oldest_age_seconds{instance=\"i2\"}";
    const UP: [&str; 2] = ["ostrakon_instance_up{instance=\"i1\"}", "ostrakon_instance_up{instance=\"i2\"}"];
    let is = |now: &BTreeMap<String, f64>, name: &str, value: f64| now.get(name) == Some(&value);
    let calm = wait(port, "both instances were asked", |now| {
        [COUNT[0], COUNT[1], AGE].iter().all(|name| is(now, name, 0.0))
            && UP.iter().all(|up| is(now, up, 1.0))
    });
    // The instance that decides it is in no catalog: it stays.
    let mut holder = cluster.cluster.instances[1].connect().unwrap();
    for sql in [
        "CREATE DATABASE raw",
        "CREATE TABLE raw.t (id INT PRIMARY KEY) ENGINE=InnoDB",
        "XA START 'o1.99.77.5.1','1.1.1',1146242131",
        "INSERT INTO raw.t VALUES (1)",
        "XA END 'o1.99.77.5.1','1.1.1',1146242131",
        "XA PREPARE 'o1.99.77.5.1','1.1.1',1146242131",
    ] {
        holder.query(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
    let first = wait(port, "the branch is in doubt", |now| is(now, COUNT[1], 1.0));
    assert_eq!(first[COUNT[0]], 0.0);
    wait(port, "it grows older", |now| now[AGE] >= first[AGE] + 1.0);
    let alarms = "ostrakon_transaction_alarms_total";
    wait(port, "an alarm", |now| now[alarms] == calm[alarms] + 1.0);
    cluster.cluster.instances[1].kill().unwrap();
    let down = wait(port, "the instance is down", |now| is(now, UP[1], 0.0));
    assert_eq!((down[UP[0]], down[COUNT[1]]), (1.0, 1.0), "what it had listed is not forgotten");
}

#[test]
fn other_requests_are_refused_and_slow_clients_hold_nobody_up() {
    let (_cluster, port) = measured();
    for (method, path, wanted) in [
        ("GET", "/", "404"),
        ("GET", "/metrics/x", "404"),
        ("POST", "/", "404"),
        ("POST", "/metrics", "405"),
        ("HEAD", "/metrics", "405"),
        ("GET", "/metrics?a=b", "200"),
    ] {
        let (status, headers, _) = request(port, method, path);
        assert!(status.starts_with(&format!("HTTP/1.1 {wanted}")), "{method} {path}: {status}");
        assert_eq!(headers.contains("allow: get"), wanted == "405", "{method} {path}: {headers}");
    }
    // Not HTTP at all.
    let mut garbage = connect(port);
    garbage.write_all(b"\x16\x03\x01\xff\xff\x00\x00garbage\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let _ = garbage.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    // More than there are places for, each of which sends a part of a request.
    let begin = Instant::now();
    let mut slow: Vec<TcpStream> = (0..100)
        .map(|_| {
            let mut stream = connect(port);
            let _ = stream.write_all(b"GET /metrics HTTP/1.1\r\nHo");
            stream
        })
        .collect();
    samples(port);
    assert!(begin.elapsed() < Duration::from_secs(5), "a good client waited for {:?}", begin.elapsed());
    // The last one has a place, until its time is over.
    let mut last = slow.pop().unwrap();
    let mut rest = Vec::new();
    let ended = last.read_to_end(&mut rest);
    assert!(
        !matches!(&ended, Err(e) if e.kind() == std::io::ErrorKind::WouldBlock),
        "never closed: {ended:?}"
    );
    assert!(rest.is_empty(), "{}", String::from_utf8_lossy(&rest));
    assert!(begin.elapsed() > Duration::from_secs(8), "closed after {:?}", begin.elapsed());
    samples(port);
}

#[test]
fn without_the_section_the_node_listens_on_its_two_ports_only() {
    let cluster = TestCluster::start();
    let node = cluster.cluster.node();
    let listening = listening_ports(node.pid().unwrap());
    let peer: u16 = node.peer_address().rsplit_once(':').unwrap().1.parse().unwrap();
    let mut wanted = vec![node.port(), peer];
    wanted.sort_unstable();
    assert_eq!(listening, wanted);
    let (measured, port) = measured();
    assert!(listening_ports(measured.cluster.node().pid().unwrap()).contains(&port));
}

/// TCP ports that a process listens on, by the kernel's tables of sockets and the process's open files.
fn listening_ports(pid: impl std::fmt::Display) -> Vec<u16> {
    let files = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
    let sockets: Vec<String> = files
        .filter_map(|file| std::fs::read_link(file.ok()?.path()).ok())
        .filter_map(|target| Some(target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
        .collect();
    let mut ports = Vec::new();
    for table in ["tcp", "tcp6"] {
        let text = std::fs::read_to_string(format!("/proc/{pid}/net/{table}")).unwrap_or_default();
        for line in text.lines().skip(1) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            // 0A: LISTEN.
            if fields[3] == "0A" && sockets.iter().any(|inode| inode == fields[9]) {
                let (_, port) = fields[1].rsplit_once(':').unwrap();
                ports.push(u16::from_str_radix(port, 16).unwrap());
            }
        }
    }
    ports.sort_unstable();
    ports.dedup();
    ports
}

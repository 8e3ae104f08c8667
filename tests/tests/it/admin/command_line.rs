//! The command line: every noun against a real node, JSON that a program can read, exit codes.

use mysql_async::prelude::Queryable;
use ostrakon_tests::cluster::{TestCluster, refused, run, value};
use serde_json::{Value, json};

use super::ostrakon;

/// Runs a command that must succeed, and reads its JSON.
fn answered(cluster: &TestCluster, arguments: &[&str]) -> Value {
    let (code, out, err) = ran(cluster, arguments, &[]);
    assert_eq!(code, 0, "{arguments:?}: {err}");
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {out}"))
}

fn ran(cluster: &TestCluster, arguments: &[&str], variables: &[(&str, &str)]) -> (i32, String, String) {
    let mut command = ostrakon(cluster, arguments);
    command.args(["--output", "json"]).envs(variables.iter().copied());
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

#[tokio::test]
async fn nodes_instances_and_groups() {
    let cluster = TestCluster::start();
    let mut client = cluster.client(None).await;
    run(&mut client, "CREATE DATABASE `a``b` DBPARTITIONS 2").await;
    let nodes = answered(&cluster, &["node", "list"]);
    assert_eq!(
        (&nodes[0]["id"], &nodes[0]["role"], &nodes[0]["lag"]),
        (&json!(1), &json!("leader"), &json!(0))
    );
    let instances = answered(&cluster, &["instance", "list"]);
    assert_eq!(instances.as_array().unwrap().len(), 2);
    assert_eq!((&instances[1]["name"], &instances[1]["groups"]), (&json!("i2"), &json!(1)));
    let groups = answered(&cluster, &["group", "list", "a`b"]);
    assert_eq!(groups.as_array().unwrap().len(), 2);
    assert_eq!(groups[0]["database"], json!("a`b"));
    // An instance is added under a name that must be quoted.
    let port = cluster.cluster.instances[0].port().to_string();
    let server = ["--server-host", "127.0.0.1", "--server-port", &port];
    answered(&cluster, &[&["instance", "add", "it's `one`"][..], &server].concat());
    answered(&cluster, &["instance", "drain", "it's `one`"]);
    let added = answered(&cluster, &["instance", "list"])[2].clone();
    assert_eq!((&added["name"], &added["state"]), (&json!("it's `one`"), &json!("draining")));
    answered(&cluster, &["instance", "remove", "it's `one`"]);
    let (code, out, err) = ran(&cluster, &["instance", "remove", "i1"], &[]);
    let error: Value = serde_json::from_str(&err).unwrap();
    assert_eq!(
        (code, out.as_str(), &error["code"], &error["sqlstate"]),
        (1, "", &json!(1451), &json!("23000"))
    );
    assert!(error["message"].as_str().unwrap().contains("group"), "{error}");
}

#[tokio::test]
async fn databases_tables_and_transactions() {
    let cluster = TestCluster::start();
    let created = answered(
        &cluster,
        &["database", "create", "app", "--groups", "2", "--default-sharding", "primary-key"],
    );
    assert_eq!(created["warnings"], json!([]));
    let mut client = cluster.client(Some("app")).await;
    run(&mut client, "CREATE TABLE t (id INT PRIMARY KEY, v INT UNIQUE)").await;
    assert_eq!(answered(&cluster, &["database", "list"]), json!([{"database": "app"}]));
    let tables = answered(&cluster, &["table", "list", "app"]);
    assert_eq!((&tables[0]["table_name"], &tables[0]["db_partition_key"]), (&json!("t"), &json!("id")));
    let shown = answered(&cluster, &["table", "show", "app", "t"]);
    assert!(shown[0]["create table"].as_str().unwrap().contains("DBPARTITION BY HASH"), "{shown}");
    let checked = answered(&cluster, &["table", "check", "app", "t"]);
    let last = checked.as_array().unwrap().last().unwrap();
    assert_eq!((&last["table"], &last["msg_text"]), (&json!("app.t"), &json!("OK")), "{checked}");
    assert_eq!(answered(&cluster, &["table", "check", "app", "t", "--repair-plan"]), json!([]));
    assert_eq!(answered(&cluster, &["job", "list"]), json!([]));
    assert_eq!(answered(&cluster, &["trans", "list"]), json!([]));
    run(&mut client, "BEGIN").await;
    run(&mut client, "INSERT INTO t VALUES (1, 1)").await;
    let open = answered(&cluster, &["trans", "list"]);
    assert_eq!((&open[0]["database"], &open[0]["groups"]), (&json!("app"), &json!(1)));
    run(&mut client, "ROLLBACK").await;
    let (code, _, _) = ran(&cluster, &["database", "drop", "app"], &[]);
    assert_eq!(code, 64);
    answered(&cluster, &["database", "drop", "app", "--yes"]);
    assert_eq!(answered(&cluster, &["database", "list"]), json!([]));
    let (code, _, err) = ran(&cluster, &["job", "show", "99999"], &[]);
    assert!(code == 1 && err.contains("99999"), "{err}");
}

#[tokio::test]
async fn users_settings_and_backup() {
    let cluster = TestCluster::start();
    let password = [("OSTRAKON_NEW_PASSWORD", "it's\\secret")];
    let (code, _, err) = ran(&cluster, &["user", "add", "o'neil"], &password);
    assert_eq!(code, 0, "{err}");
    let users = answered(&cluster, &["user", "list"]);
    assert_eq!((&users[1]["name"], &users[1]["source"]), (&json!("o'neil"), &json!("catalog")));
    let (code, _, err) =
        ran(&cluster, &["user", "list", "--user", "o'neil"], &[("OSTRAKON_PASSWORD", "it's\\secret")]);
    assert!(code == 1 && err.contains("\"code\":1227"), "it may do nothing yet: {code} {err}");
    let mut client = cluster.client(None).await;
    run(&mut client, "GRANT CREATE USER ON *.* TO 'o''neil'").await;
    // The new account logs in, by a variable and by a file.
    let as_user = ["user", "list", "--user", "o'neil"];
    let (code, _, err) = ran(&cluster, &as_user, &[("OSTRAKON_PASSWORD", "it's\\secret")]);
    assert_eq!(code, 0, "{err}");
    let file = cluster.folder().join("password");
    std::fs::write(&file, "it's\\secret\n").unwrap();
    answered(&cluster, &[&as_user[..], &["--password-file", file.to_str().unwrap()]].concat());
    let (code, _, err) = ran(&cluster, &as_user, &[("OSTRAKON_PASSWORD", "wrong")]);
    assert!(code == 1 && err.contains("\"code\":1045"), "{code} {err}");
    std::fs::write(&file, "other\n").unwrap();
    let change = ["user", "password", "o'neil", "--new-password-file", file.to_str().unwrap()];
    answered(&cluster, &change);
    answered(&cluster, &[&as_user[..], &["--password-file", file.to_str().unwrap()]].concat());
    answered(&cluster, &["user", "remove", "o'neil"]);

    answered(&cluster, &["config", "set", "voters", "5"]);
    let settings = answered(&cluster, &["config", "list"]);
    let voters = settings.as_array().unwrap().iter().find(|s| s["name"] == json!("voters")).unwrap();
    assert_eq!((&voters["value"], &voters["default_value"]), (&json!("5"), &json!("3")));
    answered(&cluster, &["config", "reset", "voters"]);
    let (code, _, err) = ran(&cluster, &["config", "set", "x; DROP DATABASE app", "1"], &[]);
    assert!(code == 1 && err.contains("1193"), "{err}");

    let backup = cluster.folder().join("catalog.backup");
    let create = ["backup", "create", "--file", backup.to_str().unwrap()];
    let made = answered(&cluster, &create);
    let bytes = std::fs::read(&backup).unwrap();
    assert_eq!(made[0]["bytes"], json!(bytes.len()));
    assert!(made[0].get("data").is_none());
    let read = ostrakon_meta::backup::decode(&bytes).unwrap();
    assert_eq!(read.catalog.instances.len(), 2);
    let (code, _, err) = ran(&cluster, &create, &[]);
    assert!(code == 64 && err.contains("exists"), "an existing backup was overwritten: {err}");
    assert_eq!(std::fs::read(&backup).unwrap(), bytes);
}

#[tokio::test]
async fn exit_codes_tell_who_is_at_fault() {
    let cluster = TestCluster::start();
    for arguments in
        [&["node", "nothing"][..], &["node", "add", "4"], &["instance", "add", "x"], &["user", "add", "x"]]
    {
        let (code, _, _) = ran(&cluster, arguments, &[]);
        assert_eq!(code, 64, "{arguments:?}");
    }
    let free = ostrakon::dev::port::free().unwrap().to_string();
    let program = ostrakon_tests::place::ostrakon();
    let output =
        std::process::Command::new(&program).args(["node", "list", "--port", &free]).output().unwrap();
    assert_eq!(output.status.code(), Some(69));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot be reached"));
    for shell in ["bash", "zsh", "fish"] {
        let output = std::process::Command::new(&program).args(["completions", shell]).output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        assert!(String::from_utf8_lossy(&output.stdout).contains("undrain"), "{shell}");
    }
    // A table for people.
    let output = ostrakon(&cluster, &["node", "list"]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("ID  ROLE") && lines[1].starts_with(" 1  leader"), "{text}");
}

#[tokio::test]
async fn sequences_are_made_changed_and_dropped() {
    let cluster = TestCluster::start();
    let mut client = cluster.database("app", "").await;
    answered(&cluster, &["sequence", "create", "app", "g"]);
    answered(&cluster, &["sequence", "create", "app", "by time", "--type", "time"]);
    let numbers = ["--start-with", "5", "--increment-by", "3", "--maxvalue", "11", "--cycle", "true"];
    answered(&cluster, &[&["sequence", "create", "app", "s", "--type", "simple"][..], &numbers].concat());
    for expected in [5, 8, 11, 5] {
        assert_eq!(value::<u64>(&mut client, "SELECT s.NEXTVAL").await, expected);
    }
    answered(&cluster, &["sequence", "alter", "app", "s", "--start-with", "10", "--cycle", "false"]);
    assert_eq!(value::<u64>(&mut client, "SELECT s.NEXTVAL").await, 10);
    let (code, _, err) = ran(&cluster, &["sequence", "alter", "app", "s"], &[]);
    assert_eq!(code, 64, "nothing to change: {err}");
    let listed = answered(&cluster, &["sequence", "list", "app"]);
    let mut names: Vec<&str> =
        listed.as_array().unwrap().iter().map(|s| s["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["by time", "g", "s"]);
    for name in ["by time", "g", "s"] {
        answered(&cluster, &["sequence", "drop", "app", name]);
    }
    let (code, _, err) = ran(&cluster, &["sequence", "drop", "app", "s"], &[]);
    let error: Value = serde_json::from_str(&err).unwrap();
    assert_eq!((code, &error["code"]), (1, &json!(4091)), "{error}");
}

#[tokio::test]
async fn jobs_are_recovered_taken_back_cancelled_and_removed() {
    let cluster = TestCluster::start();
    let mut client = cluster.database("app", "DBPARTITIONS 4").await;
    run(&mut client, "CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT) DBPARTITION BY HASH(id)").await;
    let parked = async |client: &mut mysql_async::Conn, sql: &str| {
        run(client, "SET ostrakon_failpoints = 'alter_table/rest/middle=error'").await;
        refused(client, sql).await;
        let jobs = answered(&cluster, &["job", "list"]);
        assert_eq!((jobs.as_array().unwrap().len(), &jobs[0]["state"]), (1, &json!("PENDING")), "{jobs}");
        jobs[0]["job_id"].as_u64().unwrap().to_string()
    };
    let columns = async |client: &mut mysql_async::Conn| -> Vec<String> {
        client.query_map("SHOW COLUMNS FROM t", |row: mysql_async::Row| row.get(0).unwrap()).await.unwrap()
    };
    // What lost its values can go on only.
    let job = parked(&mut client, "ALTER TABLE t DROP COLUMN a").await;
    assert_eq!(answered(&cluster, &["job", "show", &job])[0]["object_name"], json!("t"));
    let (code, _, err) = ran(&cluster, &["job", "rollback", &job], &[]);
    assert!(code == 1 && err.contains("brings them back"), "{code} {err}");
    answered(&cluster, &["job", "recover", &job]);
    assert_eq!(columns(&mut client).await, ["id", "b"]);
    // A job that is cancelled in its middle goes back.
    run(&mut client, "SET ostrakon_failpoints = 'alter_table/rest/before=sleep 2000'").await;
    run(&mut client, "SET ostrakon_ddl_async = ON").await;
    run(&mut client, "ALTER TABLE t ADD COLUMN c INT").await;
    let job = answered(&cluster, &["job", "list"])[0]["job_id"].as_u64().unwrap().to_string();
    answered(&cluster, &["job", "cancel", &job]);
    let end = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while answered(&cluster, &["job", "list"]) != json!([]) {
        assert!(std::time::Instant::now() < end, "the job does not go back");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(columns(&mut client).await, ["id", "b"]);
    let ended = answered(&cluster, &["job", "list", "--ended"]);
    let number: u64 = job.parse().unwrap();
    let cancelled = ended.as_array().unwrap().iter().find(|row| row["job_id"] == number).unwrap();
    assert_eq!(cancelled["result_type"], json!("ERROR"), "{cancelled}");
    answered(&cluster, &["job", "remove", &job]);
    let (code, ..) = ran(&cluster, &["job", "show", &job], &[]);
    assert_eq!(code, 1, "a job that was removed");
    let (code, ..) = ran(&cluster, &["job", "remove", &job], &[]);
    assert_eq!(code, 1);
}

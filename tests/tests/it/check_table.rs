//! CHECK TABLE finds each kind of damage that is made directly on the instances, by name; its plan, carried out there by hand, mends it.

use std::collections::BTreeMap;
use std::time::Duration;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row};
use ostrakon_tests::cluster::{TestCluster, connect, refused, run, value};
use ostrakon_tests::family::on_mysql;

/// A cluster, and a way to each group's instance past the node.
struct Damaged {
    cluster: TestCluster,
    client: Conn,
    /// By group name: physical database, port.
    groups: BTreeMap<String, (String, u16)>,
    direct: BTreeMap<String, Conn>,
}

/// A physical table: group, physical database, name.
#[derive(Clone, Debug)]
struct Physical {
    group: String,
    database: String,
    name: String,
}

impl Physical {
    fn quoted(&self) -> String {
        format!("`{}`.`{}`", self.database, self.name)
    }

    /// As CHECK TABLE tells it.
    fn place(&self) -> String {
        format!("{}.{}", self.group, self.name)
    }
}

impl Damaged {
    async fn start(groups: u32, tables: &[&str]) -> Self {
        let cluster = TestCluster::start();
        let mut client = cluster.database("app", &format!("DBPARTITIONS {groups}")).await;
        for table in tables {
            run(&mut client, table).await;
        }
        let ports: BTreeMap<String, u16> =
            cluster.cluster.instances.iter().map(|i| (i.name().to_owned(), i.port())).collect();
        let rows: Vec<Row> = client.query("SHOW GROUPS").await.unwrap();
        let text = |row: &Row, column: &str| row.get::<String, _>(column).unwrap();
        let groups = rows
            .iter()
            .map(|row| {
                let port = ports[&text(row, "INSTANCE")];
                (text(row, "GROUP_NAME"), (text(row, "PHYSICAL_DATABASE"), port))
            })
            .collect();
        Self { cluster, client, groups, direct: BTreeMap::new() }
    }

    async fn physical(&mut self, table: &str) -> Vec<Physical> {
        let rows: Vec<Row> = self.client.query(format!("SHOW TOPOLOGY FROM {table}")).await.unwrap();
        rows.iter()
            .map(|row| {
                let group: String = row.get("GROUP_NAME").unwrap();
                let database = self.groups[&group].0.clone();
                Physical { group, database, name: row.get("TABLE_NAME").unwrap() }
            })
            .collect()
    }

    /// Runs a statement on a group's instance.
    async fn on(&mut self, group: &str, sql: &str) {
        if !self.direct.contains_key(group) {
            let connection = connect(self.groups[group].1, None).await;
            self.direct.insert(group.to_owned(), connection);
        }
        run(self.direct.get_mut(group).unwrap(), sql).await;
    }

    /// MSG_TYPE and MSG_TEXT of each row.
    async fn check(&mut self, sql: &str) -> Vec<(String, String)> {
        let rows: Vec<Row> = self.client.query(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        rows.iter()
            .map(|row| {
                assert_eq!(row.get::<String, _>("OP").unwrap(), "check");
                (row.get("MSG_TYPE").unwrap(), row.get("MSG_TEXT").unwrap())
            })
            .collect()
    }

    async fn assert_ok(&mut self, table: &str) {
        let rows = self.check(&format!("CHECK TABLE {table}")).await;
        assert_eq!(rows, [("status".to_owned(), "OK".to_owned())], "{table}");
    }

    /// Each of `expected` is in an error of its own (so many, and no other).
    async fn finds(&mut self, sql: &str, expected: &[&[&str]]) {
        let mut rows = self.check(sql).await;
        let (kind, status) = rows.pop().unwrap();
        assert_eq!(kind, "status");
        assert_ne!(status, "OK", "{sql}");
        rows.retain(|(kind, _)| kind != "note");
        assert_eq!(rows.len(), expected.len(), "{sql}: {rows:#?}");
        for words in expected {
            let found =
                rows.iter().any(|(kind, text)| kind == "error" && words.iter().all(|w| text.contains(w)));
            assert!(found, "{sql}: nothing with {words:?} in {rows:#?}");
        }
    }

    /// (group, statement, reason) of each step, in order.
    async fn plan(&mut self, table: &str) -> Vec<(Option<String>, Option<String>, String)> {
        let sql = format!("CHECK TABLE {table} REPAIR PLAN");
        let rows: Vec<Row> = self.client.query(&sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        for (index, row) in rows.iter().enumerate() {
            assert_eq!(row.get::<u64, _>("STEP").unwrap(), index as u64 + 1);
        }
        rows.iter()
            .map(|row| {
                (row.get("GROUP_NAME").unwrap(), row.get("STATEMENT").unwrap(), row.get("REASON").unwrap())
            })
            .collect()
    }

    /// Carries the plan out, twice if a missing copy had to be made first. The first plan's statements.
    async fn mend(&mut self, table: &str) -> Vec<String> {
        let mut statements = Vec::new();
        for _ in 0..2 {
            for (group, statement, reason) in self.plan(table).await {
                let statement = statement.unwrap_or_else(|| panic!("{table}: nothing is proposed: {reason}"));
                match group {
                    Some(group) => self.on(&group, &statement).await,
                    None => run(&mut self.client, &statement).await,
                }
                statements.push(statement);
            }
            if self.check(&format!("CHECK TABLE {table}")).await.len() == 1 {
                break;
            }
        }
        self.assert_ok(table).await;
        statements
    }
}

/// MySQL wants names of CHECK constraints to be unique in a database, which has two of the tables.
fn sharded() -> String {
    if on_mysql() { SHARDED.replace("CONSTRAINT small ", "") } else { SHARDED.to_owned() }
}

const SHARDED: &str = "CREATE TABLE t (id BIGINT NOT NULL PRIMARY KEY, v INT DEFAULT 7, name VARCHAR(40) COLLATE utf8mb4_bin, f FLOAT, \
                       at TIMESTAMP NULL, raw VARBINARY(20), KEY by_v (v), CONSTRAINT small CHECK (v < 1000)) COMMENT='a b' \
                       DBPARTITION BY HASH(id) TBPARTITION BY HASH(id) TBPARTITIONS 2";

async fn fill(damaged: &mut Damaged) {
    let rows: Vec<String> = (0..200)
        .map(|id| {
            format!("({id}, {}, 'n\\'{id}', {id}.1, '2024-03-01 12:00:00', x'00ff{:02x}')", id % 9, id % 256)
        })
        .collect();
    run(&mut damaged.client, &format!("INSERT INTO t VALUES {}", rows.join(","))).await;
}

#[tokio::test]
async fn structural_damage_is_named_and_mended() {
    let mut d = Damaged::start(4, &[&sharded()]).await;
    fill(&mut d).await;
    d.assert_ok("t").await;
    let tables = d.physical("t").await;
    assert_eq!(tables.len(), 8);
    let constraint = if on_mysql() { format!("{}_chk_1", tables[0].name) } else { "small".to_owned() };
    let drop = format!("DROP CONSTRAINT {constraint}");
    let missing = if on_mysql() { "is missing" } else { "constraint `small` is missing" };
    for (index, damage, expected) in [
        (1, "MODIFY v BIGINT DEFAULT 7", vec!["column `v` is bigint", "elsewhere int"]),
        (2, "DROP COLUMN f", vec!["column `f` is missing"]),
        (3, "DROP KEY by_v", vec!["key `by_v` is missing"]),
        (4, "ADD UNIQUE KEY odd (id, v)", vec!["key `odd` should not be there"]),
        (
            5,
            "MODIFY name VARCHAR(40) COLLATE utf8mb4_general_ci",
            vec!["column `name`", "elsewhere varchar(40)", "utf8mb4_bin"],
        ),
        (6, "ROW_FORMAT=COMPRESSED", vec!["ROW_FORMAT=COMPRESSED"]),
        (7, "COMMENT='c'", vec!["COMMENT='c'", "COMMENT='a b'"]),
        (0, &drop, vec![missing]),
        (1, "MODIFY v INT DEFAULT 7 FIRST", vec!["is in another place"]),
        (2, "DROP KEY by_v, ADD KEY by_v (v, id)", vec!["key `by_v` is KEY `by_v` (`v`,`id`)"]),
    ] {
        let at = tables[index].clone();
        d.on(&at.group, &format!("ALTER TABLE {} {damage}", at.quoted())).await;
        let place = at.place();
        let words: Vec<&str> = expected.iter().copied().chain([place.as_str()]).collect();
        d.finds("CHECK TABLE t QUICK", &[&words]).await;
        let statements = d.mend("t").await;
        assert_eq!(statements.len(), 1, "{damage}: {statements:?}");
    }
    // All alike, and the catalog otherwise.
    for at in &tables {
        d.on(&at.group, &format!("ALTER TABLE {} MODIFY v BIGINT DEFAULT 8", at.quoted())).await;
    }
    d.finds("CHECK TABLE t QUICK", &[&["the catalog differ", "column 'v' has another type"]]).await;
    d.mend("t").await;
    // One that is gone, one that is too many, and a column that holds what cannot be made up.
    let (gone, more) = (tables[3].clone(), tables[6].clone());
    let stray = format!("`{}`.`{}_77`", more.database, more.name.rsplit_once('_').unwrap().0);
    d.on(&gone.group, &format!("DELETE FROM {}", gone.quoted())).await;
    d.on(&gone.group, &format!("DROP TABLE {}", gone.quoted())).await;
    d.on(&more.group, &format!("CREATE TABLE {stray} (id INT)")).await;
    d.finds("CHECK TABLE t", &[&[&gone.place(), "is missing"], &[&more.group, "_77 is there"]]).await;
    let statements = d.mend("t").await;
    assert!(
        statements.iter().any(|s| s.starts_with("CREATE TABLE") && s.contains("COMMENT='a b'")),
        "{statements:?}"
    );
    assert!(statements.contains(&format!("DROP TABLE {stray}")), "{statements:?}");
    d.on(&more.group, &format!("CREATE TABLE {stray} (id INT)")).await;
    d.on(&more.group, &format!("INSERT INTO {stray} VALUES (1)")).await;
    d.on(&gone.group, &format!("ALTER TABLE {} ADD COLUMN own INT", gone.quoted())).await;
    d.finds("CHECK TABLE t", &[&["_77 is there"], &["column `own` should not be there"]]).await;
    for (_, statement, reason) in d.plan("t").await {
        assert_eq!(statement, None, "a statement that loses values: {reason}");
    }
}

#[tokio::test]
async fn misplaced_rows_are_counted_named_and_moved() {
    let mut d = Damaged::start(4, &[&sharded()]).await;
    fill(&mut d).await;
    let tables = d.physical("t").await;
    // From one physical table to one of the same instance, one of another, and a row that is in the right one as well.
    let (near, far) = (tables[1].clone(), tables[7].clone());
    let columns = "(id, v, name, f, at, raw)";
    d.on(
        &near.group,
        &format!(
            "INSERT INTO {} {columns} SELECT id, v, name, f, at, raw FROM {}",
            near.quoted(),
            tables[0].quoted()
        ),
    )
    .await;
    let copied: u64 = {
        let mut direct = connect(d.groups[&near.group].1, None).await;
        value(&mut direct, &format!("SELECT COUNT(*) FROM {}", tables[0].quoted())).await
    };
    assert!(copied > 10, "{copied}");
    d.on(&near.group, &format!("DELETE FROM {} ORDER BY id LIMIT 3", tables[0].quoted())).await;
    // Rows 1000 to 1002 exist only where they cannot be found; one of them may belong there.
    let odd = "(1000, 1, 'it\\'s \\\\ \u{fc}', 0.1, '2024-10-27 00:30:00', x'2700'), (1001, NULL, NULL, 1e-30, NULL, NULL), (1002, 2, '', 3.4e38, NULL, x'')";
    d.on(&far.group, "SET time_zone = '+00:00'").await;
    d.on(&far.group, &format!("INSERT INTO {} {columns} VALUES {odd}", far.quoted())).await;
    let rows = d.check("CHECK TABLE t").await;
    let [(_, first), (_, second), (status, _)] = rows.as_slice() else { panic!("{rows:#?}") };
    assert_eq!(status, "status");
    assert!(first.contains(&near.place()) && first.contains(&format!("{copied} of ")), "{first}");
    assert!(first.contains(&format!("belongs in {}", tables[0].place())), "{first}");
    assert_eq!(first.matches("belongs in").count(), 10, "{first}");
    assert!(second.contains(&far.place()) && second.contains("(id = 1000) belongs in"), "{second}");
    // What QUICK does not look at.
    assert_eq!(d.check("CHECK TABLE t QUICK").await.len(), 1);
    d.mend("t").await;
    assert_eq!(value::<u64>(&mut d.client, "SELECT COUNT(*) FROM t").await, 203);
    for id in 1000..=1002 {
        assert_eq!(
            value::<u64>(&mut d.client, &format!("SELECT COUNT(*) FROM t WHERE id = {id}")).await,
            1,
            "{id}"
        );
    }
    run(&mut d.client, "SET time_zone = '+00:00'").await;
    let moved: (String, f64, String, Vec<u8>) =
        d.client.query_first("SELECT name, f + 0e0, at, raw FROM t WHERE id = 1000").await.unwrap().unwrap();
    assert_eq!(
        moved,
        ("it's \\ \u{fc}".into(), f64::from(0.1_f32), "2024-10-27 00:30:00".into(), b"\x27\0".to_vec())
    );
    // Two rows of one key that are not the same: nobody but a person can tell which is right.
    let id: u64 = {
        let mut direct = connect(d.groups[&tables[0].group].1, None).await;
        value(&mut direct, &format!("SELECT MIN(id) FROM {}", tables[0].quoted())).await
    };
    d.on(&near.group, &format!("INSERT INTO {} (id, v) VALUES ({id}, 999)", near.quoted())).await;
    let plan = d.plan("t").await;
    let [(group, statement, reason)] = plan.as_slice() else { panic!("{plan:#?}") };
    assert_eq!((group.as_deref(), statement.as_deref()), (Some(near.group.as_str()), None));
    assert!(reason.contains(&format!("another row (id = {id})")), "{reason}");
}

#[tokio::test]
async fn tables_of_every_key_are_walked_to_their_end() {
    let mut d = Damaged::start(
        2,
        &[
            "CREATE TABLE several (a VARCHAR(20), b DATE, c DECIMAL(10,2), v INT, PRIMARY KEY (a, b, c)) DBPARTITION BY HASH(v)",
            "CREATE TABLE none (k INT, v INT) DBPARTITION BY HASH(k)",
            "CREATE TABLE listed (e ENUM('z','a'), k INT, PRIMARY KEY (e, k)) DBPARTITION BY HASH(k)",
            "CREATE TABLE dated (id INT PRIMARY KEY, at DATETIME) DBPARTITION BY YYYYMM(at)",
            "CREATE TABLE one (id INT PRIMARY KEY, v INT) SINGLE",
        ],
    )
    .await;
    let rows = |make: &dyn Fn(u32) -> String| (0..6000).map(make).collect::<Vec<_>>().join(",");
    let several = rows(&|n| format!("('{}', '2024-01-{:02}', {}.5, {n})", n % 7, n % 28 + 1, n));
    run(&mut d.client, &format!("INSERT INTO several VALUES {several}")).await;
    run(&mut d.client, &format!("INSERT INTO none VALUES {}", rows(&|n| format!("({n}, {n})")))).await;
    run(&mut d.client, &format!("INSERT INTO listed VALUES {}", rows(&|n| format!("('a', {n})")))).await;
    run(&mut d.client, "INSERT INTO dated VALUES (1, '2024-01-31 23:59:59'), (2, NULL), (3, '2023-02-01')")
        .await;
    for table in ["several", "none", "listed", "dated", "one"] {
        d.assert_ok(table).await;
        let physical = d.physical(table).await;
        let [first, second] = physical.as_slice() else {
            assert_eq!(table, "one");
            continue;
        };
        // The whole of the second table, and then some, in the first.
        let row = match table {
            "several" => "('zz', '2025-01-01', 1, NULL)",
            "none" => "(NULL, 1)",
            "listed" => "('z', 100001), ('z', 100002)",
            _ => "(9, '2024-02-01'), (8, '2024-03-01')",
        };
        for place in [first, second] {
            d.on(&place.group, &format!("INSERT INTO {} VALUES {row}", place.quoted())).await;
        }
        let rows = d.check(&format!("CHECK TABLE {table}")).await;
        let text: Vec<&str> = rows.iter().map(|(_, text)| text.as_str()).collect();
        assert!(text.iter().any(|t| t.contains("wrong physical table")), "{table}: {text:?}");
    }
    assert_eq!(d.plan("none").await[0].1, None);
    // Of three thousand rows in each, those behind the first chunk count too.
    let physical = d.physical("several").await;
    let sql = format!("UPDATE {} SET v = v + 1 WHERE a = '6'", physical[0].quoted());
    d.on(&physical[0].group, &sql).await;
    let rows = d.check("CHECK TABLE several").await;
    let wrong: u64 = {
        let text = &rows.iter().find(|(_, text)| text.contains(&physical[0].place())).unwrap().1;
        text.split(": ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap()
    };
    assert!(wrong > 300, "{wrong}: {rows:#?}");
}

const COPIED: &str = "CREATE TABLE b (id INT NOT NULL PRIMARY KEY, name VARCHAR(30), f DOUBLE, d DATETIME(3), bits BIT(9)) BROADCAST";

#[tokio::test]
async fn copies_that_differ_are_named_and_brought_together() {
    let mut d = Damaged::start(4, &[COPIED]).await;
    let rows: Vec<String> = (0..3500)
        .map(|id| format!("({id}, 'n{id}', {id} / 3, '2024-01-01 00:00:00.5', b'1{:08b}')", id % 256))
        .collect();
    run(&mut d.client, &format!("INSERT INTO b VALUES {}", rows.join(","))).await;
    d.assert_ok("b").await;
    let copies = d.physical("b").await;
    d.on(&copies[0].group, &format!("DELETE FROM {} WHERE id IN (5, 3499)", copies[0].quoted())).await;
    d.on(
        &copies[1].group,
        &format!(
            "INSERT INTO {} VALUES (-1, 'x', 0, NULL, NULL), (9999, NULL, 0, NULL, NULL)",
            copies[1].quoted()
        ),
    )
    .await;
    d.on(&copies[3].group, &format!("UPDATE {} SET name = 'N1500' WHERE id = 1500", copies[3].quoted()))
        .await;
    d.on(&copies[3].group, &format!("UPDATE {} SET f = f + 1e-13 WHERE id = 1", copies[3].quoted())).await;
    d.finds(
        "CHECK TABLE b",
        &[
            &[&copies[0].place(), "copy of 3498 rows", "2 missing: (id = 5), (id = 3499)"],
            &[&copies[1].place(), "copy of 3502 rows", "2 too many", "(id = -1)", "(id = 9999)"],
            &[&copies[3].place(), "2 other than elsewhere", "(id = 1)", "(id = 1500)"],
        ],
    )
    .await;
    d.mend("b").await;
    for copy in &copies {
        let mut direct = connect(d.groups[&copy.group].1, None).await;
        let sql = format!(
            "SELECT SUM(id), COUNT(*), SUM(f), SUM(bits + 0), SUM(name = CONCAT('n', id)) FROM {}",
            copy.quoted()
        );
        let sums: (u64, u64, f64, u64, u64) = direct.query_first(sql).await.unwrap().unwrap();
        assert_eq!((sums.0, sums.1, sums.4), (6_123_250, 3500, 3500), "{}", copy.place());
    }
    // A copy that is gone comes back with its rows.
    d.on(&copies[2].group, &format!("DROP TABLE {}", copies[2].quoted())).await;
    d.finds("CHECK TABLE b", &[&[&copies[2].place(), "is missing"]]).await;
}

#[tokio::test]
async fn two_copies_that_differ_are_left_to_a_person() {
    let mut d = Damaged::start(2, &[COPIED, "CREATE TABLE bare (v INT) BROADCAST"]).await;
    run(&mut d.client, "INSERT INTO b (id, name) VALUES (1, 'a'), (2, 'b')").await;
    run(&mut d.client, "INSERT INTO bare VALUES (1), (1), (2)").await;
    d.assert_ok("b").await;
    d.assert_ok("bare").await;
    let (copies, bare) = (d.physical("b").await, d.physical("bare").await);
    d.on(&copies[1].group, &format!("UPDATE {} SET name = 'c' WHERE id = 2", copies[1].quoted())).await;
    d.on(&bare[0].group, &format!("UPDATE {} SET v = 3 WHERE v = 1", bare[0].quoted())).await;
    d.finds("CHECK TABLE b", &[&["no version of 1 rows", "(id = 2)"]]).await;
    d.finds("CHECK TABLE bare", &[&[&bare[0].place(), "3 rows"], &[&bare[1].place(), "3 rows"]]).await;
    for table in ["b", "bare"] {
        for (_, statement, reason) in d.plan(table).await {
            assert_eq!(statement, None, "{reason}");
        }
    }
}

#[tokio::test]
async fn a_sequence_behind_its_table_is_found() {
    let table = "CREATE TABLE s (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, v INT) BROADCAST";
    let mut d = Damaged::start(2, &[table]).await;
    run(&mut d.client, "INSERT INTO s (v) VALUES (1), (2)").await;
    d.assert_ok("s").await;
    for copy in d.physical("s").await {
        d.on(&copy.group, &format!("INSERT INTO {} VALUES (777777777, 3)", copy.quoted())).await;
    }
    d.finds("CHECK TABLE s", &[&["sequence AUTO_SEQ_s gives", "'id' = 777777777"]]).await;
    let plan = d.plan("s").await;
    let [(None, Some(statement), _)] = plan.as_slice() else { panic!("{plan:#?}") };
    assert_eq!(statement, "ALTER SEQUENCE `app`.`AUTO_SEQ_s` START WITH 777777778");
    d.mend("s").await;
    run(&mut d.client, "INSERT INTO s (v) VALUES (4)").await;
    assert_eq!(value::<u64>(&mut d.client, "SELECT id FROM s WHERE v = 4").await, 777_777_778);
}

#[tokio::test]
async fn what_cannot_be_read_is_a_row_and_what_is_not_there_too() {
    let mut d =
        Damaged::start(2, &[sharded().as_str(), "CREATE TABLE one (id INT PRIMARY KEY) SINGLE"]).await;
    let rows = d.check("CHECK TABLE nothing, one").await;
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[0], ("Error".into(), "Table 'app.nothing' doesn't exist".into()));
    assert_eq!(rows[1].1, "Operation failed");
    assert_eq!(rows[2].1, "OK");
    assert_eq!(refused(&mut d.client, "CHECK TABLE nothing REPAIR PLAN").await.0, 1146);
    // A whole group.
    let (group, (database, _)) = d.groups.iter().next().map(|(g, d)| (g.clone(), d.clone())).unwrap();
    d.on(&group, &format!("DROP DATABASE `{database}`")).await;
    let rows = d.check("CHECK TABLE t").await;
    assert!(
        rows.iter().any(|(_, text)| text.contains(&format!("physical database `{database}` is missing"))),
        "{rows:#?}"
    );
    d.mend("t").await;
    // An instance that does not answer.
    d.cluster.cluster.instances[1].stop().unwrap();
    let rows = d.check("CHECK TABLE t").await;
    let lost = rows.iter().filter(|(kind, text)| kind == "error" && text.contains("i2")).count();
    assert!(lost > 0, "{rows:#?}");
    assert_eq!(rows.last().unwrap().0, "status");
}

#[tokio::test]
async fn a_check_that_waits_can_be_killed() {
    let mut d = Damaged::start(2, &[&sharded()]).await;
    fill(&mut d).await;
    let first = d.physical("t").await[0].clone();
    d.on(&first.group, &format!("LOCK TABLES {} WRITE", first.quoted())).await;
    let mut other = d.cluster.client(Some("app")).await;
    let id: u64 = value(&mut other, "SELECT CONNECTION_ID()").await;
    let waiting = tokio::spawn(async move { refused(&mut other, "CHECK TABLE t").await });
    tokio::time::sleep(Duration::from_millis(500)).await;
    let rows: Vec<Row> = d.client.query("SHOW PROCESSLIST").await.unwrap();
    let info = rows
        .iter()
        .find(|row| row.get::<u64, _>("Id") == Some(id))
        .and_then(|row| row.get::<Option<String>, _>("Info"));
    assert_eq!(info.flatten().as_deref(), Some("CHECK TABLE t"));
    run(&mut d.client, &format!("KILL QUERY {id}")).await;
    let (errno, _) = tokio::time::timeout(Duration::from_secs(10), waiting).await.unwrap().unwrap();
    assert_eq!(errno, 1317);
    d.on(&first.group, "UNLOCK TABLES").await;
    for _ in 0..100 {
        if d.cluster.running_statements() == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the check's statement still runs on an instance");
}

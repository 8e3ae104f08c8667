//! What each kind of job works on in a case: how it is made, what its DDL does, and what proves that it was done or was not.

use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use ostrakon_tests::cluster::{run, value};

/// Rows of a table before the DDL.
const ROWS: u64 = 20;

/// The object of one case; its name is its own.
pub struct Object {
    kind: &'static str,
    name: String,
}

impl Object {
    pub fn new(kind: &'static str, number: usize) -> Self {
        Self { kind, name: format!("case{number}") }
    }

    fn is_database(&self) -> bool {
        self.kind.ends_with("DATABASE")
    }

    fn create(&self) -> String {
        match self.is_database() {
            true => format!("CREATE DATABASE {} DBPARTITIONS 4", self.name),
            false => format!(
                "CREATE TABLE {} (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, v INT) DBPARTITION BY HASH(id)",
                self.name
            ),
        }
    }

    /// The table that CHECK TABLE is asked about.
    fn table(&self) -> String {
        if self.is_database() { format!("{}.t", self.name) } else { self.name.clone() }
    }

    fn fill(&self) -> String {
        let rows: Vec<String> = (1..=ROWS).map(|id| format!("({id}, {id})")).collect();
        format!("INSERT INTO {} VALUES {}", self.table(), rows.join(","))
    }

    /// Statements before the DDL.
    pub fn prepare(&self) -> Vec<String> {
        match self.kind {
            "CREATE_DATABASE" | "CREATE_TABLE" => Vec::new(),
            "DROP_DATABASE" => vec![self.create(), self.inner_table(), self.fill()],
            _ => vec![self.create(), self.fill()],
        }
    }

    fn inner_table(&self) -> String {
        format!(
            "CREATE TABLE {}.t (id BIGINT NOT NULL PRIMARY KEY, v INT) DBPARTITION BY HASH(id)",
            self.name
        )
    }

    /// The DDL under test.
    pub fn ddl(&self) -> String {
        let name = &self.name;
        match self.kind {
            "CREATE_DATABASE" | "CREATE_TABLE" => self.create(),
            "DROP_DATABASE" => format!("DROP DATABASE {name}"),
            "DROP_TABLE" => format!("DROP TABLE {name}"),
            "TRUNCATE_TABLE" => format!("TRUNCATE TABLE {name}"),
            "ALTER_TABLE" => {
                format!("ALTER TABLE {name} ADD COLUMN w INT NOT NULL DEFAULT 5, ADD KEY by_w (w)")
            }
            "RENAME_TABLE" => format!("RENAME TABLE {name} TO {name}_new"),
            other => panic!("what does {other} work on?"),
        }
    }

    /// Other DDL on the same object: one of them has to wait for it, the other is refused because the object is there, or is not.
    pub fn conflicting(&self) -> [String; 2] {
        let (what, name) = (if self.is_database() { "DATABASE" } else { "TABLE" }, &self.name);
        [format!("DROP {what} {name}"), self.create()]
    }

    /// The effect is whole, or not there at all; on every group and in the catalog.
    pub async fn verify(&self, client: &mut Conn, done: bool, told: &str) {
        let name = &self.name;
        let list = if self.is_database() { "SHOW DATABASES" } else { "SHOW TABLES" };
        let names: Vec<String> = client.query(list).await.unwrap();
        let has = |name: &str| names.iter().any(|n| n == name);
        let there = match self.kind {
            "CREATE_DATABASE" | "CREATE_TABLE" => done,
            "DROP_DATABASE" | "DROP_TABLE" => !done,
            _ => true,
        };
        let now = if self.kind == "RENAME_TABLE" && done { format!("{name}_new") } else { name.clone() };
        assert_eq!(has(&now), there, "{told}: {names:?}");
        assert!(self.kind != "RENAME_TABLE" || has(name) != has(&format!("{name}_new")), "{told}: {names:?}");
        if !there {
            return;
        }
        if self.kind == "CREATE_DATABASE" {
            run(client, &self.inner_table()).await;
            run(client, &self.fill()).await;
        }
        let table = if self.is_database() { self.table() } else { now };
        check(client, &table, told).await;
        let rows = match self.kind {
            "CREATE_TABLE" => 0,
            "TRUNCATE_TABLE" if done => 0,
            _ => ROWS,
        };
        assert_eq!(value::<u64>(client, &format!("SELECT COUNT(*) FROM {table}")).await, rows, "{told}");
        if self.kind == "ALTER_TABLE" {
            let columns: Vec<mysql_async::Row> =
                client.query(format!("SHOW COLUMNS FROM {table}")).await.unwrap();
            assert_eq!(columns.len(), if done { 3 } else { 2 }, "{told}");
            if done {
                let sum = format!("SELECT COUNT(*) FROM {table} WHERE w = 5");
                assert_eq!(value::<u64>(client, &sum).await, ROWS, "{told}");
            }
        }
    }

    /// Nothing holds the object: what was not done can be done, and all of it can be dropped in the end.
    pub async fn use_again(&self, client: &mut Conn, done: bool, told: &str) {
        let name = &self.name;
        if !done {
            run(client, &self.ddl()).await;
            self.verify(client, true, told).await;
        }
        let last = match self.kind {
            "DROP_DATABASE" | "DROP_TABLE" => {
                run(client, &self.create()).await;
                name.clone()
            }
            "RENAME_TABLE" => {
                run(client, &format!("RENAME TABLE {name}_new TO {name}")).await;
                name.clone()
            }
            "ALTER_TABLE" => {
                run(client, &format!("INSERT INTO {name} (v, w) VALUES (1, 2)")).await;
                run(client, &format!("ALTER TABLE {name} DROP COLUMN w")).await;
                check(client, name, told).await;
                name.clone()
            }
            "TRUNCATE_TABLE" | "CREATE_TABLE" => {
                // The sequence begins anew with the table.
                run(client, &format!("INSERT INTO {name} (v) VALUES (1), (2)")).await;
                assert_eq!(value::<u64>(client, &format!("SELECT MAX(id) FROM {name}")).await, 2, "{told}");
                name.clone()
            }
            _ => name.clone(),
        };
        let what = if self.is_database() { "DATABASE" } else { "TABLE" };
        run(client, &format!("DROP {what} {last}")).await;
    }
}

async fn check(client: &mut Conn, table: &str, told: &str) {
    let rows: Vec<mysql_async::Row> = client.query(format!("CHECK TABLE {table}")).await.unwrap();
    let texts: Vec<String> = rows.iter().map(|row| row.get("MSG_TEXT").unwrap()).collect();
    assert_eq!(texts, ["OK"], "{told}");
}

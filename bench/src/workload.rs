//! The workloads: which statements, of how many clients, on which of the node's databases.

use crate::data;
use crate::stage::{SHARDED, WHOLE};
use crate::sysbench::{Load, Script};

/// One table of the results.
#[derive(Clone, Debug)]
pub struct Workload {
    /// What `--only` looks for.
    pub name: String,
    /// What it is, in words.
    pub about: &'static str,
    pub load: Load,
    /// The node's database; the plain server has one only.
    pub database: &'static str,
    /// Run on both sides before the first round.
    pub before: Option<&'static str>,
    /// Part of the short form.
    pub is_short: bool,
}

impl Workload {
    fn new(name: &str, about: &'static str, script: Script, options: &[&str], clients: u32) -> Self {
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        let load = Load { script, options, clients, prepared: false };
        Self { name: name.to_owned(), about, load, database: SHARDED, before: None, is_short: false }
    }

    fn prepared(mut self) -> Self {
        self.load.prepared = true;
        self
    }

    fn short(mut self) -> Self {
        self.is_short = true;
        self
    }

    /// On tables that lie in one group.
    fn whole(mut self) -> Self {
        self.database = WHOLE;
        self
    }
}

/// All of them, in the order in which they run.
pub fn all() -> Vec<Workload> {
    use Script::{Distributed, Own};
    let tables = [format!("--tables={}", data::TABLES), format!("--table-size={}", data::ROWS)];
    let tables = tables.each_ref().map(String::as_str);
    let point = |name: &str, about, clients| {
        Workload::new(name, about, Distributed("oltp_point_select"), &tables, clients)
    };
    let text = "one row by its key, as text, from a sharded table";
    let prepared = "one row by its key, as a prepared statement, from a sharded table";
    let one = |name: &str, about, script, options: &[&str]| Workload::new(name, about, script, options, 16);
    let single = "sysbench's transaction on tables in one group";
    let tenant = "the same transaction on the rows of one tenant, of a table sharded by tenant";
    vec![
        point("point-text-1", text, 1),
        point("point-text-16", text, 16).short(),
        point("point-text-64", text, 64).short(),
        point("point-text-256", text, 256),
        point("point-prepared-1", prepared, 1).prepared(),
        point("point-prepared-16", prepared, 16).prepared().short(),
        point("point-prepared-64", prepared, 64).prepared(),
        point("point-prepared-256", prepared, 256).prepared(),
        point("point-single-16", "one row by its key, as text, from a table in one group", 16).whole(),
        one("rows-1000", "1,000 rows (190 kB) of one group", Own("rows"), &["--rows=1000"]).short(),
        one("rows-10000", "10,000 rows (1.9 MB) of one group", Own("rows"), &["--rows=10000"]),
        one("read-only-single", single, Distributed("oltp_read_only"), &tables).whole(),
        one("read-write-single", single, Distributed("oltp_read_write"), &tables).whole(),
        one("read-only-tenant", tenant, Own("tenant"), &[]),
        one("read-write-tenant", tenant, Own("tenant"), &["--writes=on"]),
        one("sum", "COUNT(*) and SUM(k) over 1,000 ids of two groups", Own("range"), &["--answer=sum"])
            .short(),
        one("top", "ORDER BY k, id LIMIT 20 of 1,000 ids of two groups", Own("range"), &["--answer=top"]),
        Workload {
            before: Some("TRUNCATE TABLE journal"),
            ..one("insert", "INSERT of 10 rows, five for each of two groups", Own("insert"), &[])
        },
        one("keys", "id IN (10 keys), of two groups", Own("keys"), &[]),
    ]
}

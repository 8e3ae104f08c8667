//! The tables and their rows: the same on the plain server, sharded over two groups, and in one group.

use ostrakon::client::Client;

use crate::Outcome;

/// Changes with the tables below: what an earlier version has loaded is made anew.
pub const VERSION: u32 = 1;
/// Rows of each `sbtest` table.
pub const ROWS: u64 = 100_000;
/// The distribution's scripts work on `sbtest1` and `sbtest2`.
pub const TABLES: u64 = 2;
/// `tenants` has the rows of so many tenants ...
pub const TENANTS: u64 = 10;
/// ... and so many of each.
pub const TENANT_ROWS: u64 = 10_000;

/// Rows of one INSERT.
const BATCH: u64 = 1_000;

/// Rows of `numbers`, which is loaded when it is first needed.
pub const NUMBERS: u64 = 1_000_000;

/// How a table lies in its database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// On a server, or in a database's default group.
    Whole,
    /// Over all groups, by its shard key.
    Sharded,
}

/// A table, and where its rows go when it is sharded.
struct Table {
    name: String,
    columns: &'static str,
    key: &'static str,
    rows: u64,
    /// The key columns of the nth row, as SQL.
    keys: fn(u64) -> String,
}

fn tables() -> Vec<Table> {
    let mut all = Vec::new();
    for number in 1..=TABLES {
        all.push(Table {
            name: format!("sbtest{number}"),
            // As sysbench makes it.
            columns: "id INT NOT NULL PRIMARY KEY, k INT NOT NULL DEFAULT 0, c CHAR(120) NOT NULL DEFAULT '', \
                      pad CHAR(60) NOT NULL DEFAULT '', KEY k (k)",
            key: "id",
            rows: ROWS,
            keys: |n| (n + 1).to_string(),
        });
    }
    all.push(Table {
        name: "tenants".to_owned(),
        columns: "tenant INT NOT NULL, id INT NOT NULL, k INT NOT NULL, c CHAR(120) NOT NULL, pad CHAR(60) NOT NULL, \
                  PRIMARY KEY (tenant, id)",
        key: "tenant",
        rows: TENANTS * TENANT_ROWS,
        keys: |n| format!("{},{}", n / TENANT_ROWS + 1, n % TENANT_ROWS + 1),
    });
    all.push(Table {
        name: "journal".to_owned(),
        columns: "id INT NOT NULL, k INT NOT NULL, c CHAR(120) NOT NULL, pad CHAR(60) NOT NULL, KEY id (id)",
        key: "id",
        rows: 0,
        keys: |n| n.to_string(),
    });
    all
}

/// Makes the tables in the database that the client uses, and fills them.
pub fn load(client: &mut Client, layout: Layout) -> Outcome<()> {
    tables().iter().try_for_each(|table| make(client, table, layout))
}

fn make(client: &mut Client, table: &Table, layout: Layout) -> Outcome<()> {
    let sharding = match layout {
        Layout::Whole => String::new(),
        Layout::Sharded => format!(" DBPARTITION BY HASH({})", table.key),
    };
    client.setup(&format!("CREATE TABLE {} ({}) ENGINE=InnoDB{sharding}", table.name, table.columns))?;
    // The same rows wherever the table is made.
    let mut random = Random(table.rows);
    for first in (0..table.rows).step_by(usize::try_from(BATCH)?) {
        let rows: Vec<String> =
            (first..table.rows.min(first + BATCH)).map(|n| row(&(table.keys)(n), &mut random)).collect();
        client.setup(&format!("INSERT INTO {} VALUES {}", table.name, rows.join(",")))?;
    }
    Ok(())
}

/// Makes `sbtest1` with fewer rows, unless it is there with all of them.
pub fn load_few(client: &mut Client, rows: u64, layout: Layout) -> Outcome<()> {
    let count = client.query("SELECT COUNT(*) FROM sbtest1").ok().and_then(|answer| answer.first());
    if count == Some(rows.to_string()) {
        return Ok(());
    }
    client.setup("DROP TABLE IF EXISTS sbtest1")?;
    let table = tables().into_iter().next().ok_or("there is no table")?;
    make(client, &Table { rows, ..table }, layout)
}

/// Makes `numbers`, unless it is there with all its rows.
pub fn load_numbers(client: &mut Client, layout: Layout) -> Outcome<()> {
    let count = client.query("SELECT COUNT(*) FROM numbers").ok().and_then(|answer| answer.first());
    if count == Some(NUMBERS.to_string()) {
        return Ok(());
    }
    client.setup("DROP TABLE IF EXISTS numbers")?;
    let sharding = if layout == Layout::Sharded { " DBPARTITION BY HASH(id)" } else { "" };
    let columns = "id INT NOT NULL PRIMARY KEY, k INT NOT NULL, pad CHAR(60) NOT NULL";
    client.setup(&format!("CREATE TABLE numbers ({columns}) ENGINE=InnoDB{sharding}"))?;
    let mut random = Random(NUMBERS);
    for first in (0..NUMBERS).step_by(4000) {
        let row = |id: u64| format!("({id},{},'{}')", random.next() % ROWS, random.groups(5));
        let rows: Vec<String> = (first..NUMBERS.min(first + 4000)).map(row).collect();
        client.setup(&format!("INSERT INTO numbers VALUES {}", rows.join(",")))?;
    }
    Ok(())
}

fn row(keys: &str, random: &mut Random) -> String {
    let k = random.next() % ROWS + 1;
    format!("({keys},{k},'{}','{}')", random.groups(10), random.groups(5))
}

/// SplitMix64: the rows need not be good random numbers, only the same in each run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Groups of eleven digits, joined by dashes, as sysbench fills its columns.
    fn groups(&mut self, count: usize) -> String {
        let groups: Vec<String> =
            (0..count).map(|_| format!("{:011}", self.next() % 100_000_000_000)).collect();
        groups.join("-")
    }
}

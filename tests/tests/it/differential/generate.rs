//! Random statements from a seed.

use mysql_async::Value;
use rand::Rng;
use rand::rngs::StdRng;

use super::literals::{self, Kind, pick};
use super::schema::{COLUMNS, TABLES, Table};

/// A statement, and how its answers are to be compared.
#[derive(Debug)]
pub struct Statement {
    pub sql: String,
    /// Set when it is to be prepared.
    pub parameters: Option<Vec<Value>>,
    pub class: &'static str,
    /// ORDER BY names every row's place.
    pub ordered: bool,
    /// A value may be any of those that its collation calls equal.
    pub loose: bool,
    /// The table that it changes.
    pub changes: Option<&'static str>,
}

/// Table, shard key's literal and id of rows inserted before, so that they can be inserted again.
#[derive(Debug, Default)]
pub struct Memory {
    rows: Vec<(&'static str, String, usize)>,
    next: usize,
}

/// Builds one statement.
pub struct Generator<'r> {
    rng: &'r mut StdRng,
    memory: &'r mut Memory,
    parameters: Option<Vec<Value>>,
}

const COMPARISONS: &[&str] = &["=", "=", "=", "=", "<>", "!=", "<", "<=", ">", ">=", "<=>"];

impl<'r> Generator<'r> {
    /// The next statement.
    pub fn statement(rng: &'r mut StdRng, memory: &'r mut Memory) -> Statement {
        let prepared = rng.random_range(0..4) == 0;
        let mut generator = Self { rng, memory, parameters: prepared.then(Vec::new) };
        let table = &TABLES[generator.rng.random_range(0..TABLES.len())];
        let made = match generator.rng.random_range(0..20) {
            0..5 => generator.plain(table),
            5..7 => generator.aggregate(table),
            7..10 => generator.group(table),
            10 => generator.distinct(table),
            11..14 => generator.join(table),
            14 => generator.subquery(table),
            15 => generator.union(table),
            16 => generator.update(table),
            17 => generator.delete(table),
            _ => generator.insert(table),
        };
        let parameters = generator.parameters.take();
        Statement { parameters, ..made }
    }

    fn one_in(&mut self, n: u32) -> bool {
        self.rng.random_range(0..n) == 0
    }

    fn below(&mut self, n: usize) -> usize {
        self.rng.random_range(0..n)
    }

    fn literal(&mut self, kind: Kind) -> String {
        if let Some(parameters) = &mut self.parameters
            && self.rng.random_range(0..3) > 0
        {
            parameters.push(literals::parameter(self.rng, kind));
            return "?".to_owned();
        }
        literals::any(self.rng, kind)
    }

    /// A column's name and kind; the shard key as often as all others.
    fn column(&mut self, table: &Table) -> (&'static str, Kind) {
        if self.rng.random() {
            return ("k", table.kind);
        }
        COLUMNS[self.rng.random_range(0..COLUMNS.len())]
    }

    /// A condition; `name` qualifies columns, with its dot.
    fn condition(&mut self, table: &Table, name: &str, depth: u32) -> String {
        if depth > 0 && self.one_in(2) {
            let (a, b) = (self.condition(table, name, depth - 1), self.condition(table, name, depth - 1));
            return match self.below(13) {
                9 => format!("{a} || {b}"),
                10 => format!("NOT {a} OR {b}"),
                11 => format!("! ({a}) AND {b}"),
                12 => format!("{a} /*!50000 AND {b} */"),
                0..3 => format!("{a} AND {b}"),
                3..5 => format!("{a} OR {b}"),
                5 => format!("({a} OR {b})"),
                6 => format!("NOT ({a} AND {b})"),
                7 => format!("{a} XOR {b}"),
                _ => format!("{a} && ({b})"),
            };
        }
        let (column, kind) = self.column(table);
        let column = if self.one_in(12) { format!("{name}`{column}`") } else { format!("{name}{column}") };
        match self.below(20) {
            0..9 => {
                let (op, value) = (pick(self.rng, COMPARISONS), self.literal(kind));
                if self.one_in(6) {
                    format!("{value} {op} {column}")
                } else {
                    format!("{column} {op} {value}")
                }
            }
            9..12 => {
                let list: Vec<String> = (0..1 + self.below(4)).map(|_| self.literal(kind)).collect();
                let not = if self.one_in(6) { "NOT " } else { "" };
                format!("{column} {not}IN ({})", list.join(", "))
            }
            12..14 => {
                // A prepared BETWEEN of a string and a number is compared by either's rules, as MariaDB's plan has it.
                let (low, high) = (literals::any(self.rng, kind), literals::stored(self.rng, kind));
                let not = if self.one_in(6) { "NOT " } else { "" };
                format!("{column} {not}BETWEEN {low} AND {high}")
            }
            14 => format!("{column} IS {}NULL", if self.one_in(2) { "NOT " } else { "" }),
            15 => format!("NOT {column} = {}", self.literal(kind)),
            16 => format!(
                "{column} LIKE {}",
                pick(self.rng, &["'a%'", "'7'", "'A'", "'%'", "'2024-01%'", "'_'"])
            ),
            17 => {
                let (other, other_kind) = COLUMNS[self.below(COLUMNS.len())];
                format!("({column}, {name}{other}) = ({}, {})", self.literal(kind), self.literal(other_kind))
            }
            18 => format!("{column} = {name}{}", COLUMNS[self.below(COLUMNS.len())].0),
            _ => pick(self.rng, &["1", "TRUE", "1 = 0", "NULL", "2 > 1"]).to_owned(),
        }
    }

    /// WHERE with its space before, or nothing.
    fn filter(&mut self, table: &Table, name: &str) -> String {
        if self.one_in(5) { String::new() } else { format!(" WHERE {}", self.condition(table, name, 2)) }
    }

    fn query(&self, sql: String, class: &'static str, ordered: bool, loose: bool) -> Statement {
        Statement { sql, parameters: None, class, ordered, loose, changes: None }
    }

    fn direction(&mut self) -> &'static str {
        pick(self.rng, &["", "", " ASC", " DESC"])
    }

    fn limit(&mut self) -> String {
        match self.below(6) {
            0 => format!(" LIMIT {}", self.below(8)),
            1 => format!(" LIMIT {}, {}", self.below(8), self.below(12)),
            2 => format!(" LIMIT {} OFFSET {}", self.below(12), self.below(40)),
            _ => String::new(),
        }
    }

    fn plain(&mut self, table: &Table) -> Statement {
        let items = pick(
            self.rng,
            &[
                "*",
                "k, id",
                "id, a, b",
                "id, k AS x, n, f",
                "t.*, id + 1",
                "id, CONCAT(b, '-', d) z, m",
                "id, a AS b, b AS a",
                "s, t, id, e",
            ],
        );
        let filter = self.filter(table, "");
        let name = table.name;
        let items = items.replace("t.*", &format!("{name}.*"));
        let head = format!("SELECT {items} FROM {name}{filter}");
        if self.one_in(3) {
            return self.query(head, "select", false, false);
        }
        let keys: Vec<String> = (0..self.below(3))
            .map(|_| {
                let key = match self.below(8) {
                    0 => "ABS(a)".to_owned(),
                    1 => "a + n".to_owned(),
                    2 => "LOWER(b)".to_owned(),
                    _ => self.column(table).0.to_owned(),
                };
                format!("{key}{}, ", self.direction())
            })
            .collect();
        // `b` and `a` as aliases of each other would make the order another one: the id stays last and alone.
        let sql = format!("{head} ORDER BY {}id{}{}", keys.concat(), self.direction(), self.limit());
        self.query(sql, "order", true, false)
    }

    fn aggregate_call(&mut self, table: &Table) -> String {
        let (column, kind) = self.column(table);
        let numeric = matches!(kind, Kind::Int | Kind::Decimal | Kind::Double);
        match self.below(12) {
            0 | 1 => "COUNT(*)".to_owned(),
            2 => format!("COUNT({column})"),
            3 | 4 if numeric => format!("SUM({column})"),
            5 if numeric => format!("AVG({column})"),
            6 | 7 => format!("MIN({column})"),
            8 | 9 => format!("MAX({column})"),
            10 => format!("COUNT(DISTINCT {column})"),
            11 => "SUM(a + 1)".to_owned(),
            _ => "SUM(id)".to_owned(),
        }
    }

    fn aggregate(&mut self, table: &Table) -> Statement {
        let calls: Vec<String> = (0..1 + self.below(3)).map(|_| self.aggregate_call(table)).collect();
        let having = match self.below(8) {
            0 => " HAVING COUNT(*) > 3",
            1 => " HAVING SUM(a) IS NOT NULL",
            _ => "",
        };
        let sql =
            format!("SELECT {} FROM {}{}{having}", calls.join(", "), table.name, self.filter(table, ""));
        self.query(sql, "aggregate", false, true)
    }

    fn group_key(&mut self, table: &Table) -> String {
        match self.below(9) {
            0 => "YEAR(m)".to_owned(),
            1 => "a % 3".to_owned(),
            2 => "s".to_owned(),
            3 => "UPPER(d)".to_owned(),
            _ => self.column(table).0.to_owned(),
        }
    }

    fn group(&mut self, table: &Table) -> Statement {
        let mut keys = vec![self.group_key(table)];
        if self.one_in(3) {
            keys.push(self.group_key(table));
        }
        keys.dedup();
        let call = self.aggregate_call(table);
        let keys = keys.join(", ");
        let filter = self.filter(table, "");
        let having = match self.below(8) {
            0 => " HAVING COUNT(*) > 1".to_owned(),
            1 => format!(" HAVING y >= {}", self.below(20)),
            2 => " HAVING SUM(a) < 20 OR MIN(a) IS NULL".to_owned(),
            _ => String::new(),
        };
        let (order, ordered) = match self.below(6) {
            0 => (format!(" ORDER BY x{}{}", self.direction(), self.limit()), true),
            1 => (format!(" ORDER BY COUNT(*) DESC, x{}", self.limit()), true),
            2 => (format!(" ORDER BY {keys}"), false),
            _ => (String::new(), false),
        };
        if order.is_empty() && having.is_empty() && self.one_in(2) {
            return self.other_group(table, filter);
        }
        // Which group comes first is certain only by MIN(id), which no two groups share.
        let sql = format!(
            "SELECT {keys}, {call} AS y, MIN(id) AS x FROM {}{filter} GROUP BY {keys}{having}{order}",
            table.name
        );
        self.query(sql, "group", ordered, true)
    }

    /// Grouping by alias, position, hidden keys; expressions over aggregates.
    fn other_group(&mut self, table: &Table, filter: String) -> Statement {
        let name = table.name;
        let column = self.column(table).0;
        let sql = match self.below(9) {
            0 => format!("SELECT {column} AS g, COUNT(*) FROM {name}{filter} GROUP BY g"),
            1 => format!("SELECT {column}, SUM(a) FROM {name}{filter} GROUP BY 1"),
            2 => format!("SELECT COUNT(*), MIN(id) FROM {name}{filter} GROUP BY {column} HAVING MIN(id) > 4"),
            3 => format!(
                "SELECT COUNT(*) c, SUM(n) FROM {name}{filter} GROUP BY {column} HAVING c BETWEEN 2 AND 5"
            ),
            4 => format!("SELECT {column}, SUM(a) + COUNT(*) FROM {name}{filter} GROUP BY {column}"),
            5 => format!(
                "SELECT k, {column}, COUNT(DISTINCT id), GROUP_CONCAT(id ORDER BY id) FROM {name}{filter} GROUP BY k, {column}"
            ),
            6 => format!(
                "SELECT {column}, AVG(f), AVG(n), AVG(a), SUM(f) FROM {name}{filter} GROUP BY {column}"
            ),
            7 => format!("SELECT {column} q, MAX(id) FROM {name}{filter} GROUP BY q"),
            _ => format!("SELECT {column}, COUNT(*) FROM {name}{filter} GROUP BY {column} WITH ROLLUP"),
        };
        self.query(sql, "group", false, true)
    }

    fn distinct(&mut self, table: &Table) -> Statement {
        let column = self.column(table).0;
        let other = if self.one_in(2) { format!(", {}", self.column(table).0) } else { String::new() };
        let filter = self.filter(table, "");
        let order = if self.one_in(2) { format!(" ORDER BY {column}") } else { String::new() };
        let sql = format!("SELECT DISTINCT {column}{other} FROM {}{filter}{order}", table.name);
        self.query(sql, "distinct", false, true)
    }

    fn join(&mut self, table: &Table) -> Statement {
        let other = match self.below(4) {
            // The pairs that are sharded alike.
            0 | 1 => match table.name {
                "ti" => "tj",
                "tj" => "ti",
                "vg" => "vh",
                "vh" => "vg",
                _ => "bc",
            },
            2 => "bc",
            _ => TABLES[self.below(TABLES.len())].name,
        };
        let other = TABLES.iter().find(|t| t.name == other).unwrap_or(table);
        if self.one_in(4) {
            return self.other_join(table, other);
        }
        let kind =
            pick(self.rng, &["JOIN", "INNER JOIN", "LEFT JOIN", "LEFT JOIN", "RIGHT JOIN", "STRAIGHT_JOIN"]);
        let mut on = match self.below(8) {
            0..5 => "x.k = y.k".to_owned(),
            5 => "x.a = y.k".to_owned(),
            6 => "x.k = y.id".to_owned(),
            _ => "x.id = y.id".to_owned(),
        };
        if self.one_in(4) {
            on = format!("{on} AND {}", self.condition(other, "y.", 0));
        }
        let side = self.one_in(2);
        let filter = if side { self.filter(table, "x.") } else { self.filter(other, "y.") };
        let (left, right) = if self.one_in(4) { (other, table) } else { (table, other) };
        let from = format!("FROM {} x {kind} {} y ON {on}{filter}", left.name, right.name);
        match self.below(5) {
            0 => self.query(format!("SELECT COUNT(*), SUM(x.id), MIN(y.id) {from}"), "join", false, false),
            1 => self.query(
                format!("SELECT x.id, COUNT(*) c, COUNT(y.k) {from} GROUP BY x.id ORDER BY x.id"),
                "join",
                true,
                false,
            ),
            2 => self.query(format!("SELECT x.k, y.* {from}"), "join", false, false),
            _ => {
                let sql = format!("SELECT x.id, y.id, x.b, y.k {from} ORDER BY x.id, y.id{}", self.limit());
                self.query(sql, "join", true, false)
            }
        }
    }

    /// Joins without ON, of three tables, of one table with itself.
    fn other_join(&mut self, table: &Table, other: &Table) -> Statement {
        let (a, b) = (table.name, other.name);
        let sql = match self.below(10) {
            0 => format!("SELECT x.id, y.id FROM {a} x, {b} y WHERE x.k = y.k{}", self.and(other, "y.")),
            1 => format!("SELECT x.id, k FROM {a} x JOIN {b} y USING (k) ORDER BY x.id, y.id"),
            2 if a != b => format!("SELECT COUNT(*) FROM {a} NATURAL JOIN {b}"),
            3 => format!(
                "SELECT x.id, y.id, z.id FROM {a} x JOIN {b} y ON x.k = y.k LEFT JOIN bc z ON z.k = y.id{}",
                self.filter(table, "x.")
            ),
            4 => format!(
                "SELECT x.id, y.id, z.id FROM {a} x LEFT JOIN {a} y ON x.k = y.k AND y.id > 9 LEFT JOIN {a} z ON z.k = x.k{}",
                self.filter(table, "x.")
            ),
            5 => format!(
                "SELECT x.id, y.id FROM {a} x LEFT JOIN {a} y ON x.k = y.k WHERE y.k IS NULL{}",
                self.and(table, "x.")
            ),
            6 => {
                format!("SELECT x.id, y.id FROM {a} x JOIN {a} y ON x.k <=> y.k{}", self.filter(table, "x."))
            }
            7 => format!(
                "SELECT x.id, y.id FROM {a} x CROSS JOIN {b} y WHERE x.k = y.k AND y.k = {}",
                self.literal(other.kind)
            ),
            8 if a != b => format!(
                "SELECT {a}.id, {b}.k FROM app.{a} JOIN `{b}` ON app.{a}.k = {b}.k WHERE {a}.id < {b}.id + 10"
            ),
            _ => format!(
                "SELECT x.id, y.id FROM ({a} x JOIN {b} y ON x.k = y.k) LEFT JOIN {a} z ON z.k = y.k AND z.id = 3"
            ),
        };
        self.query(sql, "join", false, false)
    }

    /// ` AND condition`, or nothing.
    fn and(&mut self, table: &Table, name: &str) -> String {
        if self.one_in(2) { String::new() } else { format!(" AND ({})", self.condition(table, name, 1)) }
    }

    fn subquery(&mut self, table: &Table) -> Statement {
        let other = &TABLES[self.below(TABLES.len())];
        let other =
            if self.one_in(2) { TABLES.iter().find(|t| t.name == "bc").unwrap_or(other) } else { other };
        let (name, second) = (table.name, other.name);
        let shape = self.below(14);
        let inner = if matches!(shape, 0 | 5 | 6) { self.filter(other, "") } else { String::new() };
        let sql = match shape {
            7 => format!(
                "SELECT id FROM {name} x WHERE x.k IN (SELECT y.k FROM {name} y WHERE y.k = x.k AND y.id < 20)"
            ),
            8 => format!("SELECT z.k, COUNT(*) FROM (SELECT k, id FROM {name} WHERE id > 3) z GROUP BY z.k"),
            9 => format!("SELECT id FROM {name} x WHERE k = (SELECT MAX(y.k) FROM {name} y WHERE y.k = x.k)"),
            10 => format!(
                "SELECT id, EXISTS (SELECT 1 FROM {name} y WHERE y.k = x.k AND y.id > x.id) FROM {name} x"
            ),
            11 => format!("WITH w AS (SELECT * FROM {name}) SELECT COUNT(*) FROM w"),
            12 => format!(
                "SELECT id FROM {name} x LEFT JOIN (SELECT k kk FROM {name} GROUP BY k) z ON z.kk = x.k"
            ),
            0 => format!("SELECT id, k FROM {name} WHERE k IN (SELECT k FROM {second}{inner})"),
            1 => format!("SELECT id FROM {name} x WHERE EXISTS (SELECT 1 FROM {second} y WHERE y.k = x.k)"),
            2 => format!(
                "SELECT id FROM {name} x WHERE NOT EXISTS (SELECT 1 FROM {second} y WHERE y.k = x.k AND y.id > 5)"
            ),
            3 => format!("SELECT COUNT(*) FROM (SELECT k, id FROM {name}{}) z", self.filter(table, "")),
            4 => format!("SELECT id, (SELECT COUNT(*) FROM {second} y WHERE y.id = x.id) FROM {name} x"),
            5 => format!("SELECT id FROM {name} WHERE id = (SELECT MAX(id) FROM {second}{inner})"),
            _ => format!("SELECT id FROM {name} WHERE id NOT IN (SELECT id FROM {second}{inner})"),
        };
        self.query(sql, "subquery", false, false)
    }

    fn union(&mut self, table: &Table) -> Statement {
        let other = &TABLES[self.below(TABLES.len())];
        let all = pick(self.rng, &["", " ALL", " DISTINCT"]);
        let (first, second) = (self.filter(table, ""), self.filter(other, ""));
        let sql =
            format!("SELECT id FROM {}{first} UNION{all} SELECT id FROM {}{second}", table.name, other.name);
        self.query(sql, "union", false, false)
    }

    fn write(&self, sql: String, class: &'static str, table: &Table) -> Statement {
        Statement { sql, parameters: None, class, ordered: false, loose: false, changes: Some(table.name) }
    }

    /// The literal of a new row's shard key, if it is not to be a parameter, and the row's id. Each id has one key, so that an order by
    /// id is total.
    fn row_identity(&mut self, table: &Table) -> (Option<String>, usize) {
        if self.one_in(2) {
            let known: Vec<_> = self.memory.rows.iter().filter(|(name, ..)| *name == table.name).collect();
            if !known.is_empty() {
                let (_, key, id) = known[self.rng.random_range(0..known.len())];
                return (Some(key.clone()), *id);
            }
        }
        self.memory.next += 1;
        let id = 1000 + self.memory.next;
        let key = match self.below(10) {
            _ if table.second => literals::stored(self.rng, Kind::Int),
            0 => return (Some("DEFAULT".to_owned()), id),
            1..4 => return (None, id),
            _ => literals::any(self.rng, table.kind),
        };
        if !key.contains("NULL") && !key.contains("NOW") {
            self.memory.rows.push((table.name, key.clone(), id));
        }
        (Some(key), id)
    }

    fn insert(&mut self, table: &Table) -> Statement {
        let name = table.name;
        let rows = if self.one_in(3) { 1 + self.below(4) } else { 1 };
        let (columns, kinds): (&str, Vec<Kind>) = match self.below(5) {
            0 | 1 => ("(k, id, k2)", vec![table.kind, Kind::Int, Kind::Int]),
            2 => ("(id, b, k, k2)", vec![Kind::Int, Kind::Text, table.kind, Kind::Int]),
            3 => (
                "(id, k2, k, t, m, n)",
                vec![Kind::Int, Kind::Int, table.kind, Kind::Date, Kind::Date, Kind::Decimal],
            ),
            _ => ("(id, k2)", vec![Kind::Int, Kind::Int]),
        };
        let names: Vec<&str> = columns.trim_matches(['(', ')']).split(", ").collect();
        let values: Vec<String> = (0..rows)
            .map(|_| {
                let (key, id) = self.row_identity(table);
                let cells: Vec<String> = names
                    .iter()
                    .zip(&kinds)
                    .map(|(column, kind)| match *column {
                        "id" => id.to_string(),
                        "k2" if table.second => key.clone().unwrap_or_default(),
                        "k" => key.clone().unwrap_or_else(|| self.literal(*kind)),
                        _ => literals::stored(self.rng, *kind),
                    })
                    .collect();
                cells.join(", ")
            })
            .collect();
        let list = values.iter().map(|row| format!("({row})")).collect::<Vec<_>>().join(", ");
        let verb = pick(
            self.rng,
            &["INSERT INTO", "INSERT INTO", "INSERT INTO", "REPLACE INTO", "INSERT IGNORE INTO"],
        );
        let duplicate = match self.below(6) {
            0 if verb == "INSERT INTO" => " ON DUPLICATE KEY UPDATE b = 'dup'",
            1 if verb == "INSERT INTO" => " ON DUPLICATE KEY UPDATE a = a + 1, d = VALUES(d)",
            _ => "",
        };
        let sql = if rows == 1 && self.one_in(4) {
            let cells = values[0].split(", ");
            let pairs: Vec<String> =
                names.iter().zip(cells).map(|(name, cell)| format!("{name} = {cell}")).collect();
            format!("{verb} {name} SET {}{duplicate}", pairs.join(", "))
        } else {
            format!("{verb} {name} {columns} VALUES {list}{duplicate}")
        };
        self.write(sql, "insert", table)
    }

    fn update(&mut self, table: &Table) -> Statement {
        let set = match self.below(8) {
            0 => "a = a + 1".to_owned(),
            1 => format!("k = {}", self.literal(table.kind)),
            2 => "b = 'upd', n = 1.5".to_owned(),
            3 => "d = CONCAT(COALESCE(b, ''), 'x')".to_owned(),
            4 => "s = 'x', t = '2024-05-05'".to_owned(),
            5 => format!("e = {}", literals::stored(self.rng, Kind::Text)),
            _ => "a = id % 5".to_owned(),
        };
        let tail =
            if self.one_in(6) { format!(" ORDER BY id LIMIT {}", self.below(5)) } else { String::new() };
        let sql = format!("UPDATE {} SET {set}{}{tail}", table.name, self.filter(table, ""));
        self.write(sql, "update", table)
    }

    fn delete(&mut self, table: &Table) -> Statement {
        let tail =
            if self.one_in(6) { format!(" ORDER BY id LIMIT {}", self.below(5)) } else { String::new() };
        let sql = format!("DELETE FROM {} WHERE {}{tail}", table.name, self.condition(table, "", 1));
        self.write(sql, "delete", table)
    }
}

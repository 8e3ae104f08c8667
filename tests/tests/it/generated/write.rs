//! INSERT, REPLACE, UPDATE and DELETE of every form whose outcome does not depend on the order of rows.

use super::schema::{Column, FIXED, Table};
use super::scope::{Generator, Scope};
use super::tree::{Tree, tree};
use super::types::Class;

impl Generator<'_> {
    /// A statement that changes rows.
    pub fn write(&mut self) -> Tree {
        match self.below(16) {
            0..3 => self.insert(),
            3..6 => self.insert_select(),
            6..10 => self.update(),
            10..12 => self.delete(),
            12..14 => self.update_joined(),
            _ => self.delete_joined(),
        }
    }

    /// A table that is not one of these; subqueries do not read what the statement changes.
    fn other(&mut self, not: &Table) -> Option<Table> {
        let list: Vec<&Table> = self.tables.iter().filter(|table| table.name != not.name).collect();
        if list.is_empty() { None } else { Some(list[self.below(list.len())].clone()) }
    }

    /// Runs `make` where FROM can name all tables but this one.
    fn without<T>(&mut self, table: &Table, make: impl FnOnce(&mut Generator<'_>) -> T) -> T {
        let tables: Vec<Table> =
            self.tables.iter().filter(|other| other.name != table.name).cloned().collect();
        let names = self.names();
        let mut inner = Generator::new(self.rng, &tables, self.mysql);
        inner.continue_names(&names);
        inner.is_later = self.is_later;
        let made = make(&mut inner);
        let names = inner.names();
        let flags = (inner.approximate, inner.loose);
        self.continue_names(&names);
        self.approximate |= flags.0;
        self.loose |= flags.1;
        made
    }

    /// Columns that an INSERT names: `id`, the shard key and some others.
    fn targets<'t>(&mut self, table: &'t Table) -> Vec<&'t Column> {
        let mut columns = vec![&table.columns[0]];
        for (at, column) in table.columns.iter().enumerate().skip(1) {
            let needed = !column.nullable && !column.default;
            if needed || (at == 2 && !self.one_in(8)) || self.one_in(2) {
                columns.push(column);
            }
        }
        if self.one_in(4) {
            columns.rotate_left(1);
        }
        columns
    }

    /// An id: a new one, or one that is there already.
    fn id(&mut self, table: &Table) -> Tree {
        let id = match table.rows.len() {
            count if count > 0 && self.one_in(3) => 1 + self.below(count),
            _ => 100 + self.below(900),
        };
        Tree::Literal(id.to_string(), id.into())
    }

    fn verb(&mut self) -> &'static str {
        self.pick(&["INSERT INTO", "INSERT INTO", "INSERT INTO", "INSERT IGNORE INTO", "REPLACE INTO"])
    }

    /// `source`: what a query reads, if the rows are a query's.
    fn duplicate(&mut self, verb: &str, table: &Table, source: Option<&Scope>) -> Tree {
        if verb != "INSERT INTO" || self.one_in(2) {
            return Tree::none();
        }
        let rest = &table.columns[FIXED..];
        let column = rest[self.below(rest.len())].clone();
        let mut sets = vec![match (self.below(6), column.class) {
            (0, Class::Int) => tree![format!("{0} = {1}.{0} + 1", column.name, table.name)],
            (1, _) => tree![format!("{0} = VALUES({0})", column.name)],
            (2, _) if source.is_none() => tree!["p = VALUES(id) % 7"],
            (2.., class) if source.is_some() => self.selected(table, &column.name, class, source),
            _ => tree![format!("{} = ", column.name), self.literal(column.class)],
        }];
        if source.is_some() && self.one_in(3) {
            let more = rest[self.below(rest.len())].clone();
            sets.push(self.selected(table, &more.name, more.class, source));
        }
        tree![" ON DUPLICATE KEY UPDATE ", Tree::list(sets, ", ")].maybe()
    }

    /// An assignment of ON DUPLICATE KEY UPDATE that reads a column of the query.
    fn selected(&mut self, table: &Table, column: &str, class: Class, source: Option<&Scope>) -> Tree {
        let own = format!("{}.{column}", table.name);
        let read = source.and_then(|scope| self.local(scope, |other| other == class));
        let Some(read) = read.map(|read| read.text) else {
            return tree![format!("{column} = "), self.literal(class)];
        };
        tree![match (self.below(6), class) {
            (0, class) if class.is_number() => format!("{column} = {own} - {read}"),
            (1, class) if class.is_number() =>
                format!("{column} = COALESCE({read}, 0) + COALESCE({own}, 1) / 2"),
            (2, Class::Int | Class::Decimal | Class::Date) => format!("{column} = GREATEST({own}, {read})"),
            (3, Class::Int | Class::Decimal | Class::Date) => {
                format!("{column} = IF({read} > {own}, {read}, {own})")
            }
            (2 | 3, Class::Text(_)) => format!("{column} = LEFT(CONCAT({own}, '/', {read}), 5)"),
            (4, Class::Text(_)) => format!("{column} = COALESCE({read}, {own})"),
            (4, Class::Date | Class::Int) => {
                format!("{column} = CASE WHEN {read} IS NULL THEN {own} ELSE {read} END")
            }
            _ => format!("{column} = {read}"),
        }]
    }

    fn returning(&mut self, table: &Table) -> Tree {
        if self.mysql || !self.one_in(4) {
            return Tree::none();
        }
        let column = table.columns[self.below(table.columns.len())].name.clone();
        let items = match self.below(4) {
            0 => "*".to_owned(),
            1 => format!("{0}.id, {0}.{column} AS c, {0}.id + 1", table.name),
            2 => format!("id, {column} IS NULL, COALESCE({column}, id)"),
            _ => format!("id, {column}"),
        };
        Tree::from(format!(" RETURNING {items}")).maybe()
    }

    fn insert(&mut self) -> Tree {
        let table = self.table();
        let columns = self.targets(table);
        let mut rows = Vec::new();
        for _ in 0..if self.one_in(2) { 1 } else { 1 + self.below(5) } {
            let mut cells = Vec::new();
            for column in &columns {
                cells.push(match column.name.as_str() {
                    "id" => self.id(table),
                    _ if column.nullable && self.one_in(6) => "NULL".into(),
                    _ if column.default && self.one_in(8) => "DEFAULT".into(),
                    _ => self.literal(column.class),
                });
            }
            rows.push(tree!["(", Tree::List(cells, ", ", columns.len()), ")"]);
        }
        let verb = self.verb();
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        let duplicate = self.duplicate(verb, table, None);
        let returning = self.returning(table);
        tree![
            format!("{verb} {} ({}) VALUES ", table.name, names.join(", ")),
            Tree::list(rows, ", "),
            duplicate,
            returning
        ]
    }

    fn insert_select(&mut self) -> Tree {
        let table = self.table();
        let columns = self.targets(table);
        let verb = self.verb();
        let shift = self.pick(&["0", "100", "5", "1000"]);
        let (query, order, scope) = if self.one_in(3) {
            self.without(table, |inner| inner.source(&columns, shift))
        } else {
            self.source(&columns, shift)
        };
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        let duplicate = self.duplicate(verb, table, Some(&scope));
        let returning = self.returning(table);
        let order =
            tree![format!(" ORDER BY {order}"), Tree::from(if self.one_in(4) { " LIMIT 7" } else { "" })];
        // Which of two rows with one key stays depends on their order.
        let order = if verb == "INSERT INTO" && duplicate == Tree::none() { order.maybe() } else { order };
        tree![format!("{verb} {} ({}) ", table.name, names.join(", ")), query, order, duplicate, returning]
    }

    /// A query for these columns, a total order of its rows, and what it reads.
    fn source(&mut self, columns: &[&Column], shift: &str) -> (Tree, String, Scope) {
        let (from, scope) = self.from(1);
        let first = scope
            .locals
            .iter()
            .find(|r| r.class == Class::Int)
            .map_or_else(|| "1".to_owned(), |r| r.text.clone());
        let key = self.local(&scope, |class| class == Class::Int);
        if let (Some(key), true) = (key, self.one_in(5)) {
            return self.grouped_source(
                columns,
                (from, scope),
                &key.text,
                format!("COALESCE(MIN({first}), 0) + {shift}"),
            );
        }
        let mut items = Vec::new();
        for column in columns {
            items.push(match column.name.as_str() {
                "id" => tree![format!("COALESCE({first}, 0) + {shift}")],
                _ if column.nullable => self.of(&scope, column.class, 0),
                _ => {
                    tree!["COALESCE(", self.leaf(&scope, column.class), ", ", self.literal(column.class), ")"]
                }
            });
        }
        let filter = self.filter(&scope, 1);
        let order = self.total(&scope);
        (tree!["SELECT ", Tree::List(items, ", ", columns.len()), " FROM ", from, filter], order, scope)
    }

    /// The same of groups.
    fn grouped_source(
        &mut self,
        columns: &[&Column],
        (from, scope): (Tree, Scope),
        key: &str,
        id: String,
    ) -> (Tree, String, Scope) {
        let mut items = Vec::new();
        for column in columns {
            items.push(match column.name.as_str() {
                "id" => tree![id.clone()],
                _ if column.class == Class::Json => self.literal(Class::Json),
                _ if column.nullable => self.aggregate_of(&scope, column.class),
                _ => {
                    let value = self.aggregate_of(&scope, column.class);
                    tree!["COALESCE(", value, ", ", self.literal(column.class), ")"]
                }
            });
        }
        let filter = self.filter(&scope, 1);
        let tail = format!(" GROUP BY {key}");
        let tree = tree!["SELECT ", Tree::List(items, ", ", columns.len()), " FROM ", from, filter, tail];
        (tree, key.to_owned(), Scope::default())
    }

    /// A column that UPDATE changes: not `id`, and the shard key now and then.
    fn target<'t>(&mut self, table: &'t Table) -> &'t Column {
        if self.one_in(5) {
            return table.key();
        }
        let rest: Vec<&Column> = table
            .columns
            .iter()
            .enumerate()
            .filter(|(at, _)| *at == 1 || *at >= FIXED)
            .map(|(_, c)| c)
            .collect();
        rest[self.below(rest.len())]
    }

    fn assignment(&mut self, table: &Table, scope: &Scope) -> Tree {
        let column = self.target(table).clone();
        let class = column.class;
        let value = match self.below(6) {
            0 if column.nullable => "NULL".into(),
            1 if class == Class::Int => tree![format!("{}.{} + 1", table.name, column.name)],
            2 | 3 if class.is_plain() => {
                let fallback = self.literal(class);
                let inside = self.of(scope, class, 0);
                if column.nullable { inside } else { tree!["COALESCE(", inside, ", ", fallback, ")"] }
            }
            4 if class.is_plain() && self.tables.len() > 1 => {
                let around = Scope { outers: scope.locals.clone(), ..Scope::default() };
                let value = self.without(table, |inner| inner.one_value(class, &around, 0));
                let fallback = self.literal(class);
                tree!["COALESCE((", value, "), ", fallback, ")"]
            }
            _ => self.literal(class),
        };
        tree![format!("{} = ", column.name), value]
    }

    /// A condition that does not read the table that is changed but by its own row.
    fn condition(&mut self, table: &Table, scope: &Scope) -> Tree {
        if self.tables.len() > 1 && self.one_in(3) {
            let scope = scope.clone();
            return self.without(table, |inner| inner.predicate(&scope, 1));
        }
        self.predicate(scope, 0)
    }

    fn update(&mut self) -> Tree {
        let table = self.table();
        let scope = self.own(table, &table.name);
        let mut sets = vec![self.assignment(table, &scope)];
        while self.one_in(3) {
            sets.push(self.assignment(table, &scope));
        }
        let filter = tree![" WHERE ", self.condition(table, &scope)].maybe();
        let tail = self.ordered_tail(&scope);
        tree![format!("UPDATE {} SET ", table.name), Tree::list(sets, ", "), filter, tail]
    }

    /// ORDER BY a total order, and LIMIT; or nothing.
    fn ordered_tail(&mut self, scope: &Scope) -> Tree {
        if !self.one_in(4) {
            return Tree::none();
        }
        let key = scope.locals[self.below(scope.locals.len())].text.clone();
        let direction = self.pick(&["", " DESC"]);
        let limit = format!(" LIMIT {}", self.below(7));
        tree![format!(" ORDER BY {key}{direction}, {}", scope.order.join(", ")), limit].maybe()
    }

    fn delete(&mut self) -> Tree {
        let table = self.table();
        let scope = self.own(table, &table.name);
        let filter = tree![" WHERE ", self.condition(table, &scope)].maybe();
        let tail = self.ordered_tail(&scope);
        let returning = self.returning(table);
        tree![format!("DELETE FROM {}", table.name), filter, tail, returning]
    }

    /// UPDATE of one table or both of two that are joined by the other's `id`: each row meets one row at most.
    fn update_joined(&mut self) -> Tree {
        let table = self.table();
        // An `id` that several rows have now would meet several.
        let Some(other) = self.other(table).filter(|_| !self.is_later) else { return self.update() };
        let (mine, others) = (self.own(table, &table.name), self.own(&other, &other.name));
        let link = self
            .local(&mine, |class| class == Class::Int)
            .map_or_else(|| format!("{}.id", table.name), |r| r.text);
        let mut both = mine.clone();
        both.locals.extend(others.locals.iter().cloned());
        let join = self.pick(&["JOIN", "INNER JOIN", "LEFT JOIN"]);
        let mut sets = Vec::new();
        for _ in 0..1 + self.below(2) {
            let column = self.target(table).clone();
            let inside = self.of(&both, column.class, 0);
            let value = if column.nullable {
                inside
            } else {
                tree!["COALESCE(", inside, ", ", self.literal(column.class), ")"]
            };
            sets.push(tree![format!("{}.{} = ", table.name, column.name), value]);
        }
        let filter = tree![" WHERE ", self.predicate(&both, 0)].maybe();
        tree![
            format!("UPDATE {} {join} {} ON {link} = {}.id SET ", table.name, other.name, other.name),
            Tree::list(sets, ", "),
            filter
        ]
    }

    /// DELETE from one of two joined tables, or from both.
    fn delete_joined(&mut self) -> Tree {
        let table = self.table();
        let Some(other) = self.other(table) else { return self.delete() };
        let (mine, others) = (self.own(table, &table.name), self.own(&other, &other.name));
        let mut both = mine.clone();
        both.locals.extend(others.locals.iter().cloned());
        let on = self.on(&mine, &others, 0);
        let join = self.pick(&["JOIN", "JOIN", "LEFT JOIN"]);
        let filter = tree![" WHERE ", self.predicate(&both, 0)].maybe();
        let (a, b) = (&table.name, &other.name);
        match self.below(3) {
            0 => tree![format!("DELETE {a}, {b} FROM {a} {join} {b} ON "), on, filter],
            1 => tree![format!("DELETE FROM {a} USING {a} {join} {b} ON "), on, filter],
            _ => tree![format!("DELETE {a} FROM {a} {join} {b} ON "), on, filter],
        }
    }
}

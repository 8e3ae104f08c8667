//! All tables, columns and SELECTs of a query, at every depth.

use crate::plan::tree::{Body, Column, Expr, Flat, Item, Name, Query, Select, Source};

/// A name in a FROM clause that is no WITH query's.
#[derive(Clone, Debug)]
pub(super) struct Mention {
    pub name: Vec<Name>,
    pub alias: Option<String>,
    /// It stands in the outermost FROM.
    pub outermost: bool,
}

impl Mention {
    /// What its columns are qualified with.
    pub fn known_as(&self) -> &str {
        match &self.alias {
            Some(alias) => alias,
            None => self.name.last().map_or("", |name| &name.text),
        }
    }
}

/// What a query has in it.
#[derive(Default)]
pub(super) struct Found<'q> {
    pub mentions: Vec<Mention>,
    pub selects: Vec<&'q Select>,
    /// With their ORDER BY and LIMIT; the whole is the first.
    pub queries: Vec<&'q Query>,
    /// Qualifiers with a database: `db`.`t` before a column or `*`.
    pub qualifiers: Vec<[&'q Name; 2]>,
    ctes: Vec<&'q str>,
    depth: usize,
}

impl<'q> Found<'q> {
    /// Walks a whole query.
    pub fn of(query: &'q Query) -> Self {
        let mut found = Self::default();
        found.query(query);
        found
    }

    fn query(&mut self, query: &'q Query) {
        let known = self.ctes.len();
        self.queries.push(query);
        self.depth += 1;
        for cte in &query.with {
            // Only a recursive one sees itself.
            if query.recursive {
                self.ctes.push(&cte.name);
            }
            self.query(&cte.query);
            if !query.recursive {
                self.ctes.push(&cte.name);
            }
        }
        self.depth -= 1;
        self.body(&query.body);
        query.order_by.iter().for_each(|key| self.expr(key));
        self.ctes.truncate(known);
    }

    fn body(&mut self, body: &'q Body) {
        match body {
            Body::Select(select) => self.select(select),
            Body::Nested(query) => self.query(query),
            Body::Set(left, right) => {
                self.body(left);
                self.body(right);
            }
            Body::Values(flat) => self.flat(flat),
        }
    }

    fn select(&mut self, select: &'q Select) {
        self.selects.push(select);
        self.depth += 1;
        select.from.iter().for_each(|source| self.source(source));
        for item in &select.items {
            match item {
                Item::Expr { expr, .. } => self.expr(expr),
                Item::TableStar(parts) => self.qualifier(parts),
                Item::Star => {}
            }
        }
        let clauses = select.filter.iter().chain(&select.group_by).chain(&select.having);
        clauses.for_each(|expr| self.expr(expr));
        self.depth -= 1;
    }

    fn source(&mut self, source: &'q Source) {
        match source {
            Source::Table { name, alias } => {
                let is_cte = matches!(name.as_slice(), [only] if self.ctes.contains(&only.text.as_str()));
                if !is_cte {
                    let outermost = self.depth == 1;
                    self.mentions.push(Mention { name: name.clone(), alias: alias.clone(), outermost });
                }
            }
            Source::Derived { query, .. } => self.query(query),
            Source::Join(join) => {
                self.source(&join.left);
                self.source(&join.right);
                join.on.iter().for_each(|on| self.expr(on));
            }
            Source::Other { inside, .. } => self.flat(inside),
        }
    }

    fn expr(&mut self, expr: &'q Expr) {
        expr.columns().into_iter().for_each(|column| self.column(column));
        expr.queries().into_iter().for_each(|query| self.query(query));
    }

    fn flat(&mut self, flat: &'q Flat) {
        flat.columns.iter().for_each(|column| self.column(column));
        flat.queries.iter().for_each(|query| self.query(query));
    }

    fn column(&mut self, column: &'q Column) {
        if let Some((_, before)) = column.parts.split_last() {
            self.qualifier(before);
        }
    }

    fn qualifier(&mut self, parts: &'q [Name]) {
        if let [database, table] = parts {
            self.qualifiers.push([database, table]);
        }
    }
}

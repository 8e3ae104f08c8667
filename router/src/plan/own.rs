//! MySQL reads no table in a subquery that the UPDATE or DELETE writes, but for a derived table or a WITH query of it. MariaDB does.

use super::bind::Reference;
use super::tree::{Body, Expr, Item, Query, Source};
use crate::RouterError;

/// The search for one table.
struct Search<'a> {
    database: &'a str,
    table: &'a str,
    /// The database of names without one.
    current: Option<&'a str>,
    /// WITH queries, which hide tables of their names.
    hidden: Vec<&'a str>,
}

/// Errors: 1093 for a statement that reads one of the written tables in a subquery. `query` reads the same rows as the write; `current` is the
/// session's database.
pub(super) fn refuse<'a>(
    query: &'a Query,
    written: impl Iterator<Item = &'a Reference>,
    current: Option<&'a str>,
) -> Result<(), RouterError> {
    for reference in written {
        let mut search = Search {
            database: &reference.database.name,
            table: &reference.table.name,
            current,
            hidden: query.with.iter().map(|cte| cte.name.as_str()).collect(),
        };
        let Body::Select(select) = &query.body else { continue };
        let mut expressions: Vec<&Expr> = Vec::new();
        conditions(&select.from, &mut expressions);
        expressions.extend(query.order_by.iter().chain(&select.filter));
        expressions.extend(select.items.iter().filter_map(expression));
        if expressions.iter().any(|expression| search.inside(expression)) {
            let message =
                format!("You can't specify target table '{}' for update in FROM clause", reference.known_as);
            return Err(RouterError::new(1093, "HY000", message));
        }
    }
    Ok(())
}

impl<'a> Search<'a> {
    fn inside(&mut self, expression: &'a Expr) -> bool {
        expression.queries().into_iter().any(|query| self.query(query))
    }

    fn query(&mut self, query: &'a Query) -> bool {
        let known = self.hidden.len();
        self.hidden.extend(query.with.iter().map(|cte| cte.name.as_str()));
        let found = self.body(&query.body) || query.order_by.iter().any(|key| self.inside(key));
        self.hidden.truncate(known);
        found
    }

    fn body(&mut self, body: &'a Body) -> bool {
        let select = match body {
            Body::Select(select) => select,
            Body::Nested(query) => return self.query(query),
            Body::Set(left, right) => return self.body(left) || self.body(right),
            Body::Values(_) => return false,
        };
        let mut expressions: Vec<&Expr> = Vec::new();
        conditions(&select.from, &mut expressions);
        expressions.extend(select.filter.iter().chain(&select.group_by).chain(&select.having));
        expressions.extend(select.items.iter().filter_map(expression));
        select.from.iter().any(|source| self.source(source))
            || expressions.into_iter().any(|expression| self.inside(expression))
    }

    fn source(&self, source: &Source) -> bool {
        match source {
            Source::Table { name, .. } => match name.as_slice() {
                [table] => {
                    table.text == self.table
                        && self.current == Some(self.database)
                        && !self.hidden.iter().any(|hidden| hidden.eq_ignore_ascii_case(&table.text))
                }
                [database, table] => table.text == self.table && database.text == self.database,
                _ => false,
            },
            Source::Join(join) => self.source(&join.left) || self.source(&join.right),
            Source::Derived { .. } | Source::Other { .. } => false,
        }
    }
}

/// Conditions of joins.
fn conditions<'a>(from: &'a [Source], found: &mut Vec<&'a Expr>) {
    for source in from {
        if let Source::Join(join) = source {
            found.extend(&join.on);
            conditions(std::slice::from_ref(&join.left), found);
            conditions(std::slice::from_ref(&join.right), found);
        }
    }
}

fn expression(item: &Item) -> Option<&Expr> {
    match item {
        Item::Expr { expr, .. } => Some(expr),
        Item::Star | Item::TableStar(_) => None,
    }
}

//! What `*` means in a view's query when the view is made: columns that tables get later are not the view's.

use std::ops::Range;

use super::expand::{New, Replacement};
use crate::RouterError;
use crate::plan::Request;
use crate::plan::layout::Layout;
use crate::plan::tokens::Tokens;
use crate::plan::tree::{Body, Expr, Item, Join, JoinKind, Name, Query, Select, Source};
use crate::sharding::topology::quote;

/// One column of a FROM clause.
#[derive(Clone)]
struct Known {
    /// What it is qualified with; `None`: USING or NATURAL has made one of two.
    table: Option<String>,
    name: String,
}

impl Known {
    fn written(&self) -> String {
        match &self.table {
            Some(table) => format!("{}.{}", quote(table), quote(&self.name)),
            None => quote(&self.name),
        }
    }
}

/// A `*` or `t.*`, and what stands for it.
pub(super) struct Star {
    /// Byte range in the text.
    pub range: Range<usize>,
    /// Columns as they are written, with their names.
    pub columns: Vec<(String, String)>,
}

/// Finds the columns behind each `*` of a query, at every depth.
pub(super) struct Stars<'a> {
    request: &'a Request<'a>,
    tokens: &'a Tokens<'a>,
    ctes: Vec<(String, Vec<String>)>,
    pub found: Vec<Star>,
}

impl<'a> Stars<'a> {
    pub fn new(request: &'a Request<'a>, tokens: &'a Tokens<'a>) -> Self {
        Self { request, tokens, ctes: Vec::new(), found: Vec::new() }
    }

    /// Names of a query's columns.
    ///
    /// Errors: 1235 for a `*` whose columns are not certain; 1051 for `t.*` of no table.
    pub fn query(&mut self, query: &Query) -> Result<Vec<String>, RouterError> {
        let known = self.ctes.len();
        for cte in &query.with {
            if query.recursive {
                // Its own columns are those of its first branch.
                let first = self.first_names(&cte.query.body)?;
                self.ctes.push((cte.name.clone(), first));
                self.query(&cte.query)?;
            } else {
                let names = self.query(&cte.query)?;
                self.ctes.push((cte.name.clone(), names));
            }
        }
        let names = self.body(&query.body)?;
        for key in &query.order_by {
            self.expr(key)?;
        }
        self.ctes.truncate(known);
        Ok(names)
    }

    /// Without noting a `*`: the query is looked at again.
    fn first_names(&mut self, body: &Body) -> Result<Vec<String>, RouterError> {
        let count = self.found.len();
        let names = match body {
            Body::Set(left, _) => self.first_names(left)?,
            other => self.body(other)?,
        };
        self.found.truncate(count);
        Ok(names)
    }

    fn body(&mut self, body: &Body) -> Result<Vec<String>, RouterError> {
        match body {
            Body::Select(select) => self.select(select),
            Body::Nested(query) => self.query(query),
            Body::Set(left, right) => {
                let names = self.body(left)?;
                self.body(right)?;
                Ok(names)
            }
            Body::Values(flat) => {
                for query in &flat.queries {
                    self.query(query)?;
                }
                Ok(Vec::new())
            }
        }
    }

    fn select(&mut self, select: &Select) -> Result<Vec<String>, RouterError> {
        let mut columns = Vec::new();
        let mut uncertain = None;
        for source in &select.from {
            match self.source(source) {
                Ok(found) => columns.extend(found),
                Err(Uncertain::Refused(e)) => return Err(e),
                Err(Uncertain::Because(why)) => uncertain = Some(why),
            }
        }
        let items = self.items(select);
        let mut names = Vec::new();
        for (index, item) in select.items.iter().enumerate() {
            let range = items.as_ref().and_then(|items| items.get(index)).cloned();
            let (range, qualifier) = match item {
                Item::Expr { expr, alias } => {
                    self.expr(expr)?;
                    names.push(match (alias, expr) {
                        (Some(alias), _) => alias.clone(),
                        (None, Expr::Column(column)) => column.name().to_owned(),
                        (None, _) => range.map_or(String::new(), |range| self.text(range)),
                    });
                    continue;
                }
                Item::Star => (range, None),
                Item::TableStar(parts) => (range, Some(parts)),
            };
            let refuse = |why: &str| {
                RouterError::not_supported(format_args!("* in a view over {why}; name the columns"))
            };
            if let Some(why) = &uncertain {
                return Err(refuse(why));
            }
            let Some(range) = range else { return Err(refuse("this query")) };
            let mine: Vec<&Known> = match qualifier {
                None => columns.iter().collect(),
                Some(parts) => columns.iter().filter(|column| is_of(column, parts)).collect(),
            };
            if mine.is_empty() {
                let table = qualifier.and_then(|parts| parts.last()).map_or("*", |name| &name.text);
                return Err(RouterError::new(1051, "42S02", format!("Unknown table '{table}'")));
            }
            // `t.*` of a table whose columns USING has merged: which of them is certain no longer.
            if qualifier.is_some() && columns.iter().any(|column| column.table.is_none()) {
                return Err(refuse("a join with USING"));
            }
            names.extend(mine.iter().map(|column| column.name.clone()));
            let columns = mine.iter().map(|column| (column.written(), column.name.clone())).collect();
            self.found.push(Star { range, columns });
        }
        for expr in select.filter.iter().chain(&select.group_by).chain(&select.having) {
            self.expr(expr)?;
        }
        Ok(names)
    }

    fn expr(&mut self, expr: &Expr) -> Result<(), RouterError> {
        for query in expr.queries() {
            self.query(query)?;
        }
        Ok(())
    }

    /// Byte ranges of a SELECT's items.
    fn items(&self, select: &Select) -> Option<Vec<Range<usize>>> {
        let at = self.tokens.at_byte(select.start).filter(|at| self.tokens.is_word(*at, "SELECT"))?;
        let layout = Layout::new(self.tokens, at);
        let bytes = |item: &Range<usize>| {
            let last = item.end.checked_sub(1).filter(|last| *last >= item.start)?;
            Some(self.tokens.start(item.start)..self.tokens.end(last))
        };
        let items: Option<Vec<_>> = layout.items.iter().map(bytes).collect();
        items.filter(|items| items.len() == select.items.len())
    }

    fn text(&self, range: Range<usize>) -> String {
        String::from_utf8_lossy(self.tokens.text.get(range).unwrap_or_default()).into_owned()
    }

    fn source(&mut self, source: &Source) -> Result<Vec<Known>, Uncertain> {
        match source {
            Source::Table { name, alias } => self.table(name, alias.as_deref()),
            Source::Derived { query, alias, .. } => {
                let names = self.query(query).map_err(Uncertain::Refused)?;
                known(alias.as_deref().unwrap_or_default(), names)
            }
            Source::Join(join) => self.join(join),
            Source::Other { inside, .. } => {
                for query in &inside.queries {
                    self.query(query).map_err(Uncertain::Refused)?;
                }
                Err(Uncertain::Because("a table function".to_owned()))
            }
        }
    }

    fn table(&mut self, name: &[Name], alias: Option<&str>) -> Result<Vec<Known>, Uncertain> {
        let (database, table) = match name {
            [database, table] => (Some(database.text.as_str()), table),
            [table] => {
                let cte = self.ctes.iter().rev().find(|(cte, _)| *cte == table.text);
                if let Some((cte, names)) = cte.cloned() {
                    return known(alias.unwrap_or(&cte), names);
                }
                (self.request.database, table)
            }
            _ => return Err(Uncertain::Because("this table".to_owned())),
        };
        let catalog = self.request.catalog;
        let known_as = alias.unwrap_or(&table.text);
        if let Some(view) = database.and_then(|database| catalog.view(database, &table.text)) {
            return known(known_as, view.columns.clone());
        }
        match database.and_then(|database| catalog.table(database, &table.text)) {
            Some(found) => {
                let seen = found.columns.iter().filter(|column| !column.invisible);
                known(known_as, seen.map(|column| column.name.clone()).collect())
            }
            None => Err(Uncertain::Because(format!("'{}'", table.text))),
        }
    }

    fn join(&mut self, join: &Join) -> Result<Vec<Known>, Uncertain> {
        let (left, right) = (self.source(&join.left), self.source(&join.right));
        for query in join.on.iter().flat_map(|on| on.queries()) {
            self.query(query).map_err(Uncertain::Refused)?;
        }
        let (left, right) = (left?, right?);
        if !join.natural && join.using.is_empty() {
            return Ok(left.into_iter().chain(right).collect());
        }
        if join.kind == JoinKind::Right {
            return Err(Uncertain::Because("a RIGHT JOIN with USING or NATURAL".to_owned()));
        }
        let same = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
        let is_common = |name: &str| match join.natural {
            true => {
                let has = |side: &[Known]| side.iter().any(|column| same(&column.name, name));
                has(&left) && has(&right)
            }
            false => join.using.iter().any(|used| same(used, name)),
        };
        let common = left.iter().filter(|column| is_common(&column.name));
        let merged = common.map(|column| Known { table: None, name: column.name.clone() });
        let rest = left.iter().chain(&right).filter(|column| !is_common(&column.name)).cloned();
        Ok(merged.chain(rest).collect())
    }
}

/// Why a FROM clause's columns are not certain.
enum Uncertain {
    Because(String),
    Refused(RouterError),
}

fn known(table: &str, names: Vec<String>) -> Result<Vec<Known>, Uncertain> {
    if names.is_empty() || names.iter().any(String::is_empty) {
        return Err(Uncertain::Because(format!("'{table}'")));
    }
    Ok(names.into_iter().map(|name| Known { table: Some(table.to_owned()), name }).collect())
}

fn is_of(column: &Known, parts: &[Name]) -> bool {
    let name = parts.last().map(|name| name.text.as_str());
    column.table.as_deref().is_some_and(|table| Some(table) == name)
}

/// Every `*` as its columns.
pub(super) fn replacements(stars: &[Star]) -> impl Iterator<Item = Replacement> {
    stars.iter().map(|star| {
        let columns: Vec<&str> = star.columns.iter().map(|(written, _)| written.as_str()).collect();
        Replacement { range: star.range.clone(), new: New::Text(columns.join(", ")) }
    })
}

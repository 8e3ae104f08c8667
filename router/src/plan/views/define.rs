//! A view's query as it is kept: from what CREATE VIEW says to text that means the same in every session and after every ALTER TABLE.

use std::ops::Range;

use super::columns::{Star, Stars, replacements};
use super::depends::{Literals, literals, modes};
use super::expand::{New, Replacement, applied, span};
use super::order;
use super::walk::Found;
use crate::RouterError;
use crate::lexer::{SqlMode, TokenKind, decode_identifier, tokenize};
use crate::plan::Request;
use crate::plan::ast::{self, Part};
use crate::plan::keys::AGGREGATES;
use crate::plan::layout::Layout;
use crate::plan::nextval;
use crate::plan::select::{first_block, is_locking};
use crate::plan::special::{refuse_locks, special};
use crate::plan::tokens::Tokens;
use crate::plan::tree::{Body, Expr, Item, Query, Select, Source};
use crate::sharding::topology::quote;

/// MySQL's limit on the characters of a column's name.
const NAME_CHARS_MAX: usize = 64;

/// A view's query, its columns, and what it depends on.
#[derive(Debug)]
pub struct Definition {
    pub query: String,
    pub columns: Vec<String>,
    /// ORDER BY without LIMIT, by the view's columns, with "descending".
    pub order: Vec<(String, bool)>,
    pub updatable: bool,
    pub modes: Vec<(String, bool)>,
    pub literals: Literals,
}

/// Checks a view's query (`request.text`) before a server is asked about it.
///
/// Errors: 1350 and 1351; 1235 for what a view cannot have here.
pub fn check(request: &Request<'_>) -> Result<(), RouterError> {
    let tokens = Tokens::new(request.text, tokenize(request.text, request.mode)?);
    for at in 0..tokens.len() {
        match tokens.kind(at) {
            TokenKind::Parameter | TokenKind::UserVariable | TokenKind::SystemVariable => {
                let message = "View's SELECT contains a variable or parameter";
                return Err(RouterError::new(1351, "HY000", message));
            }
            _ if tokens.is_word(at, "INTO") => {
                return Err(RouterError::new(1350, "HY000", "View's SELECT contains a 'INTO' clause"));
            }
            _ if tokens.is_word(at, "CURRENT_USER") => {
                return Err(RouterError::not_supported("CURRENT_USER in a view"));
            }
            _ if tokens.is_word(at, "SQL_CALC_FOUND_ROWS") => {
                return Err(RouterError::not_supported("SQL_CALC_FOUND_ROWS in a view"));
            }
            _ => {}
        }
    }
    if is_locking(&tokens) {
        return Err(RouterError::not_supported("FOR UPDATE and LOCK IN SHARE MODE in a view"));
    }
    let mut special = special(&tokens)?;
    refuse_locks(special.locks)?;
    nextval::in_query(&tokens, &mut special)?;
    nextval::refuse(&special, "a view")?;
    parsed(&tokens, request.mode).map(|_| ())
}

fn parsed(tokens: &Tokens<'_>, mode: SqlMode) -> Result<Query, RouterError> {
    let parts = [Part::Tokens(0..tokens.len())];
    let query = ast::parse(tokens, &parts, mode).map_err(|message| {
        RouterError::not_supported(format_args!(
            "a view of a query that the planner does not read ({message})"
        ))
    })?;
    if query.odd {
        return Err(RouterError::not_supported(
            "a view of a query with a clause that the planner does not know",
        ));
    }
    Ok(query)
}

/// Makes the definition. `labels`: what a server calls the query's columns; `list`: the view's column list.
///
/// Errors: 1060, 1166, 1353 for columns; 1235 for a `*` whose columns are not certain.
pub fn define(request: &Request<'_>, labels: &[String], list: &[String]) -> Result<Definition, RouterError> {
    let tokens = &Tokens::new(request.text, tokenize(request.text, request.mode)?);
    let query = parsed(tokens, request.mode)?;
    let found = Found::of(&query);
    let mut stars = Stars::new(request, tokens);
    stars.query(&query)?;
    if !list.is_empty() && list.len() != labels.len() {
        let message = "View's SELECT and view's field list have different column counts";
        return Err(RouterError::new(1353, "HY000", message));
    }
    let top = Top::of(tokens, &query, &stars.found, labels)?;
    let inner = top.names(labels)?;
    let columns = if list.is_empty() { inner.clone() } else { list.to_vec() };
    for (index, column) in columns.iter().enumerate() {
        if is_bad(column) {
            return Err(RouterError::new(1166, "42000", format!("Incorrect column name '{column}'")));
        }
        if columns.iter().take(index).any(|before| before.eq_ignore_ascii_case(column)) {
            return Err(RouterError::new(1060, "42S21", format!("Duplicate column name '{column}'")));
        }
    }
    // Another name for an item could be taken for it in ORDER BY and the like, so those queries stay as they are inside.
    let wraps = !list.is_empty() && !is_plain(&query);
    let named = if wraps { &inner } else { &columns };
    let mut edits: Vec<Replacement> = qualified(request, &found).collect();
    edits.extend(quotes(tokens));
    edits.extend(top.aliases(tokens, named));
    edits.extend(replacements(&stars.found).filter(|star| !top.has(&star.range)));
    let source = String::from_utf8_lossy(request.text).into_owned();
    let mut text = without_parentheses(tokens, &query, applied(&source, edits));
    if wraps {
        let items: Vec<String> = inner
            .iter()
            .zip(&columns)
            .map(|(old, new)| format!("`__view`.{} AS {}", quote(old), quote(new)))
            .collect();
        text = format!("SELECT {} FROM ({text}) AS `__view`", items.join(", "));
    }
    let order = order::of_view(tokens, &query, &top, &columns)?;
    Ok(Definition {
        query: text,
        columns,
        order,
        updatable: is_updatable(request, &query),
        modes: modes(tokens, request.mode),
        literals: literals(tokens, &found),
    })
}

/// The SELECT that names a query's columns.
pub(super) struct Top<'q> {
    pub items: Vec<TopItem<'q>>,
}

pub(super) struct TopItem<'q> {
    pub item: &'q Item,
    /// Bytes of the item.
    range: Range<usize>,
    pub tokens: Range<usize>,
    pub star: Option<&'q Star>,
    /// Its columns among the query's.
    pub columns: Range<usize>,
}

impl<'q> Top<'q> {
    /// Errors: 1235 where a server counts columns otherwise.
    fn of(
        tokens: &Tokens<'_>,
        query: &'q Query,
        stars: &'q [Star],
        labels: &[String],
    ) -> Result<Self, RouterError> {
        let uncertain = || RouterError::not_supported("a view whose columns are not certain; name them all");
        let Some(select) = first_block(&query.body) else { return Ok(Self { items: Vec::new() }) };
        let at = tokens.at_byte(select.start).filter(|at| tokens.is_word(*at, "SELECT"));
        let layout = Layout::new(tokens, at.ok_or_else(uncertain)?);
        if layout.items.len() != select.items.len() {
            return Err(uncertain());
        }
        let mut items = Vec::new();
        let mut count = 0;
        for (item, range) in select.items.iter().zip(layout.items) {
            let last = range.end.checked_sub(1).filter(|last| *last >= range.start).ok_or_else(uncertain)?;
            let bytes = tokens.start(range.start)..tokens.end(last);
            let star = stars.iter().find(|star| star.range == bytes);
            let width = match item {
                Item::Expr { .. } => 1,
                Item::Star | Item::TableStar(_) => star.ok_or_else(uncertain)?.columns.len(),
            };
            items.push(TopItem { item, range: bytes, tokens: range, star, columns: count..count + width });
            count += width;
        }
        if count != labels.len() {
            return Err(uncertain());
        }
        for item in &items {
            let expected = item.star.iter().flat_map(|star| star.columns.iter().map(|(_, name)| name));
            let said = labels.get(item.columns.clone()).unwrap_or_default();
            if item.star.is_some() && !expected.eq(said) {
                return Err(uncertain());
            }
        }
        Ok(Self { items })
    }

    fn has(&self, range: &Range<usize>) -> bool {
        self.items.iter().any(|item| item.star.is_some() && item.range == *range)
    }

    /// Names of the columns: a server's labels, but for expressions whose text makes no name or one that another column has.
    fn names(&self, labels: &[String]) -> Result<Vec<String>, RouterError> {
        let mut made = vec![false; labels.len()];
        for item in &self.items {
            let is_made =
                matches!(item.item, Item::Expr { expr, alias: None } if !matches!(expr, Expr::Column(_)));
            if let Some(made) = made.get_mut(item.columns.start) {
                *made |= is_made;
            }
        }
        let mut names = labels.to_vec();
        for (index, (name, made)) in names.iter_mut().zip(&made).enumerate() {
            if *made && is_bad(name) {
                *name = format!("Name_exp_{}", index + 1);
            }
        }
        for index in 0..names.len() {
            let Some(name) = names.get(index).cloned() else { continue };
            let same = |other: &String| other.eq_ignore_ascii_case(&name);
            let Some(before) = names.iter().take(index).position(same) else { continue };
            let renamed = if made.get(index) == Some(&true) {
                index
            } else if made.get(before) == Some(&true) {
                before
            } else {
                continue;
            };
            let new = format!("My_exp_{name}");
            if is_bad(&new) || names.iter().any(|other| other.eq_ignore_ascii_case(&new)) {
                return Err(RouterError::new(1060, "42S21", format!("Duplicate column name '{name}'")));
            }
            if let Some(slot) = names.get_mut(renamed) {
                *slot = new;
            }
        }
        Ok(names)
    }

    /// Gives each item its name.
    fn aliases(&self, tokens: &Tokens<'_>, names: &[String]) -> Vec<Replacement> {
        let mut edits = Vec::new();
        for item in &self.items {
            let mine = names.get(item.columns.clone()).unwrap_or_default();
            match (item.item, item.star, mine) {
                (_, Some(star), names) => {
                    let columns = star.columns.iter().zip(names).map(|((written, old), new)| {
                        if old == new { written.clone() } else { format!("{written} AS {}", quote(new)) }
                    });
                    let columns: Vec<String> = columns.collect();
                    edits.push(Replacement { range: item.range.clone(), new: New::Text(columns.join(", ")) });
                }
                (Item::Expr { alias: Some(alias), .. }, _, [name]) if alias == name => {}
                (Item::Expr { alias: Some(_), .. }, _, [name]) => {
                    let last = item.tokens.end.saturating_sub(1);
                    edits.push(Replacement { range: tokens.get(last).range(), new: New::Text(quote(name)) });
                }
                (Item::Expr { expr: Expr::Column(column), .. }, _, [name]) if column.name() == name => {}
                (_, _, [name]) => {
                    let end = item.range.end;
                    edits.push(Replacement {
                        range: end..end,
                        new: New::Text(format!(" AS {}", quote(name))),
                    });
                }
                _ => {}
            }
        }
        edits
    }
}

fn is_bad(name: &str) -> bool {
    name.is_empty() || name.ends_with(' ') || name.chars().count() > NAME_CHARS_MAX
}

/// One SELECT in which only the answer has the items' names.
fn is_plain(query: &Query) -> bool {
    let Body::Select(select) = &query.body else { return false };
    query.order_by.is_empty() && select.group_by.is_empty() && select.having.is_none() && !select.rollup
}

/// Table names without a database get the one that they mean now.
fn qualified(request: &Request<'_>, found: &Found<'_>) -> impl Iterator<Item = Replacement> {
    let database = request.database.map(quote);
    found.mentions.iter().filter_map(move |mention| {
        let database = database.as_ref().filter(|_| mention.name.len() == 1)?;
        let start = span(&mention.name).start;
        Some(Replacement { range: start..start, new: New::Text(format!("{database}.")) })
    })
}

/// Names in double quotes get back ticks, and strings in double quotes single ones: ANSI_QUOTES reads them otherwise.
fn quotes(tokens: &Tokens<'_>) -> Vec<Replacement> {
    let mut edits = Vec::new();
    for at in 0..tokens.len() {
        let bytes = tokens.bytes(at);
        if bytes.first() != Some(&b'"') {
            continue;
        }
        let new = match tokens.kind(at) {
            TokenKind::QuotedIdent => quote(&decode_identifier(bytes)),
            TokenKind::String => {
                let inside = bytes.get(1..bytes.len().saturating_sub(1)).unwrap_or_default();
                let inside = String::from_utf8_lossy(inside);
                format!("'{}'", single_quoted(&inside))
            }
            _ => continue,
        };
        edits.push(Replacement { range: tokens.get(at).range(), new: New::Text(new) });
    }
    edits
}

/// What stands between double quotes, for between single ones. A backslash keeps what follows it.
fn single_quoted(inside: &str) -> String {
    let mut out = String::with_capacity(inside.len());
    let mut chars = inside.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\\' => {
                out.push(char);
                // With NO_BACKSLASH_ESCAPES a quote may follow, and is then one of a pair.
                if chars.peek() != Some(&'\'') && chars.peek() != Some(&'"') {
                    out.extend(chars.next());
                }
            }
            '"' if chars.peek() == Some(&'"') => {
                chars.next();
                out.push('"');
            }
            '\'' => out.push_str("''"),
            other => out.push(other),
        }
    }
    out
}

/// Parentheses around all of it would be doubled in a FROM clause.
fn without_parentheses(tokens: &Tokens<'_>, query: &Query, text: String) -> String {
    let is_whole = matches!(query.body, Body::Nested(_))
        && query.with.is_empty()
        && query.order_by.is_empty()
        && !query.limited
        && tokens.is_op(0, "(")
        && tokens.close(0) + 1 == tokens.len();
    let inside = text.trim().strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    match inside.filter(|_| is_whole) {
        Some(inside) => inside.trim().to_owned(),
        None => text,
    }
}

/// A server could write through it: rows of tables, one for one.
fn is_updatable(request: &Request<'_>, query: &Query) -> bool {
    let Body::Select(select) = &query.body else { return false };
    if !query.with.is_empty() || query.limited || select.distinct || select.rollup || select.from.is_empty() {
        return false;
    }
    let is_plain = |item: &Item| match item {
        Item::Expr { expr, .. } => {
            let folds = |(name, window): &(&str, bool)| *window || AGGREGATES.contains(name);
            !expr.calls().iter().any(folds) && expr.queries().is_empty()
        }
        Item::Star | Item::TableStar(_) => true,
    };
    select.group_by.is_empty()
        && select.having.is_none()
        && select.items.iter().all(is_plain)
        && has_column(select)
        && select.from.iter().all(|source| is_writable(request, source))
}

fn has_column(select: &Select) -> bool {
    let is_column = |item: &Item| {
        matches!(item, Item::Star | Item::TableStar(_) | Item::Expr { expr: Expr::Column(_), .. })
    };
    select.items.iter().any(is_column)
}

fn is_writable(request: &Request<'_>, source: &Source) -> bool {
    match source {
        Source::Table { name, .. } => {
            let (database, table) = match name.as_slice() {
                [database, table] => (Some(database.text.as_str()), table),
                [table] => (request.database, table),
                _ => return false,
            };
            let view = database.and_then(|database| request.catalog.view(database, &table.text));
            view.is_none_or(|view| view.updatable)
        }
        Source::Join(join) => is_writable(request, &join.left) && is_writable(request, &join.right),
        Source::Derived { .. } | Source::Other { .. } => false,
    }
}

//! ORDER BY of a view without LIMIT. Servers give it to a query on the view that has none of its own, and a LIMIT there takes rows by it.

use std::ops::Range;

use super::define::Top;
use super::expand::{New, Replacement, view_of};
use super::walk::{Found, Mention};
use crate::RouterError;
use crate::lexer::TokenKind;
use crate::plan::Request;
use crate::plan::keys::{has_aggregate, has_window};
use crate::plan::layout::Layout;
use crate::plan::tokens::Tokens;
use crate::plan::tree::{Body, Expr, Item, Query, Select, Source};
use crate::sharding::topology::quote;

/// What a view's query is ordered by, if that is not decided in it.
///
/// Errors: 1235 for what is none of the view's columns.
pub(super) fn of_view(
    tokens: &Tokens<'_>,
    query: &Query,
    top: &Top<'_>,
    columns: &[String],
) -> Result<Vec<(String, bool)>, RouterError> {
    let Body::Select(select) = &query.body else { return Ok(Vec::new()) };
    if query.order_by.is_empty() || query.limited {
        return Ok(Vec::new());
    }
    let refuse = || {
        RouterError::not_supported(
            "a view with ORDER BY of what is none of its columns, and no LIMIT; leave ORDER BY to the queries on the view",
        )
    };
    let at = tokens.at_byte(select.start).ok_or_else(refuse)?;
    let keys = Layout::new(tokens, at).order_keys;
    if keys.len() != query.order_by.len() {
        return Err(refuse());
    }
    let named = query.order_by.iter().zip(keys).map(|(expr, (range, descending))| {
        let name = column_of(tokens, expr, &range, top).and_then(|index| columns.get(index));
        name.map(|name| (name.clone(), descending)).ok_or_else(refuse)
    });
    named.collect()
}

/// Which of the query's columns a key of ORDER BY is.
fn column_of(tokens: &Tokens<'_>, key: &Expr, range: &Range<usize>, top: &Top<'_>) -> Option<usize> {
    if range.len() == 1 && tokens.kind(range.start) == TokenKind::Integer {
        let digits = std::str::from_utf8(tokens.bytes(range.start)).ok()?;
        return digits.parse::<usize>().ok()?.checked_sub(1);
    }
    if let Expr::Column(column) = key
        && column.parts.len() == 1
    {
        let by_alias = top.items.iter().find(|item| {
            matches!(item.item, Item::Expr { alias: Some(alias), .. } if alias.eq_ignore_ascii_case(column.name()))
        });
        if let Some(item) = by_alias {
            return Some(item.columns.start);
        }
    }
    let same = |a: Range<usize>, b: &Range<usize>| {
        let (mut a, mut b) = (a, b.clone());
        a.len() == b.len()
            && a.all(|at| {
                b.next().is_some_and(|other| tokens.bytes(at).eq_ignore_ascii_case(tokens.bytes(other)))
            })
    };
    top.items.iter().find_map(|item| match (item.item, key) {
        (Item::Expr { expr: Expr::Column(known), .. }, Expr::Column(column)) => {
            let is_same = known.name().eq_ignore_ascii_case(column.name())
                && (known.parts.len() == 1
                    || column.parts.len() == 1
                    || same(item.tokens.start..item.tokens.start + range.len(), range));
            is_same.then_some(item.columns.start)
        }
        (Item::Expr { alias: None, .. }, _) => same(item.tokens.clone(), range).then_some(item.columns.start),
        (Item::Expr { alias: Some(_), .. }, _) => {
            same(item.tokens.start..item.tokens.start + range.len(), range).then_some(item.columns.start)
        }
        (Item::Star | Item::TableStar(_), Expr::Column(column)) => {
            let names = &item.star?.columns;
            let at = names.iter().position(|(_, name)| name.eq_ignore_ascii_case(column.name()))?;
            Some(item.columns.start + at)
        }
        (Item::Star | Item::TableStar(_), _) => None,
    })
}

/// ORDER BY clauses that a query's SELECTs get from their views. `is_statement`: the query is the client's, not a view's.
///
/// Errors: 1235 where a LIMIT would take rows by a view's order that cannot be given on.
pub(super) fn inherited(
    request: &Request<'_>,
    tokens: &Tokens<'_>,
    found: &Found<'_>,
    is_statement: bool,
) -> Result<Vec<Replacement>, RouterError> {
    let mut edits = Vec::new();
    for (index, query) in found.queries.iter().enumerate() {
        let Body::Select(select) = &query.body else { continue };
        if !query.order_by.is_empty() {
            continue;
        }
        let mut ordered = Vec::new();
        select.from.iter().for_each(|source| ordered_views(request, source, &mut ordered));
        let Some((known_as, order)) = ordered.first() else { continue };
        let is_outermost = is_statement && index == 0 && tokens.is_word(0, "SELECT");
        let is_simple = is_simple(select);
        if query.limited && !is_simple {
            return Err(RouterError::not_supported(format_args!(
                "LIMIT without ORDER BY of a query on view '{known_as}', which has an ORDER BY; give the query its own"
            )));
        }
        if !(is_simple && (query.limited || is_outermost)) {
            continue;
        }
        let Some(at) = tokens.at_byte(select.start).filter(|at| tokens.is_word(*at, "SELECT")) else {
            continue;
        };
        let layout = Layout::new(tokens, at);
        let keys: Vec<String> = order
            .iter()
            .map(|(name, descending)| {
                let direction = if *descending { " DESC" } else { "" };
                format!("{}.{}{direction}", quote(known_as), quote(name))
            })
            .collect();
        let at = Layout::byte_before(tokens, layout.tail(tokens));
        edits.push(Replacement { range: at..at, new: New::Text(format!(" ORDER BY {}", keys.join(", "))) });
    }
    Ok(edits)
}

/// Views with an order in a FROM clause, by the names that their columns have.
fn ordered_views(request: &Request<'_>, source: &Source, found: &mut Vec<(String, Vec<(String, bool)>)>) {
    match source {
        Source::Table { name, alias } => {
            let mention = Mention { name: name.clone(), alias: alias.clone(), outermost: false };
            if let Some((_, view)) = view_of(request, &mention)
                && !view.order.is_empty()
            {
                found.push((mention.known_as().to_owned(), view.order.clone()));
            }
        }
        Source::Join(join) => {
            ordered_views(request, &join.left, found);
            ordered_views(request, &join.right, found);
        }
        Source::Derived { .. } | Source::Other { .. } => {}
    }
}

/// Rows of one table, as they are.
fn is_simple(select: &Select) -> bool {
    let folds = |item: &Item| match item {
        Item::Expr { expr, .. } => has_aggregate(expr) || has_window(expr),
        Item::Star | Item::TableStar(_) => false,
    };
    matches!(select.from.as_slice(), [Source::Table { .. }])
        && !select.distinct
        && select.group_by.is_empty()
        && select.having.is_none()
        && !select.items.iter().any(folds)
}

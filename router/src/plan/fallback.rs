//! What the parser does not know passes when every table named is on one group; a query is gathered with whole tables otherwise, and a write refused. Nothing is
//! guessed.

use std::sync::Arc;

use super::analysis::Analysis;
use super::bind::{Binder, Kind};
use super::classes::Classes;
use super::condition::Condition;
use super::gather::{Gatherer, is_grouped};
use super::layout::Layout;
use super::select::{assemble, calculates_found_rows, edits};
use super::special::Special;
use super::text::{Cutter, Edit, text};
use super::tokens::Tokens;
use super::tree::Name;
use super::{Combine, Request, RoutedPlan, StatementClass};
use crate::RouterError;
use crate::lexer::TokenKind;

/// Words behind which a list of tables starts.
const BEFORE_TABLES: &[&str] = &["FROM", "JOIN", "STRAIGHT_JOIN", "UPDATE", "INTO", "TABLE", "USING"];

/// Plans a statement that did not parse; `message` is the parser's.
///
/// Errors: those of binding; 1235 with the message when a sharded table is named, or names are not certain.
pub(crate) fn plan(
    request: &Request<'_>,
    tokens: &Tokens<'_>,
    special: Special,
    class: StatementClass,
    message: &str,
) -> Result<RoutedPlan, RouterError> {
    let refuse = || RouterError::not_supported(format_args!("this statement on these tables ({message})"));
    let mut binder = Binder::new(request);
    binder.ctes = with_queries(tokens);
    let verb = tokens.behind_with();
    for at in 0..tokens.len() {
        if !is_before_tables(tokens, verb, at) {
            continue;
        }
        // Behind a comma is what the FROM lists.
        match tokens.is_any_word(at, &["JOIN", "STRAIGHT_JOIN"]) {
            true => table_factor(tokens, at + 1, &mut binder)?,
            false => table_list(tokens, at + 1, &mut binder)?,
        }
    }
    if binder.references.is_empty() && tokens.is_any_word(verb, &["UPDATE", "DELETE"]) {
        return Err(RouterError::syntax(format_args!("near '{}'", String::from_utf8_lossy(tokens.text))));
    }
    let has = |kind| binder.references.iter().any(|reference| reference.kind == kind);
    let groups = binder.database.as_ref().map_or(0, |database| database.groups.len());
    let reads = matches!(class, StatementClass::Read | StatementClass::LockingRead);
    let copies_written = has(Kind::Broadcast) && groups > 1 && !reads;
    if (has(Kind::Sharded) && !reads) || copies_written {
        return Err(refuse());
    }
    let named = |at: usize| tokens.kind(at) == TokenKind::Word || tokens.kind(at) == TokenKind::QuotedIdent;
    let qualified = (0..tokens.len()).any(|at| {
        named(at)
            && tokens.is_op(at + 1, ".")
            && named(at + 2)
            && tokens.is_op(at + 3, ".")
            && !is_reference(tokens, at, &binder)
    });
    if qualified || has_unknown_qualifier(tokens, &binder) {
        return Err(refuse());
    }
    let analysis = Analysis {
        database: binder.database.clone(),
        names: binder.table_names(),
        conditions: vec![Condition::All; binder.references.len()],
        edges: Vec::new(),
        scatter: Err(message.to_owned()),
        qualifiers: Vec::new(),
        system_qualifiers: Vec::new(),
        firm: Classes::default(),
        copies: false,
        body: 0,
        blocks: Vec::new(),
        cte_mentions: Vec::new(),
        system: Vec::new(),
        references: binder.references,
    };
    let mut cutter = Cutter::new(&request.template.holes, edits(&analysis, special.edits.clone()));
    keep_labels(tokens, &mut cutter);
    let alone = cutter.range(0, request.template.length);
    let reason = format!("a query that the planner does not read ({message})");
    let combine = match reads {
        true => {
            let binder = &Binder::new(request);
            let gatherer = Gatherer {
                request,
                tokens,
                cutter: &cutter,
                analysis: &analysis,
                binder,
                assigns: !special.assigned.is_empty(),
                query: None,
                groups: is_grouped(request, tokens),
            };
            match gatherer.whole(reason, class) {
                Ok(gather) => Combine::Gather(Arc::new(gather)),
                Err(reason) => Combine::Never(reason.into()),
            }
        }
        false => Combine::Never(message.into()),
    };
    let mut plan = assemble(request, analysis, class, combine, alone, Vec::new());
    plan.user_variables = special.variables;
    plan.assigned = special.assigned;
    plan.calc_found_rows = calculates_found_rows(tokens);
    plan.reads_time |= special.reads_time;
    Ok(plan)
}

/// An item without alias that has something replaced in it keeps its label.
fn keep_labels(tokens: &Tokens<'_>, cutter: &mut Cutter<'_>) {
    let select = tokens.find(0, tokens.len(), |at| tokens.is_word(at, "SELECT"));
    if select >= tokens.len() {
        return;
    }
    let mut labels = Vec::new();
    for item in Layout::new(tokens, select).items {
        let Some(last) = item.end.checked_sub(1).filter(|last| *last > item.start) else { continue };
        let (start, end) = (tokens.start(item.start), tokens.end(last));
        let before = last - 1;
        // `t.c` is labelled c; a name behind an expression is an alias.
        let is_named = tokens.name(last).is_some()
            && (tokens.is_op(before, ".")
                || tokens.is_op(before, ")")
                || tokens.name(before).is_some()
                || !matches!(tokens.kind(before), TokenKind::Op));
        let is_string = tokens.kind(last) == TokenKind::String;
        if !is_named && !is_string && cutter.touches(start, end) {
            labels.push(Edit::new(end..end, vec![text(" AS "), cutter.label(start, end)]));
        }
    }
    cutter.edits.extend(labels);
}

/// Names of WITH queries: `name [(columns)] AS (`, wherever they stand. A table of that name is not read then, which is an error and no wrong answer.
pub(super) fn with_queries(tokens: &Tokens<'_>) -> Vec<String> {
    let mut names = Vec::new();
    let before = |at: usize| {
        at > 0 && (tokens.is_any_word(at - 1, &["WITH", "RECURSIVE"]) || tokens.is_op(at - 1, ","))
    };
    for at in (0..tokens.len()).filter(|at| before(*at)) {
        let after = if tokens.is_op(at + 1, "(") { tokens.close(at + 1) + 1 } else { at + 1 };
        let opens = tokens.is_word(after, "AS") && tokens.is_op(after + 1, "(");
        let inside = (after + 1..tokens.len()).find(|at| !tokens.is_op(*at, "("));
        let is_query = |at: usize| tokens.is_any_word(at, &["SELECT", "WITH", "VALUES", "TABLE"]);
        if opens && inside.is_some_and(is_query) {
            names.extend(tokens.name(at));
        }
    }
    names
}

fn is_reference(tokens: &Tokens<'_>, at: usize, binder: &Binder<'_>) -> bool {
    binder.references.iter().any(|reference| reference.span.start == tokens.start(at))
}

/// `verb`: the statement's first word, behind its WITH. Some of these words have another meaning elsewhere: JOIN ... USING (columns), FOR UPDATE, USE INDEX FOR JOIN.
fn is_before_tables(tokens: &Tokens<'_>, verb: usize, at: usize) -> bool {
    if !tokens.is_any_word(at, BEFORE_TABLES) {
        return false;
    }
    let is_first = at == verb;
    (is_first || !tokens.is_word(at, "UPDATE"))
        && (tokens.is_word(verb, "DELETE") || !tokens.is_word(at, "USING"))
        && (is_first || !tokens.is_word(at - 1, "FOR"))
        && !(tokens.is_word(at, "STRAIGHT_JOIN") && !is_first && is_modifier(tokens, at - 1))
}

/// What stands between SELECT and its list.
fn is_modifier(tokens: &Tokens<'_>, at: usize) -> bool {
    const MODIFIERS: &[&str] =
        &["SELECT", "DISTINCT", "ALL", "DISTINCTROW", "HIGH_PRIORITY", "SQL_CALC_FOUND_ROWS", "SQL_NO_CACHE"];
    tokens.is_any_word(at, MODIFIERS)
}

/// Words behind a list of tables.
const AFTER_TABLES: &[&str] = &[
    "WHERE",
    "GROUP",
    "HAVING",
    "ORDER",
    "LIMIT",
    "WINDOW",
    "LOCK",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "PROCEDURE",
    "SET",
    "INTO",
    "RETURNING",
    "VALUES",
];

/// Binds the tables of a list that starts at `at`: the first one of each part between commas. Those behind a JOIN are found by that word, and those of a
/// query in parentheses by its own FROM.
fn table_list(tokens: &Tokens<'_>, at: usize, binder: &mut Binder<'_>) -> Result<(), RouterError> {
    let end = tokens.find(at, tokens.len(), |at| {
        tokens.is_op(at, ")")
            || tokens.is_any_word(at, AFTER_TABLES)
            || tokens.is_any_word(at, &["FOR"]) && !is_hint(tokens, at)
    });
    for part in tokens.split(at, end) {
        if !part.is_empty() {
            table_factor(tokens, part.start, binder)?;
        }
    }
    Ok(())
}

/// FOR JOIN, FOR ORDER BY and FOR GROUP BY of an index hint.
fn is_hint(tokens: &Tokens<'_>, at: usize) -> bool {
    at > 0 && tokens.is_any_word(at - 1, &["INDEX", "KEY"])
}

fn table_factor(tokens: &Tokens<'_>, mut at: usize, binder: &mut Binder<'_>) -> Result<(), RouterError> {
    if tokens.is_op(at, "(") {
        let inside = (at..tokens.len()).find(|index| !tokens.is_op(*index, "(")).unwrap_or(at);
        let is_query = tokens.is_any_word(inside, &["SELECT", "WITH", "VALUES", "TABLE"]);
        return if is_query { Ok(()) } else { table_list(tokens, at + 1, binder) };
    }
    if tokens.is_op(at, "{") {
        return Err(RouterError::not_supported("{oj ...} in a query that the planner does not read"));
    }
    // FROM inside EXTRACT, TRIM and the like, or a table function.
    let is_function_from = at > 0 && tokens.is_word(at - 1, "FROM") && inside_call(tokens, at - 1);
    if tokens.is_any_word(at, &["SELECT", "DUAL", "LATERAL"]) || tokens.is_op(at + 1, "(") || is_function_from
    {
        return Ok(());
    }
    let Some(first) = tokens.name(at) else { return Ok(()) };
    let first_at = at;
    let name = |at: usize, text: String| Name { text, span: tokens.start(at)..tokens.end(at) };
    let mut parts = vec![name(at, first)];
    at += 1;
    if tokens.is_op(at, ".") {
        if let Some(second) = tokens.name(at + 1) {
            parts.push(name(at + 1, second));
        }
        at += 2;
    }
    let explicit = tokens.is_word(at, "AS");
    let alias_at = if explicit { at + 1 } else { at };
    let alias = match tokens.kind(alias_at) {
        TokenKind::QuotedIdent => tokens.name(alias_at),
        TokenKind::Word if explicit || !is_keyword(tokens, alias_at) => tokens.name(alias_at),
        _ => None,
    };
    if !binder.is_cte(&parts) {
        let index = binder.table(&parts, alias.as_deref())?;
        // `TABLE t` takes no alias.
        binder.references[index].has_alias |= first_at > 0 && tokens.is_word(first_at - 1, "TABLE");
    }
    Ok(())
}

/// A name of two parts whose first is no table, alias or query that is known: it could be a table that was not found.
fn has_unknown_qualifier(tokens: &Tokens<'_>, binder: &Binder<'_>) -> bool {
    let named = |at: usize| matches!(tokens.kind(at), TokenKind::Word | TokenKind::QuotedIdent);
    let aliases = (1..tokens.len()).filter(|at| {
        tokens.is_op(at - 1, ")") || tokens.is_word(at - 1, "AS") && *at > 1 && tokens.is_op(at - 2, ")")
    });
    let aliases: Vec<String> = aliases.filter_map(|at| tokens.name(at)).collect();
    (0..tokens.len()).any(|at| {
        let is_first = named(at) && tokens.is_op(at + 1, ".") && !(at > 0 && tokens.is_op(at - 1, "."));
        let Some(name) = tokens.name(at).filter(|_| is_first) else { return false };
        let is_known = binder.references.iter().any(|reference| {
            reference.known_as.eq_ignore_ascii_case(&name) || reference.span.start == tokens.start(at)
        });
        !is_known && !aliases.iter().chain(&binder.ctes).any(|known| known.eq_ignore_ascii_case(&name))
    })
}

/// True when FROM stands in the parentheses of EXTRACT, TRIM or SUBSTRING.
fn inside_call(tokens: &Tokens<'_>, from: usize) -> bool {
    let mut depth = 0usize;
    for at in (0..from).rev() {
        if tokens.is_op(at, ")") {
            depth += 1;
        } else if depth == 0 && tokens.is_word(at, "SELECT") {
            return false;
        } else if tokens.is_op(at, "(") {
            if depth == 0 {
                return at > 0
                    && tokens.is_any_word(at - 1, &["EXTRACT", "TRIM", "SUBSTRING", "SUBSTR", "MID"]);
            }
            depth -= 1;
        }
    }
    false
}

/// Words that cannot be an alias without AS.
fn is_keyword(tokens: &Tokens<'_>, at: usize) -> bool {
    tokens.is_any_word(
        at,
        &[
            "WHERE",
            "SET",
            "JOIN",
            "INNER",
            "LEFT",
            "RIGHT",
            "CROSS",
            "NATURAL",
            "STRAIGHT_JOIN",
            "ON",
            "USING",
            "ORDER",
            "GROUP",
            "HAVING",
            "LIMIT",
            "FOR",
            "LOCK",
            "UNION",
            "EXCEPT",
            "INTERSECT",
            "USE",
            "FORCE",
            "IGNORE",
            "PARTITION",
            "VALUES",
            "VALUE",
            "SELECT",
            "WINDOW",
            "INTO",
            "PROCEDURE",
            "READ",
            "WRITE",
            "FROM",
            "WITH",
        ],
    )
}

//! SELECT: from tokens to a routed plan.

use std::ops::Range;
use std::sync::Arc;

use ostrakon_catalog::column::ColumnType;

use super::analysis::{Analysis, Analyst};
use super::ast::{self, Part};
use super::bind::{Binder, Kind};
use super::gather::{Gatherer, is_grouped};
use super::layout::Layout;
use super::merging::Merge;
use super::route::Tables;
use super::special::{NamedLocks, Special, refuse_locks, special, user_variables};
use super::system::SystemReference;
use super::text::{Cutter, Edit, Piece, text};
use super::tokens::Tokens;
use super::tree::{Body, Expr, Item, Query, Select};
use super::{Body as PlanBody, Combine, Request, RoutedPlan, StatementClass, access, fallback, nextval};
use crate::RouterError;
use crate::lexer::{TokenKind, tokenize};
use crate::sharding::topology::quote;

/// Plans a query.
///
/// Errors: those of binding, and 1235 for what is refused by name.
pub(crate) fn plan(request: &Request<'_>, tokens: &Tokens<'_>) -> Result<RoutedPlan, RouterError> {
    let mut special = special(tokens)?;
    nextval::in_query(tokens, &mut special)?;
    let into = into_variables(tokens)?;
    special.assigned.extend(user_variables(tokens, into.clone()));
    if special.sets_last_id {
        return Err(RouterError::not_supported("LAST_INSERT_ID(expression) in a query"));
    }
    let class = if is_locking(tokens) { StatementClass::LockingRead } else { StatementClass::Read };
    match ast::parse(
        tokens,
        &[Part::Tokens(0..into.start), Part::Tokens(into.end..tokens.len())],
        request.mode,
    ) {
        Ok(query) => parsed(request, tokens, &query, special, class),
        Err(message) => {
            nextval::refuse(&special, "a statement that is not understood")?;
            refuse_locks(special.locks)?;
            fallback::plan(request, tokens, special, class, &message)
        }
    }
}

/// The tokens of INTO with its user variables; an empty range where there is none.
///
/// Errors: 1235 for INTO of something else.
pub(crate) fn into_variables(tokens: &Tokens<'_>) -> Result<Range<usize>, RouterError> {
    let count = tokens.len();
    let is_into = |at: usize| tokens.is_word(at, "INTO");
    let into = tokens.find(0, count, is_into);
    let mut end = into;
    while end < count && (is_into(end) || tokens.is_op(end, ",")) {
        if tokens.kind(end + 1) != TokenKind::UserVariable {
            break;
        }
        end += 2;
    }
    match (0..count).any(|at| is_into(at) && !(into..end).contains(&at)) {
        true => Err(RouterError::not_supported("SELECT ... INTO anything but user variables")),
        false => Ok(into..end),
    }
}

/// SQL_CALC_FOUND_ROWS, wherever it stands.
pub(crate) fn calculates_found_rows(tokens: &Tokens<'_>) -> bool {
    (0..tokens.len()).any(|at| tokens.is_word(at, "SQL_CALC_FOUND_ROWS"))
}

pub(crate) fn is_locking(tokens: &Tokens<'_>) -> bool {
    (0..tokens.len()).any(|at| {
        (tokens.is_word(at, "FOR") && tokens.is_any_word(at + 1, &["UPDATE", "SHARE"]))
            || tokens.are_words(at, &["LOCK", "IN", "SHARE", "MODE"])
    })
}

/// True when a query by itself is answered by shards: it merges, or needs one group alone. What must be gathered is not planned.
pub(crate) fn is_shards_own(request: &Request<'_>) -> bool {
    let text = request.text.get(..request.template.length).unwrap_or(request.text);
    let Ok(raw) = tokenize(text, request.mode) else { return false };
    let tokens = &Tokens::new(text, raw);
    let Ok(special) = special(tokens) else { return false };
    let Ok(query) = ast::parse(tokens, &[Part::Tokens(0..tokens.len())], request.mode) else { return false };
    let Ok((analysis, binder)) = Analyst::new(request, tokens).run(&query) else { return false };
    if !analysis.references.iter().any(|reference| reference.kind == Kind::Sharded) {
        return !analysis.references.is_empty();
    }
    let cutter = Cutter::new(&request.template.holes, edits(&analysis, special.edits));
    let layout = first_select(tokens).map(|select| Layout::new(tokens, select));
    merged(request, tokens, &query, layout.as_ref(), &cutter, &analysis, &binder).is_ok()
}

fn parsed(
    request: &Request<'_>,
    tokens: &Tokens<'_>,
    query: &Query,
    special: Special,
    class: StatementClass,
) -> Result<RoutedPlan, RouterError> {
    let nextvals = nextval::bind(request, &special.nexts)?;
    let (mut analysis, binder) = Analyst::new(request, tokens).run(query)?;
    if !analysis.references.is_empty() {
        nextval::refuse(&special, "a query on tables")?;
        refuse_locks(special.locks)?;
    }
    let holes = &request.template.holes;
    let mut cutter = Cutter::new(holes, edits(&analysis, special.edits));
    let layout = first_select(tokens).map(|select| Layout::new(tokens, select));
    if let Some(first) = first_block(&query.body)
        && let Some(select) = tokens.at_byte(first.start)
    {
        let layout = Layout::new(tokens, select);
        keep_labels(tokens, &mut cutter, &layout, first, &analysis);
    }
    let alone = cutter.range(0, request.template.length);
    let assigned = special.assigned.clone();
    let gatherer = Gatherer {
        request,
        tokens,
        cutter: &cutter,
        analysis: &analysis,
        binder: &binder,
        assigns: !assigned.is_empty(),
        query: Some(query),
        groups: is_grouped(request, tokens),
    };
    let merged = if !assigned.is_empty() {
        Err("an assignment to a user variable".into())
    } else if let Some(reason) = gatherer.answered_by_order() {
        Err(reason)
    } else {
        merged(request, tokens, query, layout.as_ref(), &cutter, &analysis, &binder)
    };
    let (combine, many) = match merged {
        Ok((spec, pieces)) => (Combine::Rows(spec), pieces),
        Err(reason) => {
            gatherer.check_hints()?;
            match gatherer.plan(reason, class) {
                Ok(gather) => (Combine::Gather(Arc::new(gather)), Vec::new()),
                Err(reason) => (Combine::Never(reason.into()), Vec::new()),
            }
        }
    };
    if matches!(combine, Combine::Gather(_)) {
        refuse_locks(special.locks)?;
    }
    if matches!(combine, Combine::Never(_) | Combine::Gather(_)) {
        analysis.scatter = analysis.scatter.and(Err(String::new()));
    }
    let found_rows = calculates_found_rows(tokens);
    let mut plan = assemble(request, analysis, class, combine, alone, many);
    plan.calc_found_rows = found_rows;
    plan.reads_time |= special.reads_time;
    plan.nextvals = nextvals;
    plan.user_variables = special.variables;
    plan.assigned = assigned;
    plan.locks = special.locks;
    plan.shareable = plan.may_be_shared(tokens);
    Ok(plan)
}

/// The merge, and the pieces of the statement for each physical table.
fn merged(
    request: &Request<'_>,
    tokens: &Tokens<'_>,
    query: &Query,
    layout: Option<&Layout>,
    cutter: &Cutter<'_>,
    analysis: &Analysis,
    binder: &Binder<'_>,
) -> Result<(Arc<crate::merge::MergeSpec>, Vec<Piece>), String> {
    if let Err(reason) = &analysis.scatter {
        return Err(reason.clone());
    }
    if (0..tokens.len()).any(|at| tokens.is_word(at, "ROWNUM")) {
        return Err("ROWNUM()".into());
    }
    let (Body::Select(select), Some(layout)) = (&query.body, layout) else {
        return Err("a query in parentheses".into());
    };
    if tokens.start(first_select(tokens).unwrap_or(0)) != select.start || layout.end != tokens.len() {
        return Err("a query that does not start with SELECT".into());
    }
    // mysqldump's `SELECT /*!40001 SQL_NO_CACHE */ *` stands before the select list, and nothing is cut there.
    if tokens.has_version_comment(layout.items.last().map_or(0, |item| item.end)) {
        return Err("a version comment, whose end could go with a clause that the merge replaces".into());
    }
    // Servers answer BIT as a number where they put it into a temporary table, as these do (tried: MariaDB 10.11, MySQL 9.7).
    let folds = (0..tokens.len()).any(|at| tokens.is_any_word(at, &["DISTINCT", "DISTINCTROW", "GROUP"]));
    if folds && names_bits(analysis, binder) {
        return Err("DISTINCT or GROUP BY with a column of type BIT".into());
    }
    let merge = Merge { tokens, cutter, binder, analysis, query, select, layout, mode: request.mode };
    let merged = merge.plan()?;
    let edits = cutter.edits.iter().cloned().chain(merged.edits).collect();
    let many = Cutter::new(cutter.holes, edits).range(0, request.template.length);
    Ok((merged.spec, many))
}

/// A column of type BIT is named. `*` is not looked at: a row with its key is not made less by DISTINCT.
fn names_bits(analysis: &Analysis, binder: &Binder<'_>) -> bool {
    let columns = analysis.references.iter().flat_map(|reference| &reference.table.columns);
    let bits: Vec<&str> = columns
        .filter(|column| matches!(column.data_type, ColumnType::Bit))
        .map(|column| column.name.as_str())
        .collect();
    let mut names = binder.mentions.iter().filter_map(|(_, parts)| parts.last());
    names.any(|name| bits.iter().any(|bit| bit.eq_ignore_ascii_case(&name.text)))
}

/// Index of the outermost SELECT: the first word, behind parentheses.
fn first_select(tokens: &Tokens<'_>) -> Option<usize> {
    let first = (0..tokens.len()).find(|at| !tokens.is_op(*at, "("))?;
    tokens.is_word(first, "SELECT").then_some(first)
}

/// Replacements that every physical statement needs: table names, qualifiers, session functions.
pub(crate) fn edits(analysis: &Analysis, session: Vec<Edit>) -> Vec<Edit> {
    let mut edits = session;
    for (index, reference) in analysis.references.iter().enumerate() {
        let mut pieces = vec![Piece::Table(index)];
        if !reference.has_alias && !reference.bare {
            pieces.push(text(format!(" AS {}", quote(&reference.known_as))));
        }
        edits.push(Edit::new(reference.span.clone(), pieces));
    }
    edits.extend(analysis.system_qualifiers.iter().cloned().map(Edit::cut));
    edits.extend(analysis.system.iter().filter_map(SystemReference::qualified));
    for (span, index) in &analysis.qualifiers {
        if let Some(reference) = analysis.references.get(*index) {
            let piece = if reference.bare { Piece::Table(*index) } else { text(quote(&reference.known_as)) };
            edits.push(Edit::new(span.clone(), vec![piece]));
        }
    }
    edits
}

/// The bytes of a select item whose label is its own text: it has no alias, and is no column that keeps its name.
pub(crate) fn labelled_by_text(
    tokens: &Tokens<'_>,
    item: &Item,
    range: &Range<usize>,
) -> Option<Range<usize>> {
    let last = range.end.checked_sub(1).filter(|last| *last >= range.start)?;
    let is_named = match item {
        Item::Expr { alias: Some(_), .. } | Item::Star | Item::TableStar(_) => true,
        // A replaced word (CURRENT_USER) looks like a column to the parser.
        Item::Expr { expr: Expr::Column(column), .. } => column.parts.len() > 1,
        Item::Expr { .. } => false,
    };
    (!is_named).then(|| tokens.start(range.start)..tokens.end(last))
}

/// An expression without alias is labelled by its own text: it keeps it when something in it is replaced.
fn keep_labels(
    tokens: &Tokens<'_>,
    cutter: &mut Cutter<'_>,
    layout: &Layout,
    select: &Select,
    analysis: &Analysis,
) {
    let mut labels = Vec::new();
    if select.items.len() != layout.items.len() {
        return;
    }
    for (item, range) in select.items.iter().zip(&layout.items) {
        let Some(Range { start, end }) = labelled_by_text(tokens, item, range) else { continue };
        // A WITH query may become a table.
        let reads_cte =
            analysis.cte_mentions.iter().any(|found| found.span.start >= start && found.span.end <= end);
        // Nor does a table stand there any more that the node brings.
        let brings = analysis
            .system
            .iter()
            .any(|system| system.is_brought() && system.span.start >= start && system.span.end <= end);
        if reads_cte || brings || cutter.touches(start, end) {
            labels.push(Edit::new(end..end, vec![text(" AS "), cutter.label(start, end)]));
        }
    }
    cutter.edits.extend(labels);
}

/// The SELECT that labels the answer's columns.
pub(crate) fn first_block(body: &Body) -> Option<&Select> {
    match body {
        Body::Select(select) => Some(select),
        Body::Set(left, _) => first_block(left),
        Body::Nested(query) => first_block(&query.body),
        Body::Values(_) => None,
    }
}

/// Puts a plan together.
pub(crate) fn assemble(
    request: &Request<'_>,
    analysis: Analysis,
    class: StatementClass,
    combine: Combine,
    alone: Vec<Piece>,
    many: Vec<Piece>,
) -> RoutedPlan {
    let has_sharded = analysis.references.iter().any(|reference| reference.kind == Kind::Sharded);
    let reason: Arc<str> = match &combine {
        Combine::Never(reason) if has_sharded => reason.clone(),
        Combine::Gather(gather) => gather.reason.clone(),
        _ if has_sharded => "several physical tables".into(),
        _ => "one group".into(),
    };
    let needs = access::of_class(class, &analysis.references);
    let mut tables = Tables {
        mode: request.mode,
        apart: analysis.is_apart(),
        groups: analysis.database.as_ref().map_or(0, |database| database.groups.len()),
        references: analysis.references,
        conditions: analysis.conditions,
        edges: analysis.edges,
        class: analysis.scatter.ok(),
        everywhere: false,
        guarded: false,
        points: Vec::new(),
        alone,
        many,
    };
    tables.prepare();
    RoutedPlan {
        class,
        database: analysis.database,
        combine,
        tables: analysis.names,
        sequence: None,
        cacheable: true,
        reason,
        reads_time: class == StatementClass::Write,
        calc_found_rows: false,
        sets_last_id: false,
        hides_generated: false,
        writes_whole: None,
        user_variables: Vec::new(),
        assigned: Vec::new(),
        locks: NamedLocks::None,
        nextvals: Vec::new(),
        needs,
        shareable: false,
        quickness: super::Quickness::default(),
        body: PlanBody::Tables(Box::new(tables)),
    }
}

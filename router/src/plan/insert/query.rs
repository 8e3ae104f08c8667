//! INSERT and REPLACE ... SELECT: passes where everything is one physical statement; else the query's rows come first, and are inserted as
//! rows that a client gives.

use std::sync::Arc;

use ostrakon_catalog::column::ColumnType;

use super::layout::Layout;
use super::selected::{self, Reading, Selected};
use super::{fills, has_values_function, qualifiers, tail_start, value_columns};
use crate::RouterError;
use crate::lexer::{SqlMode, TokenKind};
use crate::plan::analysis::{Analysis, Analyst};
use crate::plan::ast::{self, Part};
use crate::plan::bind::{Binder, Kind, Reference};
use crate::plan::condition::Condition;
use crate::plan::gather::literal;
use crate::plan::layout::Layout as Items;
use crate::plan::returning::{self, Returning};
use crate::plan::rows_first::{Literal, RowsFirst};
use crate::plan::select::{assemble, edits as query_edits};
use crate::plan::special::Special;
use crate::plan::text::{Cutter, Edit, Piece, marks, text};
use crate::plan::tokens::Tokens;
use crate::plan::tree::{Body, Query};
use crate::plan::untyped::{self, Typing, Untyped};
use crate::plan::{Arguments, Body as PlanBody, Combine, Request, RoutedPlan, StatementClass};

/// Names of the columns that the query gives for ON DUPLICATE KEY UPDATE, with a number behind.
const READ: &str = "__ostrakon_read_";

/// An INSERT or REPLACE whose rows a query gives.
#[derive(Debug)]
pub struct InsertQuery {
    /// Types of the columns that the query's columns go into, in their order.
    pub columns: Vec<ColumnType>,
    /// Position of the AUTO_INCREMENT column among them.
    pub auto_increment: Option<usize>,
    /// What the rows that were written answer with.
    pub returning: Option<Returning>,
    /// VALUES(column) is in it.
    pub has_values_function: bool,
    /// IGNORE.
    pub ignores: bool,
    /// The query reads the table that is written.
    pub reads_target: bool,
    /// Parameters behind the rows, which are the statement's last.
    pub tail_parameters: usize,
    /// Columns of the query, behind those that are inserted, that ON DUPLICATE KEY UPDATE reads.
    pub selected: Vec<Reading>,
    untyped: Vec<Untyped>,
    /// Those of ON DUPLICATE KEY UPDATE.
    updating: Vec<Untyped>,
    mode: SqlMode,
    head: Vec<Piece>,
    query: Vec<Piece>,
    /// What follows the rows, around the values of `selected`: one piece more than there are.
    tail: Vec<Vec<Piece>>,
}

impl InsertQuery {
    /// The query's text, with literals in place of parameters.
    pub fn query(&self, arguments: &Arguments<'_>) -> Vec<u8> {
        literal::render(&self.query, arguments, self.mode)
    }

    /// For MySQL: the same with parameter markers, which have the types there that they have in the INSERT, and which of the statement's parameters
    /// they are.
    ///
    /// Errors: 1235 where the types cannot be made the same.
    pub fn marked_query(&self, arguments: &Arguments<'_>) -> Result<(Vec<u8>, Vec<usize>), RouterError> {
        let values = arguments.params.unwrap_or_default();
        let literals =
            match (untyped::typing(&self.untyped, values)?, untyped::typing(&self.updating, values)?) {
                // What does not fit its column is no string either: the query is prepared again, too.
                (Typing::ByValues, _) => Vec::new(),
                (_, Typing::ByValues) => {
                    untyped::check_literals(values)?;
                    return Ok((self.query(arguments), Vec::new()));
                }
                (Typing::Literals(literals), _) => literals,
            };
        Ok(literal::render_marked(&self.query, arguments, self.mode, &literals))
    }

    /// What stands before the word VALUES.
    pub fn head(&self, arguments: &Arguments<'_>) -> Vec<u8> {
        literal::render(&self.head, arguments, self.mode)
    }

    /// What follows rows of which `selected` has these values.
    pub fn tail(&self, selected: &[Literal], arguments: &Arguments<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        for (at, pieces) in self.tail.iter().enumerate() {
            out.extend(literal::render(pieces, arguments, self.mode));
            out.extend(selected.get(at).filter(|_| at + 1 < self.tail.len()).into_iter().flatten());
        }
        out
    }

    /// The same with its parameter markers.
    pub fn tail_with_markers(&self, selected: &[Literal], arguments: &Arguments<'_>) -> Vec<u8> {
        self.tail(selected, &Arguments { params: None, ..*arguments })
    }
}

/// `query_at`: the query's first token.
///
/// Errors: those of binding, 1054 for columns that the table does not have, 1235 for what neither way can do.
pub(super) fn plan(
    request: &Request<'_>,
    tokens: &Tokens<'_>,
    layout: &Layout,
    query_at: usize,
    special: Special,
) -> Result<RoutedPlan, RouterError> {
    // What is not understood is planned by itself, and refused there if it must be.
    let parsed = ast::parse(tokens, &[Part::Tokens(query_at..layout.tail)], request.mode).ok();
    let analysed = parsed.as_ref().map(|query| Analyst::new(request, tokens).run(query)).transpose()?;
    let is_understood = analysed.is_some();
    let (analysis, mut binder) = match analysed {
        Some((analysis, binder)) => (Some(analysis), binder),
        None => (None, Binder::new(request)),
    };
    let index = binder.table(&layout.table, None)?;
    let reference = binder.references[index].clone();
    let mut analysis = analysis.unwrap_or_else(|| Analysis {
        conditions: Vec::new(),
        references: Vec::new(),
        ..binder.alone(reference.clone())
    });
    let database = reference.database.clone();
    let returning = returning::clause(tokens, layout.tail);
    let class = if returning.is_some() { StatementClass::WriteReturning } else { StatementClass::Write };
    let one_place = match reference.kind {
        Kind::Single => true,
        Kind::Broadcast => database.groups.len() == 1 && !fills(&reference),
        Kind::Sharded => reference.placer.topology().len() == 1 && !fills(&reference),
    };
    let mut edits = query_edits(&analysis, special.edits.clone());
    edits.push(Edit::new(reference.span.clone(), vec![Piece::Table(index)]));
    let tail = tail_start(tokens, layout);
    let behind = qualifiers(tokens, &reference, &database.name);
    let behind: Vec<Edit> = behind.into_iter().filter(|edit| edit.start >= tail).collect();
    let returned = match &returning {
        Some(clause) if clause.clone().any(|at| tokens.is_word(at, "SELECT")) => {
            Some(Err("with a subquery in RETURNING".to_owned()))
        }
        Some(clause) => {
            let edits = special.edits.iter().chain(&behind).cloned().chain(marks(tokens)).collect();
            Some(Ok(Returning::new(request, tokens, &binder, &reference, clause, edits)))
        }
        None => None,
    };
    let parsed = parsed.as_ref().map(|query| (query, analysis.body));
    let selected = selected::find(request, tokens, layout, &reference, &binder, parsed)?;
    let given = selected.and_then(|selected| Ok((selected, returned.transpose()?)));
    let combine = match rows_first(request, tokens, layout, (query_at, parsed), &reference, given)? {
        Ok(insert) => {
            let is_target = |(at, other): (usize, &Reference)| {
                at != index
                    && other.table.name == reference.table.name
                    && other.database.name == database.name
            };
            let reads_target = binder.references.iter().enumerate().any(is_target);
            Combine::RowsFirst(Arc::new(RowsFirst::Insert(InsertQuery { reads_target, ..insert })))
        }
        Err(reason) => Combine::Never(format!("INSERT ... SELECT {reason}").into()),
    };
    edits.extend(behind.into_iter().map(|edit| Edit { pieces: vec![Piece::Table(index)], ..edit }));
    let mut cutter = Cutter::new(&request.template.holes, edits);
    if let Some(clause) = &returning {
        let labels = returning::labels(tokens, clause, &cutter, request.mode);
        cutter.edits.extend(labels);
    }
    let alone = cutter.range(0, request.template.length);
    analysis.database = binder.database.clone();
    analysis.names = binder.table_names();
    analysis.references = binder.references.clone();
    analysis.conditions.push(Condition::All);
    analysis.scatter = Err("INSERT ... SELECT".into());
    let mut plan = assemble(request, analysis, class, combine, alone, Vec::new());
    if let PlanBody::Tables(tables) = &mut plan.body {
        tables.apart |= !one_place || !is_understood;
    }
    plan.sets_last_id = special.sets_last_id;
    plan.hides_generated = returning.is_some() && reference.table.auto_increment().is_some();
    plan.user_variables = special.variables;
    Ok(plan)
}

/// The way by the query's rows; inside, why there is none.
fn rows_first(
    request: &Request<'_>,
    tokens: &Tokens<'_>,
    layout: &Layout,
    (query_at, query): (usize, Option<(&Query, usize)>),
    reference: &Reference,
    given: Result<(Vec<Selected>, Option<Returning>), String>,
) -> Result<Result<InsertQuery, String>, RouterError> {
    let table = &reference.table;
    let listed = layout.columns.as_ref().filter(|columns| !columns.is_empty());
    let names = match listed {
        Some(columns) => columns.clone(),
        None => {
            value_columns(&Layout { columns: None, table: Vec::new(), rows: Vec::new(), ..*layout }, table)
        }
    };
    let mut columns = Vec::with_capacity(names.len());
    let mut auto_increment = None;
    for (position, name) in names.iter().enumerate() {
        let Some((_, column)) = table.column(name) else {
            return Err(RouterError::new(1054, "42S22", format!("Unknown column '{name}' in 'field list'")));
        };
        columns.push(column.data_type.clone());
        if column.auto_increment {
            auto_increment = Some(position);
        }
    }
    let (selected, returning) = match given {
        Ok(given) => given,
        Err(why) => return Ok(Err(why)),
    };
    let head_end = match listed {
        Some(_) => tokens.end(layout.columns_end),
        None => layout.table.last().map_or(0, |name| name.span.end),
    };
    // TABLE t is what the planner knows as SELECT * FROM t.
    let mut edits = marks(tokens);
    if tokens.is_word(query_at, "TABLE") && !request.mode.server.mariadb {
        edits.push(Edit::new(tokens.start(query_at)..tokens.end(query_at), vec![text("SELECT * FROM")]));
    }
    let span = |selected: &Selected| tokens.start(selected.tokens.start)..tokens.end(selected.tokens.end - 1);
    let plain = Cutter::new(&request.template.holes, marks(tokens));
    let verb = match query {
        Some((Query { body: Body::Select(select), .. }, _)) => tokens.at_byte(select.start),
        _ => None,
    };
    if let (Some(verb), false) = (verb, selected.is_empty()) {
        let from = tokens.find(verb, layout.tail, |at| tokens.is_word(at, "FROM"));
        let mut more = Vec::new();
        for (number, span) in selected.iter().map(span).enumerate() {
            more.push(text(", "));
            more.extend(plain.range(span.start, span.end));
            more.push(text(format!(" AS {READ}{number}")));
        }
        let behind = tokens.end(from.saturating_sub(1));
        edits.push(Edit::new(behind..behind, more));
    }
    let cutter = Cutter::new(&request.template.holes, edits);
    let tail = tail_start(tokens, layout);
    let mut around = Vec::with_capacity(selected.len() + 1);
    let mut at = tail;
    for span in selected.iter().map(span) {
        around.push(plain.range(at, span.start));
        at = span.end;
    }
    around.push(plain.range(at, request.template.length));
    let is_parameter = |at: &usize| tokens.kind(*at) == TokenKind::Parameter;
    let items = verb.map(|verb| Items::new(tokens, verb).items).unwrap_or_default();
    let untyped =
        items.into_iter().zip(&columns).flat_map(|(item, column)| untyped::find(tokens, item, column));
    let untyped = untyped.collect();
    let update = ["ON", "DUPLICATE", "KEY", "UPDATE"];
    let update = tokens.find(layout.tail, tokens.len(), |at| tokens.are_words(at, &update)) + update.len();
    let assignments = if update < tokens.len() { tokens.split(update, tokens.len()) } else { Vec::new() };
    let updating = assignments.into_iter().filter_map(|assignment| {
        let equals = tokens.find(assignment.start, assignment.end, |at| tokens.is_op(at, "="));
        let (_, column) = table.column(&tokens.name(equals.checked_sub(1)?)?)?;
        // What is worked out of others is typed in the statements that update.
        (equals + 2 == assignment.end)
            .then(|| untyped::find(tokens, equals + 1..assignment.end, &column.data_type))
    });
    let updating = updating.flatten().collect();
    Ok(Ok(InsertQuery {
        columns,
        auto_increment,
        returning,
        has_values_function: has_values_function(tokens, layout),
        ignores: layout.ignores,
        reads_target: false,
        tail_parameters: (layout.tail..tokens.len()).filter(is_parameter).count(),
        untyped,
        updating,
        mode: request.mode,
        head: cutter.range(0, head_end),
        query: cutter.range(tokens.start(query_at), tail),
        selected: selected.into_iter().map(|selected| selected.reading).collect(),
        tail: around,
    }))
}

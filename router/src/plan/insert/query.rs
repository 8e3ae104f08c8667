//! INSERT and REPLACE ... SELECT: passes where everything is one physical statement; else the query's rows come first, and are inserted as
//! rows that a client gives.

use std::sync::Arc;

use ostrakon_catalog::column::ColumnType;

use super::layout::Layout;
use super::{fills, has_values_function, qualifiers, tail_start, update_assignments, value_columns};
use crate::RouterError;
use crate::lexer::{SqlMode, TokenKind};
use crate::plan::analysis::{Analysis, Analyst};
use crate::plan::ast::{self, Part};
use crate::plan::bind::{Binder, Kind, Reference};
use crate::plan::condition::Condition;
use crate::plan::gather::literal;
use crate::plan::returning::{self, Returning};
use crate::plan::rows_first::RowsFirst;
use crate::plan::select::{assemble, edits as query_edits};
use crate::plan::special::Special;
use crate::plan::text::{Cutter, Edit, Piece, marks, text};
use crate::plan::tokens::Tokens;
use crate::plan::{Arguments, Body as PlanBody, Combine, Request, RoutedPlan, StatementClass};

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
    /// Parameters behind the rows, which are the statement's last.
    pub tail_parameters: usize,
    mode: SqlMode,
    head: Vec<Piece>,
    query: Vec<Piece>,
    tail: Vec<Piece>,
}

impl InsertQuery {
    /// The query's text, with literals in place of parameters.
    pub fn query(&self, arguments: &Arguments<'_>) -> Vec<u8> {
        literal::render(&self.query, arguments, self.mode)
    }

    /// What stands before the word VALUES.
    pub fn head(&self, arguments: &Arguments<'_>) -> Vec<u8> {
        literal::render(&self.head, arguments, self.mode)
    }

    /// What follows the rows.
    pub fn tail(&self, arguments: &Arguments<'_>) -> Vec<u8> {
        literal::render(&self.tail, arguments, self.mode)
    }

    /// The same with its parameter markers.
    pub fn tail_with_markers(&self, arguments: &Arguments<'_>) -> Vec<u8> {
        self.tail(&Arguments { params: None, ..*arguments })
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
    let analysed = match ast::parse(tokens, &[Part::Tokens(query_at..layout.tail)], request.mode) {
        Ok(query) => Some(Analyst::new(request, tokens).run(&query)?),
        // The query is planned by itself then, and refused there if it must be.
        Err(_) => None,
    };
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
    let combine = match rows_first(request, tokens, layout, query_at, &reference, &binder, returned)? {
        Ok(insert) => Combine::RowsFirst(Arc::new(RowsFirst::Insert(insert))),
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
    query_at: usize,
    reference: &Reference,
    binder: &Binder<'_>,
    returning: Option<Result<Returning, String>>,
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
    let returning = match returning.transpose() {
        Ok(returning) => returning,
        Err(why) => return Ok(Err(why)),
    };
    if let Some(column) = selected_column(tokens, layout, reference, binder) {
        return Ok(Err(format!(
            "with the selected column '{column}' in ON DUPLICATE KEY UPDATE; use VALUES(column)"
        )));
    }
    let head_end = match listed {
        Some(_) => tokens.end(layout.columns_end),
        None => layout.table.last().map_or(0, |name| name.span.end),
    };
    // TABLE t is what the planner knows as SELECT * FROM t.
    let mut edits = marks(tokens);
    if tokens.is_word(query_at, "TABLE") && !request.mode.server.mariadb {
        edits.push(Edit::new(tokens.start(query_at)..tokens.end(query_at), vec![text("SELECT * FROM")]));
    }
    let cutter = Cutter::new(&request.template.holes, edits);
    let tail = tail_start(tokens, layout);
    let is_parameter = |at: &usize| tokens.kind(*at) == TokenKind::Parameter;
    Ok(Ok(InsertQuery {
        columns,
        auto_increment,
        returning,
        has_values_function: has_values_function(tokens, layout),
        tail_parameters: (layout.tail..tokens.len()).filter(is_parameter).count(),
        mode: request.mode,
        head: cutter.range(0, head_end),
        query: cutter.range(tokens.start(query_at), tail),
        tail: cutter.range(tail, request.template.length),
    }))
}

/// A column of the query's tables, not of the target, that ON DUPLICATE KEY UPDATE names.
fn selected_column(
    tokens: &Tokens<'_>,
    layout: &Layout,
    reference: &Reference,
    binder: &Binder<'_>,
) -> Option<String> {
    let is_source = |name: &str| {
        let mut others = binder.references.iter().filter(|other| other.span != reference.span);
        others.any(|other| other.table.column(name).is_some())
    };
    for assignment in update_assignments(tokens, layout) {
        let equals = tokens.find(assignment.start, assignment.end, |at| tokens.is_op(at, "="));
        for at in equals + 1..assignment.end {
            let Some(name) = tokens.name(at) else { continue };
            let behind_dot = tokens.is_op(at - 1, ".");
            if tokens.is_op(at + 1, ".") {
                let is_database = tokens.is_op(at + 3, ".");
                if !is_database && name != reference.table.name {
                    return tokens.name(at + 2).or(Some(name));
                }
            } else if !behind_dot
                && !tokens.is_op(at + 1, "(")
                && reference.table.column(&name).is_none()
                && is_source(&name)
            {
                return Some(name);
            }
        }
    }
    None
}

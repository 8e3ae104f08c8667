//! RETURNING (MariaDB): the labels of its expressions, and the clause by itself for writes that need rows first.

use std::ops::Range;

use super::ast::{self, Part};
use super::bind::{Binder, Kind, Reference};
use super::select::{assemble, labelled_by_text};
use super::text::{Cutter, Edit, Piece, push, render, text};
use super::tokens::Tokens;
use super::tree::Body;
use super::{Arguments, Combine, Execution, PhysicalStatement, Request, RoutedPlan, StatementClass};
use crate::lexer::SqlMode;
use crate::sharding::topology::quote;

/// The clause behind the word RETURNING, where a statement has one.
pub(crate) fn clause(tokens: &Tokens<'_>, from: usize) -> Option<Range<usize>> {
    let end = tokens.len();
    let at = tokens.find(from, end, |at| tokens.is_word(at, "RETURNING"));
    (at < end).then_some(at + 1..end)
}

/// Aliases for expressions without one in which something is replaced: their own text stays their label.
pub(crate) fn labels(
    tokens: &Tokens<'_>,
    clause: &Range<usize>,
    cutter: &Cutter<'_>,
    mode: SqlMode,
) -> Vec<Edit> {
    let ranges = tokens.split(clause.start, clause.end);
    let items = match ast::parse(tokens, &[Part::Word("SELECT"), Part::Tokens(clause.clone())], mode) {
        Ok(query) => match query.body {
            Body::Select(select) if select.items.len() == ranges.len() => select.items,
            _ => return Vec::new(),
        },
        // A server says what is wrong with it.
        Err(_) => return Vec::new(),
    };
    let mut labels = Vec::new();
    for (item, range) in items.iter().zip(ranges) {
        let Some(Range { start, end }) = labelled_by_text(tokens, item, &range) else { continue };
        if cutter.touches(start, end) {
            labels.push(Edit::new(end..end, vec![text(" AS "), cutter.label(start, end)]));
        }
    }
    labels
}

/// RETURNING of a write that needs rows first.
#[derive(Debug)]
pub struct Returning {
    /// The table's database and names.
    pub plan: RoutedPlan,
    mode: SqlMode,
    reference: Reference,
    /// The clause. Its qualifiers are the table's physical name.
    pieces: Vec<Piece>,
    /// The whole statement, where it needs nothing but one physical table of those that it is for.
    whole: Option<Vec<Piece>>,
}

impl Returning {
    /// `edits`: what the clause needs on a physical table.
    pub(crate) fn new(
        request: &Request<'_>,
        tokens: &Tokens<'_>,
        binder: &Binder<'_>,
        reference: &Reference,
        clause: &Range<usize>,
        edits: Vec<Edit>,
    ) -> Self {
        let mut cutter = Cutter::new(&request.template.holes, edits);
        let labels = labels(tokens, clause, &cutter, request.mode);
        cutter.edits.extend(labels);
        let end = clause.end.checked_sub(1).map_or(0, |last| tokens.end(last));
        let mut analysis = binder.alone(reference.clone());
        analysis.database = Some(reference.database.clone());
        let class = StatementClass::WriteReturning;
        Self {
            plan: assemble(request, analysis, class, Combine::Counts, Vec::new(), Vec::new()),
            mode: request.mode,
            reference: reference.clone(),
            pieces: cutter.range(tokens.start(clause.start), end),
            whole: None,
        }
    }

    /// The client's own statement may be asked for the columns, which finds no row as the query before found none. (Copies are not written one by one.)
    pub(crate) fn asking(mut self, whole: &[Piece]) -> Self {
        self.whole = (self.reference.kind != Kind::Broadcast).then(|| whole.to_vec());
        self
    }

    /// Appends ` RETURNING ...` of a statement on a physical table. Parameters stay what they are, and so do the types of what is made of them.
    pub(crate) fn push_into(&self, shard: usize, arguments: &Arguments<'_>, out: &mut Execution) {
        out.buffer.extend_from_slice(b" RETURNING ");
        let references = std::slice::from_ref(&self.reference);
        for piece in &self.pieces {
            push(piece, arguments, self.mode, references, &|_| shard, out);
        }
    }

    /// Appends a statement that writes nothing, and whose answer has the columns of the clause: servers describe them only when they write. The client's
    /// own is better: where a server knows from its text that there is no row, it says OK without columns.
    pub fn nothing_into(&self, arguments: &Arguments<'_>, out: &mut Execution) {
        let Some(table) = self.reference.placer.topology().get(0) else { return };
        let stored = self.reference.table.columns.iter().filter(|column| !column.generated);
        let names: Vec<String> = stored.map(|column| quote(&column.name)).collect();
        let (start, params) = (out.buffer.len(), out.params.len());
        if let Some(whole) = &self.whole {
            let references = std::slice::from_ref(&self.reference);
            let target = (table.group, table.index);
            return render(whole, arguments, self.mode, references, target, |_| table.index, out);
        }
        let nulls = vec!["NULL"; names.len()].join(", ");
        let insert = format!(
            "INSERT INTO {} ({}) SELECT {nulls} FROM DUAL WHERE FALSE",
            table.quoted,
            names.join(", ")
        );
        out.buffer.extend_from_slice(insert.as_bytes());
        self.push_into(table.index, arguments, out);
        out.statements.push(PhysicalStatement {
            group: table.group,
            shard: table.index,
            text: start..out.buffer.len(),
            params: params..out.params.len(),
        });
    }

    /// Every group has a copy, and one's rows are the answer.
    pub fn is_everywhere(&self) -> bool {
        self.reference.kind == Kind::Broadcast
    }
}

//! From an analysed UPDATE or DELETE to its query and its statements by key.

use std::ops::Range;

use ostrakon_catalog::column::{Column, ColumnType, KeyKind};
use ostrakon_catalog::schema::Table;

use super::identity::{unique_key, whole_row};
use super::{AssignedValue, Assignment, KeyedColumn, KeyedTarget, KeyedWrite, Moves};
use crate::lexer::TokenKind;
use crate::plan::analysis::Analysis;
use crate::plan::bind::{Binder, Kind, Reference};
use crate::plan::modify::Write;
use crate::plan::returning::Returning;
use crate::plan::select::assemble;
use crate::plan::special::Special;
use crate::plan::text::{Cutter, Edit, Piece, marks, text};
use crate::plan::tokens::Tokens;
use crate::plan::tree;
use crate::plan::untyped::{self, Untyped};
use crate::plan::{Combine, Request, StatementClass};
use crate::sharding::topology::quote;

/// Makes a write by keys.
pub(crate) struct Builder<'b> {
    pub request: &'b Request<'b>,
    pub tokens: &'b Tokens<'b>,
    pub write: &'b Write,
    pub analysis: &'b Analysis,
    pub binder: &'b Binder<'b>,
    pub special: &'b Special,
    /// The statement for one physical table.
    pub alone: &'b [Piece],
    /// Tables that the statement writes, each once, in its order.
    pub targets: Vec<usize>,
    /// Table and column of each assignment of an UPDATE.
    pub assigned: Vec<(usize, usize)>,
}

/// Words in front of a subquery that a server may join.
const PREDICATES: &[&str] = &["IN", "EXISTS", "ANY", "SOME", "ALL"];

/// A target while its query is being put together.
struct Draft {
    reference: usize,
    /// Columns that tell its rows apart, and behind them the others that place a row.
    keys: Vec<KeyedColumn>,
    unique: usize,
    /// No key tells its rows apart.
    by_value: bool,
    moves: bool,
}

impl Draft {
    /// Those that tell rows apart.
    fn unique(&self) -> &[KeyedColumn] {
        self.keys.get(..self.unique).unwrap_or_default()
    }
}

impl Builder<'_> {
    /// Errors: why the statement cannot be done by keys.
    pub fn plan(&self) -> Result<KeyedWrite, String> {
        if self.special.sets_last_id {
            return Err("LAST_INSERT_ID(expression)".into());
        }
        let ignore = self.write.modifiers.clone().any(|at| self.tokens.is_word(at, "IGNORE"));
        let mut drafts = Vec::new();
        for reference in &self.targets {
            drafts.push(self.draft(*reference)?);
        }
        let returning = self.returning()?;
        // The answer has the order in which the rows were deleted.
        let is_ordered = self.has_clause("ORDER");
        let in_order = returning.is_some() && is_ordered
            || self.assigned.iter().any(|(reference, ordinal)| {
                self.reference(*reference).is_some_and(|found| is_in_unique_key(&found.table, *ordinal))
            });
        // Which rows IGNORE leaves as they were hangs on the order.
        let is_free = in_order && ignore && !is_ordered;
        if let Some(by_value) = drafts.iter().find(|draft| is_free && draft.by_value) {
            let name = self.reference(by_value.reference).map_or("", |reference| &reference.table.name);
            return Err(format!("UPDATE IGNORE of a unique key of table '{name}', whose rows have no order"));
        }
        let mut columns: Vec<Vec<Piece>> = Vec::new();
        let mut targets = Vec::new();
        for draft in &drafts {
            targets.push(self.target(draft, &mut columns)?);
        }
        Ok(KeyedWrite {
            is_delete: self.write.is_delete,
            ignore,
            in_order,
            is_ordered,
            targets,
            returning,
            untyped: self.untyped(),
            mode: self.request.mode,
            query: self.query(columns, &drafts, in_order),
        })
    }

    fn returning(&self) -> Result<Option<Returning>, String> {
        let (Some(clause), [target]) = (&self.write.returning, self.targets.as_slice()) else {
            return Ok(None);
        };
        let reference = self.reference(*target).ok_or("a table that is not known")?;
        if clause.clone().any(|at| self.tokens.is_any_word(at, &["SELECT", "WITH", "TABLE"])) {
            return Err("a subquery in RETURNING".into());
        }
        let mut edits = self.special.edits.clone();
        edits.extend(marks(self.tokens));
        let qualifiers = self.analysis.qualifiers.iter();
        edits.extend(qualifiers.map(|(span, index)| Edit::new(span.clone(), vec![Piece::Table(*index)])));
        let returning = Returning::new(self.request, self.tokens, self.binder, reference, clause, edits);
        Ok(Some(match self.analysis.references.len() {
            1 => returning.asking(self.alone),
            _ => returning,
        }))
    }

    /// What an assignment sees of those before it hangs on the server's plan: several tables are joined, or one is joined with what IN or EXISTS reads, which
    /// a server does by itself where there is no ORDER BY and no LIMIT (seen with MySQL 9.7).
    fn sees_by_plan(&self) -> bool {
        let joins = self.joins();
        let (tokens, clauses) = (self.tokens, &self.write.clauses);
        let orders = |at: usize| tokens.is_any_word(at, &["ORDER", "LIMIT"]);
        let is_ordered = tokens.find(clauses.start, clauses.end, orders) < clauses.end;
        let is_query = |at: usize| tokens.is_any_word(at, &["SELECT", "WITH", "TABLE"]);
        let is_predicate = |at: usize| at >= 2 && tokens.is_any_word(at - 2, PREDICATES);
        let may_join = |at: usize| is_query(at) && (clauses.contains(&at) || is_predicate(at));
        joins || !is_ordered && (0..tokens.len()).any(may_join)
    }

    fn reference(&self, index: usize) -> Option<&Reference> {
        self.analysis.references.get(index)
    }

    fn draft(&self, index: usize) -> Result<Draft, String> {
        let reference = self.reference(index).ok_or("a table that is not known")?;
        let table = &reference.table;
        let unique_key = unique_key(table);
        let by_value = unique_key.is_none();
        let mut keys = unique_key.unwrap_or_else(|| whole_row(table));
        let unique = keys.len();
        let placing =
            reference.placer.key_ordinals().iter().filter_map(|ordinal| table.columns.get(*ordinal));
        let placing: Vec<KeyedColumn> = placing
            .filter(|column| by_value || !keys.iter().any(|key| key.name == column.name))
            .map(KeyedColumn::from)
            .collect();
        keys.extend(placing);
        let is_assigned = |ordinal: usize| self.assigned.contains(&(index, ordinal));
        let moves = !self.write.is_delete
            && reference.kind == Kind::Sharded
            && reference.placer.topology().len() > 1
            && (0..table.columns.len()).any(|ordinal| is_assigned(ordinal) && reference.moves_by(ordinal));
        if moves && keys.iter().take(unique).all(|key| key.generated) {
            return Err(format!("the key of table '{}' has generated columns only", table.name));
        }
        let draft = Draft { reference: index, keys, unique, by_value, moves };
        if by_value {
            self.check_by_value(&draft, reference)?;
        }
        Ok(draft)
    }

    /// Errors: why rows of a table without a key cannot be found by what they hold.
    fn check_by_value(&self, draft: &Draft, reference: &Reference) -> Result<(), String> {
        let table = &reference.table;
        let none = format!(
            "table '{}', which has no primary key, and no unique key without NULL, to find its rows by",
            table.name
        );
        let others = self.targets.iter().filter(|target| **target != draft.reference);
        let is_same = |other: &Reference| {
            other.table.name == table.name && other.database.name == reference.database.name
        };
        if others.filter_map(|other| self.reference(*other)).any(is_same) {
            return Err(format!("{none}, and which the statement writes under two names"));
        }
        if reference.nullable && draft.unique().iter().all(|key| key.nullable) {
            return Err(format!(
                "{none}, nor a column that is NOT NULL, to see which rows an outer join found"
            ));
        }
        let has_limit = self.has_clause("LIMIT");
        if self.joins() && has_limit {
            return Err(format!("{none}, in a join with LIMIT"));
        }
        let ignore = self.write.modifiers.clone().any(|at| self.tokens.is_word(at, "IGNORE"));
        let is_generated =
            |ordinal: &usize| table.columns.get(*ordinal).is_some_and(|column| column.generated);
        if draft.moves && (ignore || reference.placer.key_ordinals().iter().any(is_generated)) {
            return Err(format!("{none}, where it may move"));
        }
        Ok(())
    }

    /// Several tables are joined.
    fn joins(&self) -> bool {
        self.binder.scopes.get(self.analysis.body).is_none_or(|scope| scope.entries.len() > 1)
    }

    /// The statement has a clause that begins with this word, behind SET.
    fn has_clause(&self, word: &str) -> bool {
        let clauses = &self.write.clauses;
        self.tokens.find(clauses.start, clauses.end, |at| self.tokens.is_word(at, word)) < clauses.end
    }

    /// Appends the target's columns to those of the query.
    fn target(&self, draft: &Draft, columns: &mut Vec<Vec<Piece>>) -> Result<KeyedTarget, String> {
        let reference = self.reference(draft.reference).ok_or("a table that is not known")?.clone();
        let table = reference.table.clone();
        let first = columns.len();
        let column = |ordinal: &usize| table.columns.get(*ordinal).map(KeyedColumn::from);
        let qualifier = format!("{}.", self.qualifier(&reference));
        columns.extend(draft.keys.iter().map(|key| vec![text(key.expression(&qualifier))]));
        let mut set = Vec::new();
        let mut values = Vec::new();
        let cutter = Cutter::new(&self.request.template.holes, self.edits());
        let plain = Cutter::new(&self.request.template.holes, marks(self.tokens));
        for (at, ((target, value), (owner, ordinal))) in
            self.write.assignments.iter().zip(&self.assigned).enumerate()
        {
            if *owner != draft.reference {
                continue;
            }
            let Some(assigned) = column(ordinal) else { continue };
            let is_default = value.len() == 1 && self.tokens.is_word(value.start, "DEFAULT");
            let is_unique = match draft.by_value {
                true => None,
                false => draft.unique().iter().position(|key| key.name == assigned.name),
            };
            // The row is found by it afterwards.
            let fixed = draft.moves && is_unique.is_some() && !assigned.generated;
            if fixed && is_default {
                return Err(format!(
                    "DEFAULT for column '{}', which tells where the row belongs",
                    assigned.name
                ));
            }
            let varies = self.special.varies.is_some() && reference.kind == Kind::Broadcast;
            let span = self.span(value);
            let is_text = is_default
                || !(fixed || varies || self.types_parameters(value))
                    && self.reads_only(&span, draft.reference);
            if !is_text || self.sees_by_plan() {
                self.check_order(at)?;
            }
            if is_text {
                let span = self.span(&(target.start..value.end));
                set.push(Assignment::Text(cutter.range(span.start, span.end)));
            } else {
                set.push(Assignment::Value(values.len()));
                values.push(AssignedValue { position: columns.len(), column: assigned, key: is_unique });
                let mut pieces = vec![text("(")];
                pieces.extend(plain.range(span.start, span.end));
                pieces.push(text(")"));
                columns.push(pieces);
            }
        }
        let everywhere = reference.kind == Kind::Broadcast;
        let mut analysis = self.binder.alone(reference.clone());
        analysis.database = Some(reference.database.clone());
        let combine = if everywhere { Combine::Broadcast } else { Combine::Counts };
        let plan = assemble(self.request, analysis, StatementClass::Write, combine, Vec::new(), Vec::new());
        let moves = draft.moves.then(|| self.moves(&reference, draft));
        let placing = reference.placer.key_ordinals().iter().filter_map(|ordinal| {
            let name = &table.columns.get(*ordinal)?.name;
            // Of two with a name the last is the one as it is.
            draft.keys.iter().rposition(|key| key.name == *name)
        });
        Ok(KeyedTarget {
            plan,
            keys: draft.keys.clone(),
            first,
            values,
            moves,
            by_value: draft.by_value,
            counts: draft.by_value && self.joins(),
            unique: draft.unique,
            mode: self.request.mode,
            head: self.head(),
            set,
            placing: placing.collect(),
            reference,
        })
    }

    fn moves(&self, reference: &Reference, draft: &Draft) -> Moves {
        let table = &reference.table;
        let placing = reference.placer.key_ordinals();
        let all = || table.columns.iter().enumerate();
        let is_unique = |column: &Column| draft.unique().iter().any(|key| key.name == column.name);
        let stored: Vec<usize> = all().filter(|(_, column)| !column.generated).map(|(at, _)| at).collect();
        let read =
            all().filter(|(at, column)| column.generated && (placing.contains(at) || is_unique(column)));
        let ordinals: Vec<usize> = stored.iter().copied().chain(read.map(|(at, _)| at)).collect();
        let columns = ordinals.iter().filter_map(|ordinal| table.columns.get(*ordinal));
        let is_kept = |key: &KeyedColumn| {
            let ordinal = table.column(&key.name).map(|(ordinal, _)| ordinal);
            ordinal.is_some_and(|ordinal| !self.assigned.contains(&(draft.reference, ordinal)))
                && !changes_by_itself(table, &key.name)
        };
        let identity = if draft.by_value { draft.unique().to_vec() } else { Vec::new() };
        Moves {
            columns: columns.map(KeyedColumn::from).collect(),
            kept: (0..identity.len()).filter(|at| identity.get(*at).is_some_and(is_kept)).collect(),
            identity,
            stored: stored.len(),
            placing: placing
                .iter()
                .filter_map(|key| ordinals.iter().position(|ordinal| ordinal == key))
                .collect(),
        }
    }

    /// The name that qualifies a reference's columns.
    fn qualifier(&self, reference: &Reference) -> String {
        let same = |other: &&Reference| other.known_as == reference.known_as;
        match self.analysis.references.iter().filter(same).nth(1) {
            Some(_) if !reference.has_alias => {
                format!("{}.{}", quote(&reference.database.name), quote(&reference.table.name))
            }
            _ => quote(&reference.known_as),
        }
    }

    /// `UPDATE IGNORE `, `DELETE QUICK FROM `.
    fn head(&self) -> Vec<Piece> {
        let mut head = String::from(if self.write.is_delete { "DELETE " } else { "UPDATE " });
        for at in self.write.modifiers.clone() {
            head.push_str(&String::from_utf8_lossy(self.tokens.bytes(at)));
            head.push(' ');
        }
        head.push_str(if self.write.is_delete { "FROM " } else { "" });
        vec![text(head)]
    }

    /// What a text by itself needs on a physical table that has the reference's name as its alias.
    fn edits(&self) -> Vec<Edit> {
        let mut edits = self.special.edits.clone();
        edits.extend(marks(self.tokens));
        for (span, index) in &self.analysis.qualifiers {
            if let Some(reference) = self.reference(*index) {
                edits.push(Edit::new(span.clone(), vec![text(quote(&reference.known_as))]));
            }
        }
        edits
    }

    fn query(&self, columns: Vec<Vec<Piece>>, drafts: &[Draft], in_order: bool) -> Vec<Piece> {
        let cutter = Cutter::new(&self.request.template.holes, marks(self.tokens));
        let with = self.span(&self.write.with);
        let mut query = cutter.range(with.start, with.end);
        query.push(text(if with.is_empty() { "SELECT " } else { " SELECT " }));
        for (at, column) in columns.into_iter().enumerate() {
            query.extend((at > 0).then(|| text(", ")));
            query.extend(column);
        }
        query.push(text(" FROM "));
        let tables = self.span(&self.write.tables);
        query.extend(cutter.range(tables.start, tables.end));
        let clauses = &self.write.clauses;
        if !clauses.is_empty() {
            let span = self.span(clauses);
            query.push(text(" "));
            query.extend(cutter.range(span.start, span.end));
        }
        // One server goes through the table in the order of its key, and so do we where that decides what happens.
        if let ([draft], true) = (drafts, in_order && !self.has_clause("ORDER") && !self.has_clause("LIMIT"))
            && !draft.by_value
            && let Some(reference) = self.reference(draft.reference)
        {
            let qualifier = self.qualifier(reference);
            let names: Vec<String> =
                draft.unique().iter().map(|key| format!("{qualifier}.{}", quote(&key.name))).collect();
            query.push(text(format!(" ORDER BY {}", names.join(", "))));
        }
        query.push(text(" FOR UPDATE"));
        query
    }

    fn untyped(&self) -> Vec<Untyped> {
        let values = self.write.assignments.iter().zip(&self.assigned);
        let found = values.filter_map(|((_, value), (reference, ordinal))| {
            let column = self.reference(*reference)?.table.columns.get(*ordinal)?;
            Some(untyped::find(self.tokens, value.clone(), &column.data_type))
        });
        found.flatten().collect()
    }

    fn span(&self, tokens: &Range<usize>) -> Range<usize> {
        match tokens.end.checked_sub(1) {
            Some(last) if last >= tokens.start => self.tokens.start(tokens.start)..self.tokens.end(last),
            _ => 0..0,
        }
    }

    /// MySQL gives a parameter in an expression the type that its place asks for: the query gets it as one, the statements by key have literals.
    fn types_parameters(&self, value: &Range<usize>) -> bool {
        let is_parameter = |at: usize| self.tokens.kind(at) == TokenKind::Parameter;
        !self.request.mode.server.mariadb && value.len() > 1 && value.clone().any(is_parameter)
    }

    /// The tables and columns that a piece of the text names; `None` for a name whose table is not certain.
    fn reads(&self, span: &Range<usize>) -> impl Iterator<Item = (Option<(usize, usize)>, &str)> {
        let inside = move |name: &tree::Name| span.start <= name.span.start && name.span.end <= span.end;
        self.binder.mentions.iter().filter_map(move |(scope, parts)| {
            let last = parts.last().filter(|last| inside(last))?;
            let column = tree::Column { parts: parts.clone() };
            Some((self.binder.resolve(*scope, &column), last.text.as_str()))
        })
    }

    /// The text needs nothing but the row of that table.
    fn reads_only(&self, span: &Range<usize>, reference: usize) -> bool {
        let mut tokens = 0..self.tokens.len();
        let has_query = tokens.any(|at| {
            span.contains(&self.tokens.start(at)) && self.tokens.is_any_word(at, &["SELECT", "WITH", "TABLE"])
        });
        !has_query && self.reads(span).all(|(read, _)| read.is_some_and(|(owner, _)| owner == reference))
    }

    /// One server assigns from left to right, and a later assignment sees what earlier ones made: so does the statement by key with a text that it works
    /// out itself. A query sees none of it. (Of several tables it depends on the order in which they are joined what a server sees.)
    fn check_order(&self, at: usize) -> Result<(), String> {
        let Some((_, value)) = self.write.assignments.get(at) else { return Ok(()) };
        let span = self.span(value);
        for (read, name) in self.reads(&span) {
            for assigned in self.assigned.iter().take(at) {
                let is_same = match read {
                    Some(read) => read == *assigned,
                    None => self
                        .reference(assigned.0)
                        .and_then(|found| found.table.columns.get(assigned.1))
                        .is_some_and(|column| column.name.eq_ignore_ascii_case(name)),
                };
                if is_same {
                    return Err(format!(
                        "an assignment that reads column '{name}', which the statement assigns before it"
                    ));
                }
            }
        }
        Ok(())
    }
}

/// An UPDATE of other columns may change the column, as ON UPDATE CURRENT_TIMESTAMP does.
fn changes_by_itself(table: &Table, name: &str) -> bool {
    let is_moment = |column: &Column| {
        matches!(column.data_type, ColumnType::Timestamp { .. } | ColumnType::DateTime { .. })
    };
    table.column(name).is_none_or(|(_, column)| is_moment(column))
}

fn is_in_unique_key(table: &Table, ordinal: usize) -> bool {
    let Some(column) = table.columns.get(ordinal) else { return false };
    let unique = table.keys.iter().filter(|key| matches!(key.kind, KeyKind::Primary | KeyKind::Unique));
    // Part of an expression counts too: better one row too many by itself.
    let names = |part: &String| {
        part.eq_ignore_ascii_case(&column.name)
            || part.starts_with('(') && part.to_lowercase().contains(&column.name.to_lowercase())
    };
    let generated = |part: &String| table.column(part).is_some_and(|(_, column)| column.generated);
    unique.flat_map(|key| &key.columns).any(|part| names(part) || generated(part))
}

//! LOAD DATA LOCAL: which lines of the client's file go to which physical table, and the statement that loads them there.
//!
//! A table of one physical table gets the file as it is. Of several, the file is cut into lines, and each goes as it is to the table where its row belongs; the only
//! bytes of ours in it are AUTO_INCREMENT values.

mod clauses;
mod lines;

use std::ops::Range;

use clauses::{Clauses, clauses};
pub use lines::{Format, Found, Line};

use super::bind::{Binder, Kind, Reference};
use super::rows::rounded;
use super::select::assemble;
use super::special::{refuse_assignment, refuse_locks, special};
use super::text::{Cutter, Edit, Piece, push, text};
use super::tokens::Tokens;
use super::{Arguments, Combine, Execution, Request, RoutedPlan, SequenceName, StatementClass, access};
use crate::RouterError;
use crate::lexer::{SqlMode, TokenKind};
use crate::sharding::topology::quote;
use crate::value::Value;

/// The file's name in the statements for the servers.
pub const LOADED_FILE: &str = "ostrakon-lines";

/// A bound LOAD DATA LOCAL.
#[derive(Debug)]
pub struct Load {
    /// Its table's names, and the groups.
    pub plan: RoutedPlan,
    /// The file as the client named it.
    pub file: Vec<u8>,
    /// REPLACE: faults are errors. Without, servers treat rows of a client's file as IGNORE does.
    pub replaces: bool,
    /// The character set of the current database stands for that of the file, which the statement does not name.
    pub by_database: bool,
    /// How the file is cut; `None`: it goes as it is to the only physical table.
    pub apart: Option<Apart>,
    mode: SqlMode,
    reference: Reference,
    pieces: Vec<Piece>,
}

/// A file that is cut into lines.
#[derive(Debug)]
pub struct Apart {
    pub format: Format,
    /// The file's character set.
    pub charset: String,
    /// Lines at the beginning that are left out.
    pub skipped: u64,
    /// Fields of a line.
    pub wanted: usize,
    /// User variables that take a field: their names, lower case, and the field's index. After the statement they have the last line's.
    pub variables: Vec<(String, usize)>,
    /// (database, table) whose sequence fills the AUTO_INCREMENT column.
    pub sequence: Option<SequenceName>,
    /// Every line goes to each group.
    pub everywhere: bool,
    /// Where the values of the columns that place a row come from, in the placer's order.
    keys: Vec<Source>,
    /// That of the AUTO_INCREMENT column, if it is filled here.
    auto: Option<Source>,
}

/// Where a column's value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Field(usize),
    /// The column's default: no field is for it.
    Default,
}

/// What a line needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// It goes as it is; its own AUTO_INCREMENT value, if it has a positive one.
    Nothing { given: Option<u64> },
    /// An AUTO_INCREMENT value.
    Value,
}

impl Load {
    /// The statement for a physical table.
    pub fn statement(&self, shard: usize, arguments: &Arguments<'_>) -> Vec<u8> {
        let mut out = Execution::default();
        let references = std::slice::from_ref(&self.reference);
        for piece in &self.pieces {
            push(piece, arguments, self.mode, references, &|_| shard, &mut out);
        }
        out.buffer
    }

    /// Index of the group of a physical table.
    pub fn group_of(&self, shard: usize) -> usize {
        self.reference.placer.topology().get(shard).map_or(0, |table| table.group)
    }

    /// Whether a line needs an AUTO_INCREMENT value.
    ///
    /// Errors: 1235 for a value of that column that is no number.
    pub fn needs(&self, apart: &Apart, line: &Line) -> Result<Needs, RouterError> {
        let Some(auto) = apart.auto else { return Ok(Needs::Nothing { given: None }) };
        let Source::Field(index) = auto else { return Ok(Needs::Value) };
        let field = line.fields.get(index).ok_or_else(|| self.short("the AUTO_INCREMENT column"))?;
        let Some(value) = line.value(field) else { return Ok(Needs::Value) };
        let number = match value {
            b"" => Some(0),
            value => std::str::from_utf8(value).ok().and_then(rounded),
        };
        match number {
            Some(0) if !self.mode.no_auto_value_on_zero => Ok(Needs::Value),
            Some(number) => Ok(Needs::Nothing { given: u64::try_from(number).ok() }),
            None => Err(RouterError::not_supported(format_args!(
                "'{}' as the AUTO_INCREMENT value for table '{}'; give a number",
                String::from_utf8_lossy(value),
                self.reference.table.name
            ))),
        }
    }

    /// The physical table of a line's row; 0 for copies. `value`: its AUTO_INCREMENT value, if it needs one.
    ///
    /// Errors: those of placing a row, also where a server would store another value with a warning.
    pub fn place(&self, apart: &Apart, line: &Line, value: Option<u64>) -> Result<usize, RouterError> {
        if apart.everywhere || self.reference.placer.topology().len() == 1 {
            return Ok(0);
        }
        let mut values = Vec::with_capacity(apart.keys.len());
        for key in &apart.keys {
            let is_auto = apart.auto.is_some() && self.keys_auto(values.len());
            values.push(match (value.filter(|_| is_auto), key) {
                (Some(number), _) => Value::UInt(number),
                (None, Source::Default) => Value::Default,
                (None, Source::Field(index)) => {
                    let field = line.fields.get(*index).ok_or_else(|| self.short("a shard key column"))?;
                    match line.value(field) {
                        None => Value::Null,
                        Some(bytes) if !apart.format.utf8 && !bytes.is_ascii() => {
                            return Err(RouterError::not_supported(
                                "a shard key of other than ASCII characters in a file that is not utf8mb4",
                            ));
                        }
                        Some(bytes) => Value::Text(bytes.into()),
                    }
                }
            });
        }
        let borrowed: Vec<&Value<'_>> = values.iter().collect();
        self.reference.placer.place_row(&borrowed)
    }

    /// The key column at that position is the AUTO_INCREMENT column.
    fn keys_auto(&self, at: usize) -> bool {
        let ordinal = self.reference.placer.key_ordinals().get(at);
        self.reference.table.auto_increment().is_some_and(|(auto, _)| ordinal == Some(&auto))
    }

    fn short(&self, what: &str) -> RouterError {
        RouterError::not_supported(format_args!(
            "a line that ends before the field of {what} of table '{}'",
            self.reference.table.name
        ))
    }

    /// Appends a line as it goes to a server. `value`: the AUTO_INCREMENT value that it needs.
    pub fn write(&self, apart: &Apart, bytes: &[u8], line: &Line, value: Option<u64>, out: &mut Vec<u8>) {
        let bytes = bytes.get(..line.length).unwrap_or_default();
        let (Some(value), Some(auto)) = (value, apart.auto) else { return out.extend_from_slice(bytes) };
        let place = match auto {
            Source::Default => line.start..line.start,
            Source::Field(index) => line.fields.get(index).map_or(0..0, |field| field.raw.clone()),
        };
        out.extend_from_slice(bytes.get(..place.start).unwrap_or_default());
        out.extend_from_slice(value.to_string().as_bytes());
        if auto == Source::Default {
            out.extend_from_slice(&apart.format.fields);
        }
        out.extend_from_slice(bytes.get(place.end..).unwrap_or_default());
    }
}

/// What a field of a line is for.
enum Target {
    Column(usize),
    Variable(String),
}

/// Plans a LOAD DATA.
///
/// Errors: 1064; those of binding; 1054 for a column that is not there; 1235 for what cannot be loaded.
pub(crate) fn plan(request: &Request<'_>, tokens: &Tokens<'_>) -> Result<Load, RouterError> {
    let clauses = clauses(tokens, request.mode)?;
    if !clauses.local {
        return Err(RouterError::not_supported(
            "LOAD DATA INFILE of a file of the server's; LOAD DATA LOCAL INFILE sends one of the client's",
        ));
    }
    let special = special(tokens)?;
    refuse_assignment(&special)?;
    refuse_locks(special.locks)?;
    super::nextval::refuse(&special, "LOAD DATA")?;
    let behind = clauses.list.map_or(clauses.list_place, |(open, _)| open);
    if (behind..tokens.len()).any(|at| tokens.is_word(at, "SELECT")) {
        return Err(RouterError::not_supported("a subquery in SET of LOAD DATA"));
    }
    if special.sets_last_id {
        return Err(RouterError::not_supported("LAST_INSERT_ID(expression) in LOAD DATA"));
    }
    if (behind..tokens.len()).any(|at| tokens.is_op(at, ".")) {
        return Err(RouterError::not_supported("a column with its table's name in LOAD DATA"));
    }
    let mut binder = Binder::new(request);
    let index = binder.table(&clauses.table, None)?;
    let reference = binder.references[index].clone();
    let groups = binder.database.as_ref().map_or(0, |database| database.groups.len());
    if let (Kind::Broadcast, Some(function)) = (reference.kind, &special.varies) {
        return Err(RouterError::not_supported(format_args!(
            "{function} in a write to broadcast table '{}': it differs from copy to copy",
            reference.table.name
        )));
    }
    let targets = targets(tokens, &clauses, &reference)?;
    let one = reference.kind == Kind::Single || reference.placer.topology().len() == 1 && groups == 1;
    let fills = reference.kind != Kind::Single && reference.table.auto_increment().is_some();
    let has_variables = targets.iter().any(|target| matches!(target, Target::Variable(_)));
    let charset = match (&clauses.charset, request.database) {
        (Some(charset), _) => Some(charset.as_str()),
        (None, name) => {
            name.and_then(|name| request.catalog.database(name)).map(|database| database.charset.as_str())
        }
    };
    let apart = match one && !fills && !has_variables {
        true => None,
        false => Some(apart(tokens, &clauses, &reference, &targets, (charset, fills), request.mode)?),
    };
    let mut edits = special.edits;
    edits.push(Edit::new(
        tokens.start(clauses.file.0)..tokens.end(clauses.file.0),
        vec![text(format!("'{LOADED_FILE}'"))],
    ));
    edits.push(Edit::new(reference.span.clone(), vec![Piece::Table(0)]));
    if let (None, Some(charset)) = (&clauses.charset, charset) {
        let at = tokens.end(clauses.behind_table.saturating_sub(1));
        edits.push(Edit::new(at..at, vec![text(format!(" CHARACTER SET {charset}"))]));
    }
    if let Some(apart) = &apart {
        edits.extend(apart_edits(tokens, &clauses, &reference, apart));
    }
    let cutter = Cutter::new(&request.template.holes, edits);
    let pieces = cutter.range(0, request.template.length);
    let combine = if reference.kind == Kind::Broadcast { Combine::Broadcast } else { Combine::Counts };
    let mut analysis = binder.alone(reference.clone());
    analysis.database = Some(reference.database.clone());
    let mut plan = assemble(request, analysis, StatementClass::Write, combine, Vec::new(), Vec::new());
    plan.hides_generated = !fills && reference.table.auto_increment().is_some();
    plan.needs = access::of_load(tokens, &reference, clauses.replaces);
    Ok(Load {
        plan,
        replaces: clauses.replaces,
        by_database: clauses.charset.is_none(),
        file: clauses.file.1,
        apart,
        mode: request.mode,
        reference,
        pieces,
    })
}

/// What the fields of a line are for, in their order.
fn targets(
    tokens: &Tokens<'_>,
    clauses: &Clauses,
    reference: &Reference,
) -> Result<Vec<Target>, RouterError> {
    let table = &reference.table;
    let list =
        clauses.list.map(|(open, close)| tokens.split(open + 1, close)).filter(|list| !list.is_empty());
    let Some(list) = list else {
        if table.columns.iter().any(|column| column.generated) && reference.kind != Kind::Single {
            return Err(RouterError::not_supported(format_args!(
                "LOAD DATA without a list of columns into table '{}', which has generated columns",
                table.name
            )));
        }
        let visible = (0..table.columns.len())
            .filter(|at| table.columns.get(*at).is_some_and(|column| !column.invisible));
        return Ok(visible.map(Target::Column).collect());
    };
    let mut targets = Vec::with_capacity(list.len());
    for part in list {
        if part.len() != 1 {
            return Err(RouterError::syntax("LOAD DATA: a list of columns and variables"));
        }
        if tokens.kind(part.start) == TokenKind::UserVariable {
            targets.extend(super::special::user_variables(tokens, part).map(Target::Variable));
            continue;
        }
        let name =
            tokens.name(part.start).ok_or_else(|| RouterError::syntax("LOAD DATA: a list of columns"))?;
        targets.push(Target::Column(ordinal(reference, &name)?));
    }
    Ok(targets)
}

fn ordinal(reference: &Reference, name: &str) -> Result<usize, RouterError> {
    let found = reference.table.column(name).map(|(ordinal, _)| ordinal);
    found.ok_or_else(|| RouterError::new(1054, "42S22", format!("Unknown column '{name}' in 'field list'")))
}

fn apart(
    tokens: &Tokens<'_>,
    clauses: &Clauses,
    reference: &Reference,
    targets: &[Target],
    (charset, fills): (Option<&str>, bool),
    mode: SqlMode,
) -> Result<Apart, RouterError> {
    let table = &reference.table;
    let Some(charset) = charset else {
        return Err(RouterError::not_supported(
            "LOAD DATA without CHARACTER SET where no database is in use, into a table of several physical tables",
        ));
    };
    if table.generated_key.is_some() {
        return Err(RouterError::not_supported(format_args!(
            "LOAD DATA into table '{}', which is sharded by a generated column",
            table.name
        )));
    }
    let auto = table.auto_increment().filter(|_| fills).map(|(ordinal, _)| ordinal);
    let assigned = assigned(tokens, clauses, reference)?;
    let source = |ordinal: usize| {
        let name = table.columns.get(ordinal).map_or("", |column| &column.name);
        if let Some((_, value)) = assigned.iter().rev().find(|(assigned, _)| *assigned == ordinal) {
            let variable = match value.len() {
                1 => super::special::user_variables(tokens, value.clone()).next(),
                _ => None,
            };
            let is_it = |target: &Target| matches!((target, &variable), (Target::Variable(name), Some(wanted)) if name == wanted);
            let field = targets.iter().rposition(is_it).filter(|_| auto != Some(ordinal));
            return field.map(Source::Field).ok_or_else(|| {
                RouterError::not_supported(format_args!(
                    "SET of column '{name}' of table '{}' in LOAD DATA, by which rows are placed, to other than one of the list's variables",
                    table.name
                ))
            });
        }
        let is_it = |target: &Target| matches!(target, Target::Column(column) if *column == ordinal);
        match targets.iter().filter(|target| is_it(target)).count() {
            0 => Ok(Source::Default),
            1 => Ok(targets.iter().position(is_it).map_or(Source::Default, Source::Field)),
            _ => Err(RouterError::new(1110, "42000", format!("Column '{name}' specified twice"))),
        }
    };
    let variables = targets.iter().enumerate().filter_map(|(index, target)| match target {
        Target::Variable(name) => Some((name.clone(), index)),
        Target::Column(_) => None,
    });
    Ok(Apart {
        format: clauses.format(charset, mode)?,
        charset: charset.to_owned(),
        skipped: clauses.skipped.as_ref().map_or(0, |(_, lines)| *lines),
        wanted: targets.len(),
        variables: variables.collect(),
        sequence: auto.map(|_| (reference.database.name.as_str().into(), table.name.as_str().into())),
        everywhere: reference.kind == Kind::Broadcast,
        keys: reference
            .placer
            .key_ordinals()
            .iter()
            .map(|ordinal| source(*ordinal))
            .collect::<Result<_, _>>()?,
        auto: auto.map(source).transpose()?,
    })
}

/// The columns that SET assigns, with the tokens of their values.
fn assigned(
    tokens: &Tokens<'_>,
    clauses: &Clauses,
    reference: &Reference,
) -> Result<Vec<(usize, Range<usize>)>, RouterError> {
    let mut assigned = Vec::with_capacity(clauses.set.len());
    for part in &clauses.set {
        let name = tokens.name(part.start).filter(|_| tokens.is_op(part.start + 1, "="));
        let name = name.ok_or_else(|| RouterError::syntax("LOAD DATA: SET column = expression, ..."))?;
        assigned.push((ordinal(reference, &name)?, part.start + 2..part.end));
    }
    Ok(assigned)
}

/// What the statement for lines of ours has otherwise: no lines to leave out, a field for the AUTO_INCREMENT value, variables that are no session's.
fn apart_edits(tokens: &Tokens<'_>, clauses: &Clauses, reference: &Reference, apart: &Apart) -> Vec<Edit> {
    let mut edits = Vec::new();
    if let Some((skipped, _)) = &clauses.skipped {
        edits.push(Edit::cut(tokens.start(skipped.start)..tokens.end(skipped.end - 1)));
    }
    let table = &reference.table;
    let added = table.auto_increment().filter(|_| apart.auto == Some(Source::Default));
    let added = added.map(|(_, column)| quote(&column.name));
    match clauses.list.filter(|(open, close)| open + 1 < *close) {
        Some((open, _)) => {
            if let Some(name) = added {
                let at = tokens.end(open);
                edits.push(Edit::new(at..at, vec![text(format!("{name}, "))]));
            }
        }
        // The catalog's columns are named: a statement that was planned before an ALTER that is under way then fails or means the same.
        None => {
            let visible = table.columns.iter().filter(|column| !column.invisible);
            let names: Vec<String> =
                added.into_iter().chain(visible.map(|column| quote(&column.name))).collect();
            let range = match clauses.list {
                Some((open, close)) => tokens.start(open)..tokens.end(close),
                None => {
                    let at = tokens.end(clauses.list_place.saturating_sub(1));
                    at..at
                }
            };
            edits.push(Edit::new(range, vec![text(format!(" ({})", names.join(", ")))]));
        }
    }
    let behind = clauses.list.map_or(clauses.list_place, |(open, _)| open);
    for at in behind..tokens.len() {
        let name = super::special::user_variables(tokens, at..at + 1).next();
        let index = name.and_then(|name| apart.variables.iter().rposition(|(known, _)| *known == name));
        if let Some(index) = index {
            edits.push(Edit::new(
                tokens.start(at)..tokens.end(at),
                vec![text(format!("@__ostrakon_load_{index}"))],
            ));
        }
    }
    edits
}

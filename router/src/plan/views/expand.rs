//! A statement's views, and their own views, as text.

use std::sync::Arc;

use ostrakon_catalog::privilege::Privileges;
use ostrakon_catalog::view::View;

use super::walk::{Found, Mention};
use super::{has_none, invalid, order, written};
use crate::RouterError;
use crate::access::Need;
use crate::lexer::{Hole, SqlMode, tokenize};
use crate::parse::ddl::ObjectName;
use crate::plan::ast::{self, Part};
use crate::plan::layout::Layout;
use crate::plan::select::{into_variables, is_locking, labelled_by_text};
use crate::plan::text::{Cutter, Edit, Piece, label_of, text};
use crate::plan::tokens::Tokens;
use crate::plan::tree::{Name, Query};
use crate::plan::{Request, insert, modify};
use crate::sharding::topology::quote;

/// Views inside views, one in the other.
const DEPTH_MAX: usize = 32;
/// Bytes that the views of one statement may come to.
const BYTES_MAX: usize = 1 << 20;

/// A statement with its views' queries in their places, for every text of its template.
#[derive(Debug)]
pub struct Expansion {
    pieces: Vec<Piece>,
    /// Views whose literals need the `collation_connection` that they were made with: name and collation.
    pub collations: Vec<(String, String)>,
    /// What must be allowed to read, and to whom. What is written besides, the expanded statement's plan needs.
    pub needs: Vec<ViewNeed>,
}

/// What somebody must be allowed for a statement with views.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewNeed {
    /// The definer of the view whose query it is; `None`: who sends the statement.
    pub definer: Option<Arc<str>>,
    /// A view's query reads it, not the statement itself.
    pub in_view: bool,
    pub need: Need,
}

impl Expansion {
    /// The statement's text.
    pub fn text(&self, text: &[u8], holes: &[Hole]) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len() * 2);
        for piece in &self.pieces {
            match piece {
                Piece::Copy { from, to, .. } => {
                    let range = from.resolve(holes)..to.resolve(holes);
                    out.extend_from_slice(text.get(range).unwrap_or_default());
                }
                Piece::Label { from, to } => {
                    out.extend_from_slice(label_of(*from, *to, text, holes).as_bytes());
                }
                Piece::Text(text) => out.extend_from_slice(text.as_bytes()),
                // Only planning makes the others.
                Piece::Table(_) | Piece::Session(_) | Piece::Next { .. } | Piece::Limit { .. } => {}
            }
        }
        out
    }
}

/// The expansion of a statement that names views; `None`: it names none.
///
/// Errors: 1235 where a view may be named in what is not understood, 1288 and 1471 for writes, 1356, 1462.
pub(crate) fn expansion(
    request: &Request<'_>,
    tokens: &Tokens<'_>,
) -> Result<Option<Expansion>, RouterError> {
    if has_none(request.catalog) || !(0..tokens.len()).any(|at| view_at(request, tokens, at).is_some()) {
        return Ok(None);
    }
    let mut write = None;
    let parts = if tokens.is_any_word(0, &["INSERT", "REPLACE"]) {
        let (table, query) = insert::parts(tokens)?;
        written::check_insert(request, tokens, &table)?;
        let rest = query.as_ref().map_or(0..tokens.len(), |query| query.end..tokens.len());
        refuse_tables(request, tokens, rest, &["FROM", "JOIN"], "this part of an INSERT")?;
        let Some(query) = query else { return Ok(None) };
        vec![Part::Tokens(query)]
    } else if tokens.is_any_word(tokens.behind_with(), &["UPDATE", "DELETE"]) {
        match modify::clauses(tokens) {
            Some(found) => write.insert(found).take_parts(),
            None => return not_understood(request, tokens, "the clauses of this write"),
        }
    } else {
        let into = into_variables(tokens)?;
        vec![Part::Tokens(0..into.start), Part::Tokens(into.end..tokens.len())]
    };
    let query = match ast::parse(tokens, &parts, request.mode) {
        Ok(query) => query,
        Err(message) => return not_understood(request, tokens, &message),
    };
    let mut expander = Expander::new(request);
    if let Some(write) = &write {
        written::check(request, tokens, write, &query)?;
    }
    let edits = expander.edits(tokens, &query, None)?;
    if expander.views == 0 {
        return Ok(None);
    }
    if write.is_none() && is_locking(tokens) {
        return Err(RouterError::not_supported(
            "FOR UPDATE and LOCK IN SHARE MODE with a view; name its tables",
        ));
    }
    let mut cutter = Cutter::new(&request.template.holes, Vec::new());
    for edit in edits {
        let pieces = match edit.new {
            New::Text(new) => vec![text(new)],
            New::Label(range) => vec![text(" AS "), cutter.label(range.start, range.end)],
        };
        cutter.edits.push(Edit::new(edit.range, pieces));
    }
    let pieces = cutter.range(0, request.template.length);
    Ok(Some(Expansion { pieces, collations: expander.collations, needs: expander.needs }))
}

/// The query of a view with the views in it expanded.
///
/// Errors: 1356 and 1462; 1235 for another sql_mode than at its creation.
pub fn expanded(request: &Request<'_>, database: &str, view: &View) -> Result<String, RouterError> {
    Expander::new(request).query_of(database, view)
}

/// A statement that the parser does not know: it may name views only where that is no table.
fn not_understood<T>(
    request: &Request<'_>,
    tokens: &Tokens<'_>,
    message: &str,
) -> Result<Option<T>, RouterError> {
    const BEFORE: &[&str] =
        &["FROM", "JOIN", "STRAIGHT_JOIN", "UPDATE", "INTO", "TABLE", "USING", "DELETE", ",", "("];
    refuse_tables(request, tokens, 0..tokens.len(), BEFORE, message)?;
    Ok(None)
}

/// Errors: 1235 for the name of a view behind one of these words.
fn refuse_tables(
    request: &Request<'_>,
    tokens: &Tokens<'_>,
    range: std::ops::Range<usize>,
    words: &[&str],
    message: &str,
) -> Result<(), RouterError> {
    for at in range {
        let Some(name) = view_at(request, tokens, at) else { continue };
        let first = if at > 1 && tokens.is_op(at - 1, ".") { at - 2 } else { at };
        let before = first.checked_sub(1);
        let is_table = before.is_some_and(|before| {
            tokens.is_any_word(before, words) || words.iter().any(|word| tokens.is_op(before, word))
        });
        if is_table {
            return Err(RouterError::not_supported(format_args!(
                "view '{}' in a statement that the planner does not read ({message})",
                name.name
            )));
        }
    }
    Ok(())
}

/// The view whose name stands there, or may.
fn view_at(request: &Request<'_>, tokens: &Tokens<'_>, at: usize) -> Option<ObjectName> {
    let name = tokens.name(at)?;
    let database = match at > 1 && tokens.is_op(at - 1, ".") {
        true => tokens.name(at - 2)?,
        false => request.database?.to_owned(),
    };
    request.catalog.view(&database, &name)?;
    Some(ObjectName { database: Some(database), name, span: tokens.get(at).range() })
}

/// What is put where.
pub(super) struct Replacement {
    pub range: std::ops::Range<usize>,
    pub new: New,
}

pub(super) enum New {
    Text(String),
    /// ` AS ` and the text of that range as a name.
    Label(std::ops::Range<usize>),
}

struct Expander<'r> {
    request: &'r Request<'r>,
    /// (database, view), outermost first.
    stack: Vec<(String, String)>,
    collations: Vec<(String, String)>,
    needs: Vec<ViewNeed>,
    /// Of the view whose query is being expanded, unless it has the rights of who asks.
    definer: Option<Arc<str>>,
    /// How many names were replaced.
    views: usize,
    bytes: usize,
}

impl<'r> Expander<'r> {
    fn new(request: &'r Request<'r>) -> Self {
        Self {
            request,
            stack: Vec::new(),
            collations: Vec::new(),
            needs: Vec::new(),
            definer: None,
            views: 0,
            bytes: 0,
        }
    }

    /// What turns a query into one without views. `of`: the view that it is the query of.
    fn edits(
        &mut self,
        tokens: &Tokens<'_>,
        query: &Query,
        of: Option<(&str, &str)>,
    ) -> Result<Vec<Replacement>, RouterError> {
        let found = Found::of(query);
        let mut edits = Vec::new();
        let mut bare = Vec::new();
        for mention in &found.mentions {
            let (database, table) = match mention.name.as_slice() {
                [database, table] => (database.text.as_str(), table),
                [table] => match self.request.database {
                    Some(database) => (database, table),
                    None => continue,
                },
                _ => continue,
            };
            self.reads(database, &table.text);
            let catalog = self.request.catalog;
            let Some(view) = catalog.view(database, &table.text).cloned() else {
                let is_there = catalog.table(database, &table.text).is_some()
                    || database.eq_ignore_ascii_case("information_schema");
                match of {
                    Some((home, view)) if !is_there => return Err(self.invalid(home, view)),
                    _ => continue,
                }
            };
            let body = self.query_of(database, &view)?;
            self.bytes += body.len();
            if self.bytes > BYTES_MAX {
                return Err(RouterError::not_supported(format_args!(
                    "views of more than {BYTES_MAX} bytes in one statement"
                )));
            }
            self.views += 1;
            let alias = match mention.alias {
                Some(_) => String::new(),
                None => format!(" AS {}", quote(&table.text)),
            };
            edits
                .push(Replacement { range: span(&mention.name), new: New::Text(format!("({body}){alias}")) });
            if mention.alias.is_none() {
                bare.push((database.to_owned(), table.text.clone()));
            }
        }
        for [database, table] in &found.qualifiers {
            // A derived table has no database.
            if bare.iter().any(|(home, name)| *home == database.text && *name == table.text) {
                let range = database.span.start..table.span.start;
                edits.push(Replacement { range, new: New::Text(String::new()) });
            }
        }
        edits.extend(order::inherited(self.request, tokens, &found, of.is_none())?);
        let labels = labels(tokens, &found, &edits);
        edits.extend(labels);
        Ok(edits)
    }

    fn query_of(&mut self, database: &str, view: &View) -> Result<String, RouterError> {
        let place = (database.to_owned(), view.name.clone());
        if self.stack.contains(&place) {
            let (home, name) = self.stack.first().cloned().unwrap_or(place);
            return Err(RouterError::new(
                1462,
                "HY000",
                format!("`{home}`.`{name}` contains view recursion"),
            ));
        }
        if self.stack.len() >= DEPTH_MAX {
            return Err(RouterError::not_supported(format_args!("views in more than {DEPTH_MAX} views")));
        }
        check_modes(self.request.mode, view)?;
        if let Some(collation) = &view.literal_collation {
            self.collations.push((view.name.clone(), collation.clone()));
        }
        self.stack.push(place);
        let source = view.query.as_bytes();
        let unreadable = |message: String| {
            RouterError::not_supported(format_args!("view '{}', which cannot be read ({message})", view.name))
        };
        let tokens = Tokens::new(source, tokenize(source, self.request.mode)?);
        let query = ast::parse(&tokens, &[Part::Tokens(0..tokens.len())], self.request.mode);
        let query = query.map_err(unreadable)?;
        let definer = (!view.invoker).then(|| view.definer.as_str().into());
        let before = std::mem::replace(&mut self.definer, definer);
        let edits = self.edits(&tokens, &query, Some((database, &view.name)))?;
        self.definer = before;
        self.stack.pop();
        Ok(applied(&view.query, edits))
    }

    /// The table or view is read. (Of information_schema everybody sees what is theirs.)
    fn reads(&mut self, database: &str, table: &str) {
        if database.eq_ignore_ascii_case("information_schema") {
            return;
        }
        let need = ViewNeed {
            definer: self.definer.clone(),
            in_view: !self.stack.is_empty(),
            need: Need::table(Some(database), table, Privileges::SELECT),
        };
        if !self.needs.contains(&need) {
            self.needs.push(need);
        }
    }

    /// 1356 names the view that the statement names.
    fn invalid(&self, database: &str, view: &str) -> RouterError {
        match self.stack.first() {
            Some((database, view)) => invalid(database, view),
            None => invalid(database, view),
        }
    }
}

/// Errors: 1235 for a query that was written to be read otherwise than this session reads.
fn check_modes(mode: SqlMode, view: &View) -> Result<(), RouterError> {
    for (word, was_set) in &view.modes {
        let is_set = match word.as_str() {
            "NO_BACKSLASH_ESCAPES" => mode.no_backslash_escapes,
            "PIPES_AS_CONCAT" => mode.pipes_as_concat,
            "HIGH_NOT_PRECEDENCE" => mode.high_not_precedence,
            _ => continue,
        };
        if is_set != *was_set {
            let with = if *was_set { "with" } else { "without" };
            return Err(RouterError::not_supported(format_args!(
                "view '{}' in this sql_mode: it was made {with} {word}",
                view.name
            )));
        }
    }
    Ok(())
}

/// Select items without an alias are labelled by their text: they keep it when something in it is replaced.
fn labels(tokens: &Tokens<'_>, found: &Found<'_>, edits: &[Replacement]) -> Vec<Replacement> {
    let mut labels = Vec::new();
    for select in &found.selects {
        let Some(at) = tokens.at_byte(select.start).filter(|at| tokens.is_word(*at, "SELECT")) else {
            continue;
        };
        let layout = Layout::new(tokens, at);
        if layout.items.len() != select.items.len() {
            continue;
        }
        for (item, range) in select.items.iter().zip(&layout.items) {
            let Some(bytes) = labelled_by_text(tokens, item, range) else { continue };
            let touches = |edit: &Replacement| edit.range.start >= bytes.start && edit.range.end <= bytes.end;
            if edits.iter().any(touches) {
                labels.push(Replacement { range: bytes.end..bytes.end, new: New::Label(bytes) });
            }
        }
    }
    labels
}

pub(super) fn span(name: &[Name]) -> std::ops::Range<usize> {
    match (name.first(), name.last()) {
        (Some(first), Some(last)) => first.span.start..last.span.end,
        _ => 0..0,
    }
}

/// The text with all edits made; those inside of others are part of what is replaced.
pub(super) fn applied(source: &str, mut edits: Vec<Replacement>) -> String {
    // Of those at one place, what is put in comes first, then the one that replaces most.
    edits.sort_by_key(|edit| (edit.range.start, !edit.range.is_empty(), std::cmp::Reverse(edit.range.end)));
    let mut out = String::with_capacity(source.len() * 2);
    let mut at = 0;
    for edit in edits {
        if edit.range.start < at {
            continue;
        }
        out.push_str(source.get(at..edit.range.start).unwrap_or_default());
        match &edit.new {
            New::Text(text) => out.push_str(text),
            New::Label(range) => {
                out.push_str(" AS ");
                out.push_str(&quote(source.get(range.clone()).unwrap_or_default()));
            }
        }
        at = edit.range.end;
    }
    out.push_str(source.get(at..).unwrap_or_default());
    out
}

/// The database and view that a mention means.
pub(super) fn view_of<'c>(request: &Request<'c>, mention: &Mention) -> Option<(String, &'c View)> {
    let (database, table) = match mention.name.as_slice() {
        [database, table] => (database.text.clone(), table),
        [table] => (request.database?.to_owned(), table),
        _ => return None,
    };
    let view = request.catalog.view(&database, &table.text)?;
    Some((database, view))
}

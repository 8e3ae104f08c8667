//! `node(...)`: a statement that goes to chosen groups as it is. Its names are those of physical tables, which the planner knows nothing of.

use std::sync::Arc;

use ostrakon_catalog::schema::Database;

use super::special::{NamedLocks, refuse_locks, special};
use super::text::{Cutter, Piece, render};
use super::tokens::Tokens;
use super::{Arguments, Body, Combine, Execution, Request, RoutedPlan, StatementClass};
use crate::RouterError;
use crate::access::Need;
use crate::lexer::{SqlMode, tokenize};
use crate::merge::MergeSpec;

/// A statement without logical names.
#[derive(Debug)]
pub(crate) struct Direct {
    mode: SqlMode,
    groups: Vec<usize>,
    pieces: Vec<Piece>,
}

impl Direct {
    pub fn route(&self, arguments: &Arguments<'_>, out: &mut Execution) {
        for group in &self.groups {
            render(&self.pieces, arguments, self.mode, &[], (*group, *group), |_| 0, out);
        }
    }
}

/// The physical table of an UPDATE or DELETE with neither WHERE nor LIMIT.
fn written_whole(tokens: &Tokens<'_>, first: usize, class: StatementClass) -> Option<Arc<str>> {
    let end = tokens.len();
    let writes = matches!(class, StatementClass::Write | StatementClass::WriteReturning);
    let limited = tokens.find(first, end, |at| tokens.is_any_word(at, &["WHERE", "LIMIT"])) < end;
    if !writes || limited || !tokens.is_any_word(first, &["UPDATE", "DELETE"]) {
        return None;
    }
    let from = tokens.find(first, end, |at| tokens.is_any_word(at, &["FROM", "UPDATE"]));
    Some(tokens.name(from + 1).unwrap_or_default().into())
}

/// Plans the statement for these groups of the database, without a look at its tables. Rows of several groups are united, counts added up.
///
/// Errors: 1064; 1235 for what is neither a query nor DML nor SHOW, and for what cannot work through a shared connection.
pub fn direct(
    request: &Request<'_>,
    database: &Arc<Database>,
    groups: Vec<usize>,
) -> Result<RoutedPlan, RouterError> {
    let text = request.text.get(..request.template.length).unwrap_or(request.text);
    let tokens = Tokens::new(text, tokenize(text, request.mode)?);
    let first = (0..tokens.len()).find(|at| !tokens.is_op(*at, "(")).unwrap_or(0);
    let is = |words: &[&str]| tokens.is_any_word(first, words);
    let has = |words: &[&str]| (0..tokens.len()).any(|at| tokens.are_words(at, words));
    let class = if is(&["SELECT", "WITH", "VALUES", "TABLE"]) {
        if has(&["INTO"]) {
            return Err(RouterError::not_supported("SELECT ... INTO by a hint's groups"));
        }
        match has(&["FOR", "UPDATE"]) || has(&["FOR", "SHARE"]) || has(&["LOCK", "IN", "SHARE", "MODE"]) {
            true => StatementClass::LockingRead,
            false => StatementClass::Read,
        }
    } else if is(&["SHOW", "DESC", "DESCRIBE", "EXPLAIN"]) {
        StatementClass::Read
    } else if is(&["INSERT", "REPLACE", "UPDATE", "DELETE"]) {
        match has(&["RETURNING"]) {
            true => StatementClass::WriteReturning,
            false => StatementClass::Write,
        }
    } else {
        // The catalog would not know of what DDL changes, and the session not of what SET does.
        let word = String::from_utf8_lossy(tokens.bytes(first)).to_uppercase();
        return Err(RouterError::not_supported(format_args!(
            "{word} with the hint NODE, which takes queries, SHOW, INSERT, REPLACE, UPDATE and DELETE"
        )));
    };
    let special = special(&tokens)?;
    refuse_locks(special.locks)?;
    if !special.nexts.is_empty() || !special.assigned.is_empty() {
        return Err(RouterError::not_supported(
            "NEXTVAL and assignments to user variables with the hint NODE",
        ));
    }
    let combine = match class {
        StatementClass::Read | StatementClass::LockingRead => Combine::Rows(Arc::new(MergeSpec::default())),
        StatementClass::WriteReturning => Combine::Never("RETURNING".into()),
        StatementClass::Write if special.sets_last_id => Combine::Never("LAST_INSERT_ID(expression)".into()),
        StatementClass::Write => Combine::Counts,
    };
    if let (Combine::Never(reason), 2..) = (&combine, groups.len()) {
        return Err(RouterError::not_supported(format_args!("{reason} in several groups")));
    }
    let pieces = Cutter::new(&request.template.holes, special.edits).range(0, request.template.length);
    Ok(RoutedPlan {
        class,
        database: Some(database.clone()),
        combine,
        tables: Vec::new(),
        sequence: None,
        cacheable: false,
        reason: "the hint NODE".into(),
        reads_time: false,
        calc_found_rows: has(&["SQL_CALC_FOUND_ROWS"]),
        sets_last_id: special.sets_last_id,
        hides_generated: false,
        writes_whole: written_whole(&tokens, first, class),
        user_variables: special.variables,
        assigned: Vec::new(),
        locks: NamedLocks::None,
        nextvals: Vec::new(),
        // Its names are those of physical tables, in whatever database of the instances.
        needs: vec![Need::administration()],
        shareable: false,
        quickness: super::Quickness::default(),
        body: Body::Direct(Box::new(Direct { mode: request.mode, groups, pieces })),
    })
}

//! Plans: what a statement needs, decided once for each template; then routing and rendering for each execution.
//!
//! ```text
//! plan(request) -> Plan            on a plan-cache miss: parse, bind to the catalog, find key conditions, merge specification
//! Plan::Routed(p)
//!   p.sequence_values(args)        INSERT only: how many AUTO_INCREMENT values the executor must bring
//!   p.generated_keys()             INSERT only: generated shard keys that the executor must bring
//!   p.route_into(args, &mut out)   prune on the literals, render one physical statement for each physical table
//! ```

mod access;
mod analysis;
mod ast;
mod bind;
mod cache;
pub mod carriage;
mod classes;
mod condition;
mod dialect;
mod digits;
mod direct;
mod fallback;
mod gather;
mod generated_key;
mod grouping;
mod guard;
mod insert;
mod joining;
mod keyed;
mod keys;
mod layout;
mod literals;
mod load;
mod merging;
mod modify;
mod moment;
mod nextval;
mod own;
mod returning;
mod route;
mod rows;
mod rows_first;
mod scan;
mod select;
mod shareable;
mod special;
mod spread;
mod system;
mod text;
mod through;
mod tokens;
mod tree;
mod unresolved;
mod untyped;
mod values;
mod views;

use std::ops::Range;
use std::sync::Arc;

pub use cache::PlanCache;
pub use digits::{ALL_DIGITS, LEADING_DIGITS, hides_digits, is_row_by_row, with_all_digits};
pub use direct::direct;
pub use gather::{GATHER_DATABASE, Gather, Link, Made, Source};
pub use generated_key::generated_key;
pub use insert::generated::GeneratedKeys;
pub use literals::with_literals;
pub use load::{Apart, Format, Found, LOADED_FILE, Line, Load, Needs};
pub use nextval::unknown as unknown_sequence;
pub use returning::Returning;
pub use rows_first::{
    Alike, Comparable, ComputedValue, InsertComputed, InsertQuery, KeyedColumn, KeyedTarget, KeyedWrite,
    Literal, Moves, Reading, RowsFirst, Upsert,
};
pub use scan::ScanPlaces;
pub use shareable::{Quickness, Run};
pub use special::NamedLocks;
pub use system::{
    INFORMATION_SCHEMA, SUMMED, SYSTEM_TABLES, SystemRows, SystemSource, SystemTable,
    table_named as system_table_named,
};
pub use untyped::aggregates_parameters;
pub use views::{Definition, Expansion, Literals, ViewNeed, check_view, define_view, expanded_view};

use ostrakon_catalog::schema::Database;

use crate::RouterError;
use crate::access::Need;
use crate::lexer::{Hole, SqlMode, Template, tokenize};
use crate::merge::MergeSpec;
use crate::parse::{parse_command, parse_ddl};
use crate::value::Value;

/// What a plan is made from.
pub struct Request<'a> {
    /// One statement, `template.length` bytes long.
    pub text: &'a [u8],
    pub template: &'a Template,
    /// Catalog snapshot that the plan is bound to.
    pub catalog: &'a ostrakon_catalog::Catalog,
    /// The session's current database.
    pub database: Option<&'a str>,
    pub mode: SqlMode,
}

/// A statement, understood.
#[derive(Debug)]
pub enum Plan {
    /// SELECT, INSERT, REPLACE, UPDATE, DELETE and what passes through like them: goes to physical tables.
    Routed(Box<RoutedPlan>),
    /// Session, SHOW, transaction and admin statements: the session answers them.
    Command(Box<crate::parse::command::Command>),
    /// Changes logical objects.
    Ddl(Box<crate::parse::ddl::Ddl>),
    /// LOAD DATA LOCAL: the client sends the rows.
    Load(Box<Load>),
    /// Names views: to be planned again, as the statement with their queries in their places.
    Views(Box<Expansion>),
}

/// What kind of answer a routed statement has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatementClass {
    /// Returns rows and takes no locks.
    Read,
    /// SELECT ... FOR UPDATE and the like: returns rows, belongs in the transaction as a read, never on a replica.
    LockingRead,
    /// Returns OK with affected rows.
    Write,
    /// INSERT ... RETURNING and the like (MariaDB): writes and returns rows.
    WriteReturning,
}

impl StatementClass {
    pub fn writes(self) -> bool {
        matches!(self, Self::Write | Self::WriteReturning)
    }
}

/// What an execution brings: the statement's own text and values.
pub struct Arguments<'a> {
    pub text: &'a [u8],
    /// Holes of this text (its template equals the plan's).
    pub holes: &'a [Hole],
    /// Values of the parameter markers for a prepared statement; `None` for a text statement. When `Some`, physical statements keep
    /// their `?` and say in `PhysicalStatement::params` what to bind.
    pub params: Option<&'a [Value<'a>]>,
    /// AUTO_INCREMENT values, as many as `sequence_values` asked for, in row order.
    pub generated: &'a [u64],
    /// The generated shard keys of each row, as `RoutedPlan::generated_keys` says.
    pub keys: &'a [Vec<Value<'a>>],
    /// Values of sequences, one for each of `RoutedPlan::nextvals`.
    pub nextvals: &'a [u64],
    /// A number that picks a group where any will do (a broadcast table's reads): the executor's rotation.
    pub spread: usize,
    /// A group in which the session's transaction has a connection already: preferred where any group will do.
    pub preferred_group: Option<usize>,
    /// Values of the functions that read session state.
    pub session: &'a dyn SessionFacts,
}

/// The value of one `?` in a physical statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamSource {
    /// The client's n-th parameter.
    Client(usize),
    /// This number in its place (a generated AUTO_INCREMENT value, a widened LIMIT).
    Number(u64),
}

/// One statement for one physical table (or one set of co-located ones).
#[derive(Clone, Debug, PartialEq)]
pub struct PhysicalStatement {
    /// Index of the group in `Execution::database`.
    pub group: usize,
    /// Global index of the physical table in its topology, for SHOW TOPOLOGY order and EXPLAIN.
    pub shard: usize,
    /// The text, in `Execution::buffer`.
    pub text: Range<usize>,
    /// Bindings of its parameter markers, in `Execution::params`.
    pub params: Range<usize>,
}

/// One execution's physical statements. Reused: `clear` keeps the buffers.
#[derive(Debug, Default)]
pub struct Execution {
    pub statements: Vec<PhysicalStatement>,
    pub buffer: Vec<u8>,
    pub params: Vec<ParamSource>,
    /// First generated AUTO_INCREMENT value that a row took, for LAST_INSERT_ID; `None` when none was.
    pub first_generated: Option<u64>,
    /// Largest explicit value for the AUTO_INCREMENT column, which raises the sequence.
    pub largest_explicit: Option<u64>,
    /// That of the last row that has one: a server's OK packet says it when no value was generated.
    pub last_explicit: Option<u64>,
    /// No group can answer: `Combine::Gather` or `Combine::RowsFirst` is the way, and there are no statements.
    pub gathers: bool,
    /// No table may be scanned in several groups, whatever its guard says. Who routes sets it.
    pub forbids_scans: bool,
    /// A table that may not be scanned, and that these statements scan in several groups.
    pub full_scan: Option<Arc<str>>,
    /// For each statement of an INSERT that has several, the numbers of its rows among the user's, from 0.
    pub row_numbers: Vec<Vec<usize>>,
}

impl Execution {
    pub fn clear(&mut self) {
        self.statements.clear();
        self.buffer.clear();
        self.params.clear();
        self.first_generated = None;
        self.largest_explicit = None;
        self.last_explicit = None;
        self.gathers = false;
        self.forbids_scans = false;
        self.full_scan = None;
        self.row_numbers.clear();
    }

    pub fn text(&self, statement: &PhysicalStatement) -> &[u8] {
        &self.buffer[statement.text.clone()]
    }

    /// Bytes of memory that its lists hold, used or not.
    pub fn capacity(&self) -> usize {
        self.buffer.capacity()
            + self.statements.capacity() * size_of::<PhysicalStatement>()
            + self.params.capacity() * size_of::<ParamSource>()
            + self.row_numbers.capacity() * size_of::<Vec<usize>>()
    }
}

/// How several physical statements' answers combine.
#[derive(Clone, Debug)]
pub enum Combine {
    /// Rows of a query.
    Rows(Arc<MergeSpec>),
    /// OK packets: affected rows, warnings and the numbers in `info` add up.
    Counts,
    /// OK packets of the same write on every copy of a broadcast table: one copy's numbers are the answer.
    Broadcast,
    /// Rows are copied to one server, which runs the statement over them.
    Gather(Arc<Gather>),
    /// A query gives the rows that are written.
    RowsFirst(Arc<RowsFirst>),
    /// The statement is only possible on one physical table; the reason why not more (for 1235 and EXPLAIN).
    Never(Arc<str>),
}

/// The names that a shard's column definitions carry, for putting logical ones in their place.
#[derive(Clone, Debug, PartialEq)]
pub struct TableName {
    pub logical_database: Arc<str>,
    pub logical_table: Arc<str>,
    /// Text that every physical name of this table starts with.
    pub physical_prefix: Arc<str>,
}

/// (database, sequence)
pub type SequenceName = (Arc<str>, Arc<str>);

/// Functions that read the session's state: the planner puts literals in their place, because backend connections are shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SessionFunction {
    /// `LAST_INSERT_ID()` without argument.
    LastInsertId,
    /// `@@last_insert_id`, `@@identity`.
    LastInsertIdVariable,
    FoundRows,
    RowCount,
    /// `DATABASE()`, `SCHEMA()`.
    Database,
    ConnectionId,
    /// `USER()`, `SESSION_USER()`, `SYSTEM_USER()`.
    User,
    /// `CURRENT_USER`, `CURRENT_USER()`.
    CurrentUser,
    /// `VERSION()`.
    Version,
    /// `@@version`.
    VersionVariable,
    /// `@@autocommit`, `@@session.autocommit`: backend connections always run with 1.
    Autocommit,
    /// `@@warning_count`, `@@error_count`.
    WarningCount,
    ErrorCount,
    /// `@@in_transaction` (MariaDB).
    InTransaction,
    /// `@@hostname`, `@@port`, `@@socket`, `@@datadir` and their like describe a server behind the proxy.
    Port,
    Hostname,
    /// `@@max_allowed_packet`: what the node takes, which clients ask in order to cut their packets.
    MaxAllowedPacket,
    /// `@@log_bin`, `@@gtid_mode`: binary logs are each server's own, and the cluster has none.
    LogBin,
    GtidMode,
    /// `@@pseudo_thread_id`: what CONNECTION_ID() says.
    PseudoThreadId,
}

/// What the session knows: SQL literal text for each function (`42`, `'shop'`, `NULL`), safe to splice.
pub trait SessionFacts {
    fn literal(&self, function: SessionFunction) -> String;
}

/// A plan for physical tables. Public fields are what the executor needs; `body` is the planner's.
#[derive(Debug)]
pub struct RoutedPlan {
    pub class: StatementClass,
    /// The logical database whose groups `PhysicalStatement::group` counts; `None`: no table is named, so any group of the
    /// session's database or any instance will do (then the one statement has group 0).
    pub database: Option<Arc<Database>>,
    /// Used when `route_into` gives more than one statement.
    pub combine: Combine,
    /// Tables in the statement, for column definitions.
    pub tables: Vec<TableName>,
    /// (database, table) whose sequence fills the AUTO_INCREMENT column: INSERT and REPLACE into a sharded or broadcast table.
    pub sequence: Option<(Arc<str>, Arc<str>)>,
    /// True when equal templates may use this plan with other literals.
    pub cacheable: bool,
    /// One line for EXPLAIN: why the statement is not a plain pass when it needs more than one physical table.
    pub reason: Arc<str>,
    /// SQL_CALC_FOUND_ROWS: FOUND_ROWS() must be asked from the connection that ran the statement.
    pub calc_found_rows: bool,
    /// `NOW()` or its like is in it, or may be a default of what it writes: physical statements need one moment.
    pub reads_time: bool,
    /// `LAST_INSERT_ID(expression)` is in it: the OK packet says the value.
    pub sets_last_id: bool,
    /// A server makes AUTO_INCREMENT values of which the answer tells nothing: it has rows (RETURNING).
    pub hides_generated: bool,
    /// The table of an UPDATE or DELETE with neither WHERE nor LIMIT.
    pub writes_whole: Option<Arc<str>>,
    /// User variables that the statement reads: lower case, without the `@`.
    pub user_variables: Vec<String>,
    /// User variables that it assigns: their values are asked from the connection that ran the statement.
    pub assigned: Vec<String>,
    /// It goes to the connection that holds the session's named locks.
    pub locks: NamedLocks,
    /// Sequences that the statement takes values of by NEXTVAL, one for each place in it.
    pub nextvals: Vec<SequenceName>,
    /// What the account must be allowed.
    pub needs: Vec<Need>,
    /// It may go over a connection that others use at the same time, and may be run a second time.
    pub shareable: bool,
    /// How quick it was: where it is shareable, and where it writes in several groups.
    pub quickness: Quickness,
    body: Body,
}

/// What routing works on.
#[derive(Debug)]
enum Body {
    Tables(Box<route::Tables>),
    Rows(Box<rows::Rows>),
    Direct(Box<direct::Direct>),
}

impl RoutedPlan {
    /// How many AUTO_INCREMENT values `route_into` will use; 0 for all but INSERT and REPLACE into tables whose sequence is ours.
    ///
    /// Errors: 1235 for an AUTO_INCREMENT value that is not a number.
    pub fn sequence_values(&self, arguments: &Arguments<'_>) -> Result<usize, RouterError> {
        match &self.body {
            Body::Tables(_) | Body::Direct(_) => Ok(0),
            Body::Rows(rows) => rows.sequence_values(arguments),
        }
    }

    /// What a server must work out before the rows can be placed.
    pub fn generated_keys(&self) -> Option<&GeneratedKeys> {
        match &self.body {
            Body::Rows(rows) => rows.generated.as_ref(),
            Body::Tables(_) | Body::Direct(_) => None,
        }
    }

    /// A sharded table is read.
    pub fn has_sharded(&self) -> bool {
        match &self.body {
            Body::Tables(tables) => tables.has(bind::Kind::Sharded),
            Body::Rows(_) => true,
            Body::Direct(_) => false,
        }
    }

    /// The statement on the first physical tables of one group, as if it needed no others: it has the answer's columns. `None` for a group that does
    /// not have all tables.
    pub fn alone_in(&self, group: usize, arguments: &Arguments<'_>) -> Option<Vec<u8>> {
        match &self.body {
            Body::Tables(tables) => tables.alone_in(group, arguments),
            Body::Rows(_) | Body::Direct(_) => None,
        }
    }

    /// Routes one execution: appends its physical statements to `out`, which the caller has cleared, in topology order.
    ///
    /// Errors: 1235 with the reason when several physical tables are needed and that is not possible; for INSERT the errors of placing
    /// a row (1048, 1264, 1292, 1364, 1366).
    pub fn route_into(&self, arguments: &Arguments<'_>, out: &mut Execution) -> Result<(), RouterError> {
        if arguments.nextvals.len() != self.nextvals.len() {
            return Err(RouterError::not_supported("values of sequences in this place"));
        }
        match &self.body {
            Body::Tables(tables) => tables.route(self.class, &self.combine, arguments, out),
            Body::Rows(rows) => rows.route(&self.combine, arguments, out),
            Body::Direct(direct) => {
                direct.route(arguments, out);
                Ok(())
            }
        }
    }
}

/// Plans one statement.
///
/// Errors: 1064 for text that is no statement, 1046, 1049 and 1146 for names, 1235 with the reason for what is refused.
pub fn plan(request: &Request<'_>) -> Result<Plan, RouterError> {
    let text = request.text.get(..request.template.length).unwrap_or(request.text);
    let raw = tokenize(text, request.mode)?;
    if let Some(command) = parse_command(text, &raw, request.mode)? {
        return Ok(Plan::Command(Box::new(command)));
    }
    if let Some(ddl) = parse_ddl(text, &raw, request.mode)? {
        return Ok(Plan::Ddl(Box::new(ddl)));
    }
    let tokens = tokens::Tokens::new(text, raw);
    if tokens.are_words(0, &["LOAD", "DATA"]) {
        return Ok(Plan::Load(Box::new(load::plan(request, &tokens)?)));
    }
    let first = (0..tokens.len()).find(|at| !tokens.is_op(*at, "(")).unwrap_or(0);
    if let Some(command) = nextval::values_only(&tokens) {
        return Ok(Plan::Command(Box::new(command)));
    }
    if let Some(expansion) = views::expansion(request, &tokens)? {
        return Ok(Plan::Views(Box::new(expansion)));
    }
    let mut routed = if tokens.is_any_word(0, &["INSERT", "REPLACE"]) {
        insert::plan(request, &tokens)?
    } else if tokens.is_any_word(tokens.behind_with(), &["UPDATE", "DELETE"]) {
        modify::plan(request, &tokens)?
    } else if tokens.is_any_word(first, &["SELECT", "WITH", "VALUES", "TABLE"]) {
        select::plan(request, &tokens)?
    } else {
        let word = String::from_utf8_lossy(tokens.bytes(0)).into_owned();
        // Statements that MySQL has and Ostrakon has not are refused by name before; what begins otherwise is no statement.
        let known =
            tokens.is_any_word(0, &["CREATE", "ALTER", "DROP", "RENAME", "LOAD", "XA", "GRANT", "REVOKE"]);
        return Err(match known {
            true => RouterError::not_supported(format_args!("the statement {}", word.to_uppercase())),
            false => RouterError::syntax(format_args!("near '{}'", String::from_utf8_lossy(text))),
        });
    };
    access::beside_tables(&tokens, &routed.nextvals, &mut routed.needs);
    Ok(Plan::Routed(Box::new(routed)))
}

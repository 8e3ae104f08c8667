//! The query that comes first: run whichever way it takes, its rows kept with all digits that their values have.

use ostrakon_protocol::statement::Param;
use ostrakon_router::RouterError;
use ostrakon_router::lexer::{self, Template};
use ostrakon_router::plan::{
    ALL_DIGITS, LEADING_DIGITS, Plan, aggregates_parameters, hides_digits, is_row_by_row, with_all_digits,
};
use ostrakon_router::value::Value;

use super::literal::hidden;
use super::spool::{Spool, SpoolColumn};
use crate::error::SqlError;
use crate::exec::send::Sending;
use crate::session::dispatch::Input;
use crate::session::{Failure, Session};

/// A query, and the parameters of its markers.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked<'a> {
    text: Vec<u8>,
    values: Vec<Value<'a>>,
    params: Vec<Param<'a>>,
    /// One server puts its rows into a temporary table before it writes them, where an expression is a column with the digits that it shows.
    pub is_buffered: bool,
}

impl From<Vec<u8>> for Asked<'_> {
    fn from(text: Vec<u8>) -> Self {
        Self { text, ..Self::default() }
    }
}

impl Session {
    /// The query of a statement. `marked` gives it with markers, and which of the statement's parameters they are.
    ///
    /// MySQL gives a parameter the type that its place asks for, so it gets parameters; MariaDB the type of its value, as a literal has it.
    pub(super) fn asked<'a>(
        &self,
        marked: impl FnOnce() -> Result<(Vec<u8>, Vec<usize>), RouterError>,
        with_literals: impl FnOnce() -> Vec<u8>,
        input: Input<'a>,
        sending: Sending<'a>,
    ) -> Result<Asked<'a>, Failure> {
        let (Some(all), Sending::Prepared(params), false) = (input.values, sending, self.mode.server.mariadb)
        else {
            return Ok(with_literals().into());
        };
        let (text, parameters) = marked()?;
        if aggregates_parameters(&text, self.mode)? {
            return Ok(with_literals().into());
        }
        Ok(Asked {
            text,
            values: parameters.iter().filter_map(|at| all.get(*at).cloned()).collect(),
            params: parameters.iter().filter_map(|at| params.get(*at).copied()).collect(),
            is_buffered: false,
        })
    }

    /// Runs a query of ours, or of the client's, and keeps its rows, with all digits that their values have.
    pub(super) async fn spool(
        &mut self,
        query: &Asked<'_>,
        expected: Option<usize>,
    ) -> Result<Spool, Failure> {
        let before = self.warnings.clone();
        let rows = self.spool_as_shown(query, expected).await?;
        // What they show is all of it for most.
        let Some(fractions) = rows.fractions()? else { return Ok(rows) };
        if !hides_digits(&query.text, self.mode)? {
            return Ok(rows);
        }
        if query.is_buffered {
            return if is_row_by_row(&query.text, self.mode)? { Ok(rows) } else { Err(hidden().into()) };
        }
        let fits = |column: &SpoolColumn| {
            let digits = column.length.saturating_sub(u32::from(column.decimals) + 2);
            column.decimals <= ALL_DIGITS - 9 && digits <= u32::from(LEADING_DIGITS)
        };
        let fit = rows.columns.iter().zip(&fractions).all(|(column, wanted)| !wanted || fits(column));
        let text = match fit {
            true => with_all_digits(&query.text, self.mode, &fractions)?,
            false => None,
        };
        let Some(text) = text else { return Err(hidden().into()) };
        let shown = rows.columns;
        self.warnings = before;
        let mut rows = self.spool_as_shown(&Asked { text, ..query.clone() }, expected).await?;
        let columns = rows.columns.iter_mut().zip(shown).zip(fractions);
        for ((column, shown), _) in columns.filter(|(_, wanted)| *wanted) {
            column.shown = Some(shown.decimals);
        }
        Ok(rows)
    }

    /// The account may read what this query of a part of the client's statement reads.
    pub(super) async fn authorize_query(&mut self, query: &[u8]) -> Result<(), Failure> {
        let mut template = Template::default();
        lexer::scan(query, self.mode, &mut template)?;
        let planned = self.plan_caught_up(query, &template).await?;
        self.authorize(&planned).await
    }

    /// Runs a query of ours, or of the client's, and keeps its rows.
    pub(super) async fn spool_as_shown(
        &mut self,
        query: &Asked<'_>,
        expected: Option<usize>,
    ) -> Result<Spool, Failure> {
        let mut template = Template::default();
        lexer::scan(&query.text, self.mode, &mut template)?;
        let planned = self.plan_caught_up(&query.text, &template).await?;
        let Plan::Routed(plan) = &*planned else {
            return Err(SqlError::not_supported("rows of a statement that is no query").into());
        };
        let mut spool = Spool::new(self.worker.node.config.limits.merge_memory, expected);
        let values = (!query.params.is_empty()).then_some(query.values.as_slice());
        let inner = Input { text: &query.text, template: &template, values };
        // By the binary protocol: a FLOAT's text has six digits of it.
        self.query_rows_as(plan, inner, Sending::Prepared(&query.params), &mut spool).await?;
        self.entry().kill.check()?;
        Ok(spool)
    }
}

//! DO with a subquery: the query of its expressions, of whose answer nothing is kept but what it warns of.

use std::rc::Rc;

use ostrakon_router::lexer::{self, Template};
use ostrakon_router::plan::{Execution, NamedLocks, Plan};

use crate::exec::lease::Lease;
use crate::exec::watch;
use crate::session::dispatch::Input;
use crate::session::{Failure, Session, Warning};

/// ER_SUBQUERY_NO_1_ROW.
const SEVERAL_ROWS: u16 = 1242;

impl Session {
    /// Works out the expressions of a DO.
    ///
    /// Errors: those of a query of them; in MariaDB a subquery with too many rows is only listed by SHOW WARNINGS.
    pub async fn evaluate(&mut self, expressions: &[u8]) -> Result<(), Failure> {
        self.warnings.clear();
        let query = [b"SELECT ", expressions].concat();
        self.authorize_query(&query).await?;
        if self.evaluate_locks(&query).await? {
            return Ok(());
        }
        match self.spool_as_shown(&query.into(), None).await {
            Err(Failure::Sql(e)) if e.errno == SEVERAL_ROWS && self.mode.server.mariadb => {
                self.warnings.push(Warning { level: "Error".into(), code: e.errno, message: e.message });
                Ok(())
            }
            done => done.map(|_| ()),
        }
    }

    /// The same for functions of named locks, which go where the session's locks are; false where there are none.
    async fn evaluate_locks(&mut self, text: &[u8]) -> Result<bool, Failure> {
        let mut template = Template::default();
        lexer::scan(text, self.mode, &mut template)?;
        let planned = self.plan(text, &template, &self.catalog())?;
        let Plan::Routed(plan) = &*planned else { return Ok(false) };
        if plan.locks == NamedLocks::None {
            return Ok(false);
        }
        let input = Input { text, template: &template, values: None };
        let mut execution = Execution::default();
        plan.route_into(&self.arguments(plan, input, &[], &[]), &mut execution)?;
        let statement = execution.statements.first().map(|statement| execution.text(statement).to_vec());
        let mut lease = self.lease_locks().await?;
        lease.connection.queue_query(&statement.unwrap_or_default());
        let done = self.watch_one(&mut lease).await;
        self.keep_locks(lease, plan.locks, done.is_ok());
        done.map(|()| true)
    }

    async fn watch_one(&self, lease: &mut Lease) -> Result<(), Failure> {
        let connection = &mut lease.connection;
        let pool = Rc::clone(connection.pool());
        connection.flush().await?;
        connection.read_prefix().await?;
        watch::packet(connection, &pool, self.watched()).await?;
        connection.read_queued().await?;
        Ok(())
    }
}

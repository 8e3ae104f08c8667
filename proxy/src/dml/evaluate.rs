//! DO with a subquery: the query of its expressions, of whose answer nothing is kept but what it warns of.

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
        match self.spool_as_shown(&query.into(), None).await {
            Err(Failure::Sql(e)) if e.errno == SEVERAL_ROWS && self.mode.server.mariadb => {
                self.warnings.push(Warning { level: "Error".into(), code: e.errno, message: e.message });
                Ok(())
            }
            done => done.map(|_| ()),
        }
    }
}

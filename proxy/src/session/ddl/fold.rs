//! Collation folds: before a table is sharded by a string, what its collation calls equal is asked from a server, once, and kept in the catalog.

use ostrakon_catalog::command::Command as CatalogCommand;
use ostrakon_catalog::schema::{Group, Table};
use ostrakon_router::sharding::fold::{self, CollationFold};
use ostrakon_router::sharding::rule;

use crate::session::{Failure, Session};

impl Session {
    /// Makes sure that the catalog has the folds of this table's string shard keys.
    pub(super) async fn ensure_folds(&mut self, table: &Table, group: &Group) -> Result<(), Failure> {
        for (collation, charset) in rule::folds_needed(&table.kind, &table.columns) {
            if self.catalog().folds.contains_key(&collation) {
                continue;
            }
            let mut connection = self.worker.pool_of(group.instance)?.acquire(false).await?;
            let mut rows: Vec<(String, String)> = Vec::new();
            for query in fold::fold_queries(&collation, &charset) {
                let answer = connection.query(&query).await?;
                rows.extend((0..answer.rows.len()).map(|row| (answer.text(row, 0), answer.text(row, 1))));
            }
            let pairs = rows.iter().map(|(code, weights)| (code.as_str(), weights.as_str()));
            let table = CollationFold::build(&collation, &charset, pairs)?.encode();
            self.propose(CatalogCommand::PutCollationFold { collation, table }).await?;
        }
        Ok(())
    }
}

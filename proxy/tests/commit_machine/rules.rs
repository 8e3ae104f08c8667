//! What must hold when all has come to rest, read from the servers alone; only what clients were told is the coordinators' word.

use ostrakon::commit::machine::Outcome;
use ostrakon::commit::system_schema::Decision;

use crate::wire::{BRANCHES, Xid};
use crate::world::World;

#[derive(Clone, Debug, Default)]
pub struct Transaction {
    pub coordinator: usize,
    /// The life of the coordinator that began it.
    pub start: u32,
    pub branches: usize,
    pub servers: [usize; BRANCHES],
    /// The servers' numbers of the branches' connections.
    pub numbers: [u32; BRANCHES],
    /// Branches that changed a row; and branches that have a row in `branch` if it commits.
    pub writes: u8,
    pub rows: u8,
    pub answer: Option<Outcome>,
}

impl World {
    pub fn check(&self) -> Result<(), String> {
        for (number, transaction) in self.transactions.iter().enumerate() {
            let (mut writes, mut rows) = (0, 0);
            for ordinal in 0..transaction.branches {
                let server = &self.servers[transaction.servers[ordinal]];
                let bit = Xid { transaction: number as u8, ordinal: ordinal as u8 }.bit();
                writes |= u8::from(server.writes & bit != 0) << ordinal;
                rows |= u8::from(server.rows & bit != 0) << ordinal;
            }
            let decision = self.servers[transaction.servers[0]].decisions[number];
            self.check_transaction(transaction, writes, rows, decision)
                .map_err(|what| format!("transaction {number}: {what}: {transaction:?}, writes {writes:#b}, rows {rows:#b}, {decision:?}"))?;
        }
        for (number, server) in self.servers.iter().enumerate() {
            if !server.prepared.is_empty() || !server.hidden.is_empty() {
                return Err(format!(
                    "server {number}: branches are left: {:?} {:?}",
                    server.prepared, server.hidden
                ));
            }
            if server.locks.iter().any(Option::is_some) || server.deciding.iter().any(Option::is_some) {
                return Err(format!(
                    "server {number}: locks are left: {:?} {:?}",
                    server.locks, server.deciding
                ));
            }
        }
        Ok(())
    }

    fn check_transaction(
        &self,
        transaction: &Transaction,
        writes: u8,
        rows: u8,
        decision: Option<Decision>,
    ) -> Result<(), &'static str> {
        let committed = decision == Some(Decision::Committed);
        // One writer commits in one phase: no decision, no rows.
        let one_phase = transaction.rows == 0;
        if writes != 0 && writes != transaction.writes {
            return Err("half of it is there");
        }
        if rows != if committed { transaction.rows } else { 0 } {
            return Err("its rows in `branch` are not as decided");
        }
        let there = if one_phase { writes != 0 } else { committed };
        if there && writes != transaction.writes {
            return Err("it is decided and not there");
        }
        if !there && writes != 0 {
            return Err("it is there and not decided");
        }
        match transaction.answer {
            Some(Outcome::Committed) if !there && transaction.rows | transaction.writes != 0 => {
                Err("answered committed, and is not there")
            }
            Some(Outcome::Aborted) if there => Err("answered aborted, and is there"),
            _ => Ok(()),
        }
    }
}

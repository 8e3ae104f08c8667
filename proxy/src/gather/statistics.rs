//! How big tables are, as their servers estimate it: to load small sources first, and for EXPLAIN. Nothing that an answer depends on.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use ostrakon_catalog::schema::Group;
use ostrakon_router::plan::{Gather, Source};

use crate::session::Session;
use crate::session::result::quote_string;

/// So long an estimate is good.
const GOOD_FOR: Duration = Duration::from_secs(30);

/// What a condition that is not the shard key's leaves of the rows, one in so many.
const CONDITION: u64 = 4;

/// What one group's server says of its physical tables: rows, and bytes of a row.
type Tables = HashMap<String, (u64, u64)>;

/// One worker's, by physical database.
#[derive(Debug, Default)]
pub struct Statistics {
    known: RefCell<HashMap<String, (Instant, Rc<Tables>)>>,
}

/// Rows and bytes that are expected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    pub rows: u64,
    pub bytes: u64,
}

impl Session {
    /// What a source is expected to bring, when it takes `statements` of its physical tables. One group stands for all.
    pub async fn expected(&self, gather: &Gather, source: &Source, statements: usize) -> Expected {
        let mut tables = source.physical_tables(gather).peekable();
        let Some((first, _)) = tables.peek().copied() else { return Expected::default() };
        let Some(group) = source.database.groups.get(first) else { return Expected::default() };
        let known = self.tables_of(group).await;
        let (mut rows, mut bytes, mut counted) = (0, 0, 0);
        for (_, name) in tables.take_while(|(group, _)| *group == first) {
            let (own, length) = known.get(name).copied().unwrap_or_default();
            rows += own;
            bytes += own.saturating_mul(length);
            counted += 1;
        }
        let share = |number: u64| {
            let all = number.saturating_mul(statements as u64) / u64::max(counted, 1);
            all / CONDITION.saturating_pow(u32::try_from(source.conditions()).unwrap_or(u32::MAX).min(4))
        };
        Expected { rows: share(rows), bytes: share(bytes) }
    }

    async fn tables_of(&self, group: &Group) -> Rc<Tables> {
        let known = &self.worker.statistics.known;
        if let Some((at, tables)) = known.borrow().get(&group.physical_database)
            && at.elapsed() < GOOD_FOR
        {
            return Rc::clone(tables);
        }
        let tables = Rc::new(self.ask_tables(group).await.unwrap_or_default());
        let mut known = known.borrow_mut();
        known.retain(|_, (at, _)| at.elapsed() < GOOD_FOR);
        known.insert(group.physical_database.clone(), (Instant::now(), Rc::clone(&tables)));
        tables
    }

    async fn ask_tables(&self, group: &Group) -> Option<Tables> {
        let pool = self.worker.gather_pool_of(group.instance).ok()?;
        let mut connection = pool.acquire(false).await.ok()?;
        let sql = format!(
            "SELECT TABLE_NAME, TABLE_ROWS, AVG_ROW_LENGTH FROM information_schema.TABLES WHERE TABLE_SCHEMA = {}",
            quote_string(&group.physical_database)
        );
        let answer = connection.query(&sql).await.ok()?;
        let number = |row: usize, column: usize| answer.text(row, column).parse().unwrap_or(0);
        Some(
            (0..answer.rows.len())
                .map(|row| (answer.text(row, 0), (number(row, 1), number(row, 2))))
                .collect(),
        )
    }
}

//! Waiting for a backend while an eye is kept on the client: who hangs up or is killed cancels the work.

use std::cell::Cell;
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;

use ostrakon_protocol::packet::{HEADER_LENGTH, Header};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use super::alarm::Alarm;
use crate::backend::connection::Connection;
use crate::backend::pool::Pool;
use crate::deadlock::wait::{Backend, Published};
use crate::frontend::Frontend;
use crate::registry::SessionEntry;
use crate::session::Failure;
use crate::session::transaction::Transaction;
use crate::session::turn::Turn;

/// A statement that answers within this time is not watched: watching costs a system call.
const UNWATCHED: Duration = Duration::from_millis(20);
/// A statement whose time is over, and which has not ended so long after that, is told once more.
const AGAIN: Duration = Duration::from_millis(50);

/// How long the statements of several connections may take before their session ends them, to run them in another way.
pub struct Patience {
    until: Cell<Instant>,
    ended: Cell<bool>,
}

impl Patience {
    pub fn new(limit: Duration) -> Self {
        Self { until: Cell::new(Instant::now() + limit), ended: Cell::new(false) }
    }

    /// A statement was told to end.
    pub fn is_lost(&self) -> bool {
        self.ended.get()
    }

    /// Resolves when the time is over, and again and again after that: a KILL may come too late for one statement, and meet another.
    async fn end(patience: Option<&Self>) {
        let Some(patience) = patience else { return pending().await };
        sleep_until(patience.until.get()).await;
        patience.ended.set(true);
        patience.until.set(Instant::now() + AGAIN);
    }
}

/// Whose wait it is.
#[derive(Clone, Copy)]
pub struct Watched<'a> {
    pub client: &'a Frontend,
    pub entry: &'a SessionEntry,
    /// What the session holds while it waits.
    pub transaction: &'a Transaction,
    /// The client's text.
    pub statement: &'a [u8],
    /// How long it has not waited.
    pub turn: &'a Turn,
    pub alarm: &'a Alarm,
    /// Of statements that can run in another way.
    pub patience: Option<&'a Patience>,
}

/// Reads more of the backend's answer, `need` bytes in the end. When the client leaves or its session is killed meanwhile, the statement is killed and `ClientGone`
/// returned (only killed where there is `patience`: its owner reads the answers); KILL QUERY is passed on to the server, whose error then comes as the answer, and so is the end that a deadlock needs. SHOW PROCESSLIST shows the
/// statement from now on.
pub async fn fill(
    connection: &mut Connection,
    need: usize,
    pool: &Rc<Pool>,
    watched: Watched<'_>,
) -> Result<(), Failure> {
    let Watched { entry, turn, alarm, patience, .. } = watched;
    // A long answer that keeps coming is never waited for, and can be killed all the same.
    pass_kill_on(connection, pool, entry, patience)?;
    {
        let mut filling = pin!(connection.fill(need));
        if let Poll::Ready(filled) = poll_fn(|context| Poll::Ready(filling.as_mut().poll(context))).await {
            turn.give_way().await;
            return Ok(filled?);
        }
        let filled = alarm.within(UNWATCHED, filling).await;
        turn.begin();
        if let Some(filled) = filled {
            return Ok(filled?);
        }
    }
    // Boxed: few statements come to this, and all would have room for it.
    Box::pin(fill_watched(connection, need, pool, watched)).await
}

/// The same for one that takes long: an eye is kept on the client, and others see the statement.
async fn fill_watched(
    connection: &mut Connection,
    need: usize,
    pool: &Rc<Pool>,
    watched: Watched<'_>,
) -> Result<(), Failure> {
    let Watched { client, entry, transaction, statement, patience, .. } = watched;
    entry.show_statement(statement);
    let backend = Backend { instance: pool.instance.id, connection: connection.id };
    let published = Published::new(entry, transaction, backend, statement);
    loop {
        pass_kill_on(connection, pool, entry, patience)?;
        if published.as_ref().is_some_and(Published::is_condemned) && !connection.expects_kill() {
            entry.kill.victim.store(true, Ordering::Relaxed);
            interrupt(connection, pool);
        }
        tokio::select! {
            filled = connection.fill(need) => return Ok(filled?),
            () = client.hung_up() => {
                give_up(connection, pool, patience);
                return Err(Failure::ClientGone);
            }
            () = entry.kill.wake.notified() => {}
            () = Patience::end(patience) => {
                if !connection.expects_kill() {
                    interrupt(connection, pool);
                }
            }
        }
    }
}

/// Waits, as `fill` does, until a whole packet has come.
pub async fn packet(
    connection: &mut Connection,
    pool: &Rc<Pool>,
    watched: Watched<'_>,
) -> Result<(), Failure> {
    loop {
        let need =
            Header::parse(&connection.input).map_or(HEADER_LENGTH, |header| HEADER_LENGTH + header.length);
        if need > HEADER_LENGTH && connection.input.len() >= need {
            return Ok(());
        }
        fill(connection, need, pool, watched).await?;
    }
}

/// Tells the server of a KILL. The request is taken: it is meant for one statement.
fn pass_kill_on(
    connection: &mut Connection,
    pool: &Rc<Pool>,
    entry: &SessionEntry,
    patience: Option<&Patience>,
) -> Result<(), Failure> {
    if entry.kill.connection.load(Ordering::SeqCst) {
        give_up(connection, pool, patience);
        return Err(Failure::ClientGone);
    }
    if entry.kill.query.load(Ordering::Relaxed) && entry.kill.query.swap(false, Ordering::SeqCst) {
        entry.kill.passed.store(true, Ordering::Relaxed);
        interrupt(connection, pool);
    }
    Ok(())
}

/// Ends the statement that a connection runs, without waiting. Its next command waits: the KILL must not hit what runs next in the transaction, if the statement
/// has ended by itself.
pub fn interrupt(connection: &mut Connection, pool: &Rc<Pool>) {
    let kill = kill_query(pool, connection.id);
    connection.expect_kill(kill);
}

/// The client is gone.
fn give_up(connection: &mut Connection, pool: &Rc<Pool>, patience: Option<&Patience>) {
    match patience {
        Some(_) => interrupt(connection, pool),
        None => abandon(connection, pool),
    }
}

/// Gives a running statement up: it is killed, and its connection closed.
pub fn abandon(connection: &mut Connection, pool: &Rc<Pool>) {
    connection.mark_broken();
    kill_query(pool, connection.id);
}

/// Ends the statement that a backend connection runs, over another connection, without waiting.
pub fn kill_query(pool: &Rc<Pool>, id: u32) -> JoinHandle<()> {
    let pool = Rc::clone(pool);
    tokio::task::spawn_local(async move {
        let killed = match crate::backend::connection::Connection::connect(&pool.instance, 1, false).await {
            Ok(mut connection) => connection.query(&format!("KILL QUERY {id}")).await.map(|_| ()),
            Err(e) => Err(e),
        };
        if let Err(e) = killed {
            // 1094: the statement had ended already.
            tracing::debug!(instance = %pool.instance.name, connection = id, error = %e.message, "KILL QUERY failed");
        }
    })
}

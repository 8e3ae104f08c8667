//! The driver of a pipeline: takes a connection while somebody waits, writes what was handed in, and cuts the answers apart.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::{Rc, Weak};
use std::task::Poll;
use std::time::Instant;

use bytes::Buf;
use ostrakon_protocol::packet::HEADER_LENGTH;
use ostrakon_protocol::scanner::{ResponseScanner, Scan};

use super::{LONGEST_ANSWER, Pipeline};
use crate::backend::connection::Connection;
use crate::backend::pool::{Pool, Pooled};
use crate::error::SqlError;
use crate::exec::watch;

impl Pipeline {
    /// What `future` comes to, unless the connection is to be closed meanwhile.
    async fn unless_cut(&self, future: impl Future<Output = Result<(), SqlError>>) -> Result<(), SqlError> {
        let mut future = pin!(future);
        poll_fn(|context| {
            if let Poll::Ready(result) = future.as_mut().poll(context) {
                return Poll::Ready(result);
            }
            let mut inner = self.inner.borrow_mut();
            if inner.is_cut {
                return Poll::Ready(Err(SqlError::other("its server takes no statement")));
            }
            inner.driver = Some(context.waker().clone());
            Poll::Pending
        })
        .await
    }
}

/// Serves a pipeline for as long as it is there.
pub(super) async fn drive(pipeline: Weak<Pipeline>, pool: Weak<Pool>) {
    loop {
        let is_there = poll_fn(|context| match pipeline.upgrade() {
            Some(pipeline) => pipeline.poll_work(context.waker()).map(|()| true),
            None => Poll::Ready(false),
        });
        if !is_there.await {
            return;
        }
        let Some(pipeline) = pipeline.upgrade() else { return };
        let Some(pool) = pool.upgrade() else { return pipeline.lose() };
        let connection = pool.acquire(false).await;
        drop(pool);
        // Who is told nothing of what went wrong sees it for himself.
        match connection {
            // It was waited for too long.
            Ok(_) if pipeline.is_cut() => pipeline.lose(),
            Ok(mut connection) => {
                if let Err(e) = converse(&pipeline, &mut connection).await {
                    tracing::debug!(instance = connection.instance(), error = %e.message, "a shared connection ends");
                    let pool = Rc::clone(connection.pool());
                    match pipeline.is_cut() {
                        true => watch::abandon(&mut connection, &pool),
                        false => connection.mark_broken(),
                    }
                    pipeline.lose();
                }
            }
            Err(_) => pipeline.lose(),
        }
    }
}

/// Writes and reads until nobody waits any more.
async fn converse(pipeline: &Pipeline, connection: &mut Pooled) -> Result<(), SqlError> {
    pipeline.capabilities.set(connection.capabilities);
    let mut scanner = ResponseScanner::new(pipeline.kind(), connection.capabilities);
    loop {
        if pipeline.is_cut() {
            let pool = Rc::clone(connection.pool());
            watch::abandon(connection, &pool);
            pipeline.lose();
            return Ok(());
        }
        let was_waiting = pipeline.waits();
        if !was_waiting {
            // Whoever came while nobody waited may have other ones than the last.
            connection.queue_settings(&pipeline.settings());
        }
        pipeline.take_output(connection);
        if !was_waiting {
            pipeline.begin();
            scanner = ResponseScanner::new(pipeline.kind(), connection.capabilities);
        }
        let written = async {
            connection.flush().await?;
            connection.read_prefix().await
        };
        pipeline.unless_cut(written).await?;
        let need = cut_answers(pipeline, connection, &mut scanner)?;
        if pipeline.is_idle() && connection.has_output() {
            // Statements that it is not to keep.
            connection.flush().await?;
        }
        if pipeline.is_idle() {
            connection.shrink();
            pipeline.rest();
            return Ok(());
        }
        if need > LONGEST_ANSWER {
            return Err(too_long(pipeline));
        }
        let mut filling = pin!(connection.fill(need));
        poll_fn(|context| {
            if pipeline.poll_work(context.waker()).is_ready() {
                return Poll::Ready(Ok(()));
            }
            filling.as_mut().poll(context)
        })
        .await?;
    }
}

/// Gives those who wait what has come. Returns how many bytes the next packet has.
fn cut_answers(
    pipeline: &Pipeline,
    connection: &mut Connection,
    scanner: &mut ResponseScanner,
) -> Result<usize, SqlError> {
    let mut need = HEADER_LENGTH;
    let mut used = 0;
    let mut begun = 0;
    let mut now = None;
    while connection.input.len() > used {
        let rest = connection.input.get(used..).unwrap_or_default();
        let run = scanner.rows(rest);
        if run.packets > 0 {
            used += run.bytes;
            continue;
        }
        match scanner.next(rest) {
            Scan::NeedMore { at_least } => {
                need = at_least;
                break;
            }
            Scan::Broken(e) => return Err(SqlError::other(e.to_string())),
            Scan::Packet { length, .. } => used += length,
        }
        if scanner.finished() {
            if !pipeline.add(connection.input.get(begun..used).unwrap_or_default()) {
                return Err(too_long(pipeline));
            }
            pipeline.deliver(connection, *now.get_or_insert_with(Instant::now));
            begun = used;
            connection.count_answered();
            *scanner = ResponseScanner::new(pipeline.kind(), connection.capabilities);
            if !pipeline.waits() {
                break;
            }
        }
    }
    if begun < used && !pipeline.add(connection.input.get(begun..used).unwrap_or_default()) {
        return Err(too_long(pipeline));
    }
    connection.input.advance(used);
    Ok(need)
}

fn too_long(pipeline: &Pipeline) -> SqlError {
    pipeline.blame_first();
    SqlError::other("a statement that was thought to be short has a long answer")
}

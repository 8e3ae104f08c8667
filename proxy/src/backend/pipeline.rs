//! A backend connection that short statements of several sessions share: they are written one behind the other, and the answers are cut apart.
//!
//! **Invariant:** only what changes nothing goes over it, under the settings that the connection has. So whoever gets no answer, because the connection is
//! lost or a statement before it is slow, runs his statement again over a connection of his own: nothing of one session reaches another.
//!
//! What sessions hand in while the others of their worker run goes out in one write, and answers that come together are read together: system calls and
//! wake-ups of servers are what a short statement costs most of.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::{Rc, Weak};
use std::task::{Poll, Waker};

use bytes::Buf;
use ostrakon_protocol::capability::Capabilities;
use ostrakon_protocol::command::COM_QUERY;
use ostrakon_protocol::packet::{HEADER_LENGTH, begin_packet, finish_packet};
use ostrakon_protocol::scanner::{ResponseKind, ResponseScanner, Scan};

use super::connection::Connection;
use super::pool::{Pool, Pooled};
use super::settings::Settings;
use crate::error::SqlError;
use crate::exec::watch;

/// Bytes of a statement that may be handed in.
pub const LONGEST_STATEMENT: usize = 4 << 10;
/// Bytes of an answer: a longer one is for a connection from which it is read as its client takes it.
const LONGEST_ANSWER: usize = 64 << 10;
/// Slots that are kept for the next statements.
const SPARE: usize = 64;

/// What has become of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Waiting,
    Answered,
    /// No answer will come.
    Lost,
    /// Its session does not wait any longer.
    GivenUp,
}

/// One statement under way.
pub struct Slot {
    progress: Cell<Progress>,
    answer: RefCell<Vec<u8>>,
    session: RefCell<Option<Waker>>,
}

impl Slot {
    fn new() -> Rc<Self> {
        Rc::new(Self {
            progress: Cell::new(Progress::Waiting),
            answer: RefCell::default(),
            session: RefCell::default(),
        })
    }

    /// Resolves when the answer is there; false when none will come.
    pub async fn answered(&self) -> bool {
        poll_fn(|context| match self.progress.get() {
            Progress::Answered => Poll::Ready(true),
            Progress::Lost | Progress::GivenUp => Poll::Ready(false),
            Progress::Waiting => {
                let mut session = self.session.borrow_mut();
                match &mut *session {
                    Some(waker) => waker.clone_from(context.waker()),
                    None => *session = Some(context.waker().clone()),
                }
                Poll::Pending
            }
        })
        .await
    }

    /// The packets of the answer, once it is there.
    pub fn answer(&self) -> std::cell::Ref<'_, [u8]> {
        std::cell::Ref::map(self.answer.borrow(), Vec::as_slice)
    }

    fn end(&self, progress: Progress) {
        self.progress.set(progress);
        if let Some(waker) = self.session.take() {
            waker.wake();
        }
    }
}

/// Statements under way over one connection.
pub struct Pipeline {
    inner: RefCell<Inner>,
    capabilities: Cell<Capabilities>,
}

#[derive(Default)]
struct Inner {
    /// Commands that are not written yet, and how many.
    output: Vec<u8>,
    commands: u32,
    /// Who waits, in the order of the answers.
    waiting: VecDeque<Rc<Slot>>,
    /// Of all who wait.
    settings: Rc<Settings>,
    driver: Option<Waker>,
    /// The statement that runs is too slow: the connection is to be closed.
    is_cut: bool,
    spare: Vec<Rc<Slot>>,
}

impl Pipeline {
    /// A pipeline of a pool, from which it takes a connection for as long as somebody waits.
    pub fn start(pool: &Rc<Pool>) -> Rc<Self> {
        let pipeline = Rc::new(Self { inner: RefCell::default(), capabilities: Cell::default() });
        tokio::task::spawn_local(drive(Rc::downgrade(&pipeline), Rc::downgrade(pool)));
        pipeline
    }

    /// How many wait; `None` when sessions of these settings cannot join them.
    pub fn depth_for(&self, settings: &Rc<Settings>) -> Option<usize> {
        let inner = self.inner.borrow();
        let joins = !inner.is_cut && (inner.waiting.is_empty() || Rc::ptr_eq(&inner.settings, settings));
        joins.then_some(inner.waiting.len())
    }

    /// What was agreed with the server that answers.
    pub fn capabilities(&self) -> Capabilities {
        self.capabilities.get()
    }

    /// Hands in a statement of at most [`LONGEST_STATEMENT`] bytes, for a session that `depth_for` lets join. Returns, too, whether nobody waits before it.
    pub fn hand_in(&self, statement: &[u8], settings: &Rc<Settings>) -> (Rc<Slot>, bool) {
        let mut inner = self.inner.borrow_mut();
        let is_first = inner.waiting.is_empty();
        if is_first {
            inner.settings = Rc::clone(settings);
        }
        let start = begin_packet(&mut inner.output);
        inner.output.push(COM_QUERY);
        inner.output.extend_from_slice(statement);
        finish_packet(&mut inner.output, start, &mut 0);
        inner.commands += 1;
        let slot = inner.spare.pop().unwrap_or_else(Slot::new);
        slot.progress.set(Progress::Waiting);
        slot.answer.borrow_mut().clear();
        inner.waiting.push_back(Rc::clone(&slot));
        if let Some(driver) = inner.driver.take() {
            driver.wake();
        }
        (slot, is_first)
    }

    /// A slot whose answer has been used.
    pub fn give_back(&self, slot: Rc<Slot>) {
        let mut inner = self.inner.borrow_mut();
        let is_small = slot.answer.borrow().capacity() <= LONGEST_ANSWER;
        if is_small && inner.spare.len() < SPARE && Rc::strong_count(&slot) == 1 {
            inner.spare.push(slot);
        }
    }

    /// A session does not wait any longer. Where it is its statement that runs, or once it is, the connection is closed: who comes behind it goes elsewhere.
    /// Returns whether it is the one that runs.
    pub fn give_up(&self, slot: &Rc<Slot>) -> bool {
        if slot.progress.get() != Progress::Waiting {
            return false;
        }
        slot.progress.set(Progress::GivenUp);
        let mut inner = self.inner.borrow_mut();
        let is_first = inner.waiting.front().is_some_and(|first| Rc::ptr_eq(first, slot));
        if is_first {
            inner.is_cut = true;
            if let Some(driver) = inner.driver.take() {
                driver.wake();
            }
        }
        is_first
    }

    /// Ready when there is something to write, or the connection is to be closed.
    fn poll_work(&self, waker: &Waker) -> Poll<()> {
        let mut inner = self.inner.borrow_mut();
        if inner.commands > 0 || inner.is_cut {
            return Poll::Ready(());
        }
        match &mut inner.driver {
            Some(known) => known.clone_from(waker),
            None => inner.driver = Some(waker.clone()),
        }
        Poll::Pending
    }

    /// Everybody who waits is told that no answer comes.
    fn lose(&self) {
        let lost = {
            let mut inner = self.inner.borrow_mut();
            inner.output.clear();
            inner.commands = 0;
            inner.is_cut = false;
            std::mem::take(&mut inner.waiting)
        };
        for slot in lost {
            slot.end(Progress::Lost);
        }
    }

    /// Puts what was handed in behind what the connection is to write.
    fn take_output(&self, connection: &mut Connection) {
        let mut inner = self.inner.borrow_mut();
        connection.queue_commands(&inner.output, inner.commands);
        inner.output.clear();
        inner.commands = 0;
    }

    fn is_idle(&self) -> bool {
        self.inner.borrow().waiting.is_empty()
    }

    fn is_cut(&self) -> bool {
        self.inner.borrow().is_cut
    }

    /// Adds to the answer of the first who waits. False when it is too long.
    fn add(&self, bytes: &[u8]) -> bool {
        let inner = self.inner.borrow();
        let Some(first) = inner.waiting.front() else { return false };
        let mut answer = first.answer.borrow_mut();
        answer.extend_from_slice(bytes);
        answer.len() <= LONGEST_ANSWER
    }

    /// The answer of the first who waits is whole.
    fn deliver(&self) {
        let first = {
            let mut inner = self.inner.borrow_mut();
            let first = inner.waiting.pop_front();
            inner.is_cut |=
                inner.waiting.front().is_some_and(|next| next.progress.get() == Progress::GivenUp);
            first
        };
        if let Some(first) = first.filter(|first| first.progress.get() == Progress::Waiting) {
            first.end(Progress::Answered);
        }
    }

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

impl Drop for Pipeline {
    /// Its driver ends.
    fn drop(&mut self) {
        if let Some(driver) = self.inner.get_mut().driver.take() {
            driver.wake();
        }
    }
}

/// Serves a pipeline for as long as it is there.
async fn drive(pipeline: Weak<Pipeline>, pool: Weak<Pool>) {
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
                    connection.mark_broken();
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
    let settings = Rc::clone(&pipeline.inner.borrow().settings);
    connection.queue_settings(&settings);
    let mut scanner = ResponseScanner::new(ResponseKind::Query, connection.capabilities);
    loop {
        if pipeline.is_cut() {
            let pool = Rc::clone(connection.pool());
            watch::abandon(connection, &pool);
            pipeline.lose();
            return Ok(());
        }
        pipeline.take_output(connection);
        let written = async {
            connection.flush().await?;
            connection.read_prefix().await
        };
        pipeline.unless_cut(written).await?;
        let need = cut_answers(pipeline, connection, &mut scanner)?;
        if pipeline.is_idle() {
            connection.shrink();
            return Ok(());
        }
        if need > LONGEST_ANSWER {
            return Err(too_long());
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
                return Err(too_long());
            }
            pipeline.deliver();
            begun = used;
            connection.count_answered();
            *scanner = ResponseScanner::new(ResponseKind::Query, connection.capabilities);
            if pipeline.is_idle() {
                break;
            }
        }
    }
    if begun < used && !pipeline.add(connection.input.get(begun..used).unwrap_or_default()) {
        return Err(too_long());
    }
    connection.input.advance(used);
    Ok(need)
}

fn too_long() -> SqlError {
    SqlError::other("a statement that was thought to be short has a long answer")
}

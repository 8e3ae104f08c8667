//! A backend connection that short statements of several sessions share: they are written one behind the other, and the answers are cut apart.
//!
//! **Invariant:** only what changes nothing goes over it, under the settings that the connection has. So whoever gets no answer, because the connection is
//! lost or a statement before it is slow, runs his statement again over a connection of his own: nothing of one session reaches another.
//!
//! What sessions hand in while the others of their worker run goes out in one write, and answers that come together are read together: system calls and
//! wake-ups of servers are what a short statement costs most of.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use ostrakon_protocol::capability::Capabilities;
use ostrakon_protocol::command::COM_QUERY;
use ostrakon_protocol::packet::{HEADER_LENGTH, begin_packet, finish_packet};
use ostrakon_protocol::scanner::ResponseKind;
use ostrakon_protocol::statement::{Param, encode_execute};

use super::connection::{Connection, Fit};
use super::pool::Pool;
use super::settings::Settings;

mod driver;

/// Bytes of a statement with its parameters that may be handed in.
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
    /// It was not run, and would not be the next time: the server has something to say against it.
    Unfit,
    /// Its session does not wait any longer.
    GivenUp,
}

/// How a wait ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Answered,
    /// The connection, or who was before, is to blame.
    Lost,
    /// The statement is.
    Unfit,
}

/// A command.
#[derive(Clone, Copy)]
pub enum Command<'a> {
    Query(&'a [u8]),
    /// Of a statement by its text.
    Execute(&'a [u8], &'a [Param<'a>]),
}

/// What an answer took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Took {
    /// Since the one before it came, or since the statement went out where nobody was before it. None of what one read has brought but the first took any longer.
    pub time: Duration,
    /// Nobody was before it: its server had to be woken, and what it waited for a processor is in the time.
    pub woke: bool,
}

/// One statement under way.
pub struct Slot {
    progress: Cell<Progress>,
    answer: RefCell<Vec<u8>>,
    took: Cell<Took>,
    session: RefCell<Option<Waker>>,
}

impl Slot {
    fn new() -> Rc<Self> {
        Rc::new(Self {
            progress: Cell::new(Progress::Waiting),
            answer: RefCell::default(),
            took: Cell::default(),
            session: RefCell::default(),
        })
    }

    /// Resolves when the answer is there, or none will come.
    pub async fn ended(&self) -> Outcome {
        poll_fn(|context| match self.progress.get() {
            Progress::Answered => Poll::Ready(Outcome::Answered),
            Progress::Lost | Progress::GivenUp => Poll::Ready(Outcome::Lost),
            Progress::Unfit => Poll::Ready(Outcome::Unfit),
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

    /// What the answer took, once it is there.
    pub fn took(&self) -> Took {
        self.took.get()
    }

    /// Its answer is still to come.
    pub fn is_waiting(&self) -> bool {
        self.progress.get() == Progress::Waiting
    }

    fn end(&self, progress: Progress) {
        self.progress.set(progress);
        if let Some(waker) = self.session.take() {
            waker.wake();
        }
    }
}

/// A command that is not written yet. In `Inner::output` stand its packet and, for an execution, the statement's text.
struct Unsent {
    slot: Rc<Slot>,
    /// Bytes of the packet.
    packet: usize,
    /// Bytes of the text, and how many parameters it has; `None` for a query.
    execute: Option<(usize, u16)>,
}

impl Unsent {
    /// Bytes in the output.
    fn length(&self) -> usize {
        self.packet + self.execute.map_or(0, |(text, _)| text)
    }
}

/// Whose answer comes.
struct Waiter {
    slot: Rc<Slot>,
    kind: ResponseKind,
    /// It is the pipeline's own, which prepares a statement under this name.
    prepares: Option<Box<[u8]>>,
}

/// How many statements wait.
#[derive(Clone, Copy, Debug)]
pub struct Depth {
    pub all: usize,
    /// Of these, those that go out with the next write.
    pub unsent: usize,
}

/// Statements under way over one connection.
pub struct Pipeline {
    inner: RefCell<Inner>,
    capabilities: Cell<Capabilities>,
}

#[derive(Default)]
struct Inner {
    output: Vec<u8>,
    unsent: VecDeque<Unsent>,
    /// In the order of the answers.
    waiting: VecDeque<Waiter>,
    /// When the server began with the first of these, as far as that can be seen, and whether it had to be woken for it; `None` before anything is written.
    begun: Option<(Instant, bool)>,
    /// Nothing is written until a statement is prepared.
    is_preparing: bool,
    /// Of all who wait.
    settings: Rc<Settings>,
    driver: Option<Waker>,
    /// The statement that runs is too slow: the connection is to be closed.
    is_cut: bool,
    spare: Vec<Rc<Slot>>,
}

impl Inner {
    fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.unsent.is_empty()
    }

    fn wake_driver(&mut self) {
        if let Some(driver) = self.driver.take() {
            driver.wake();
        }
    }

    /// Whom the server is to answer first.
    fn first(&self) -> Option<&Rc<Slot>> {
        match self.waiting.front() {
            Some(Waiter { slot, prepares: None, .. }) => Some(slot),
            _ => self.unsent.front().map(|unsent| &unsent.slot),
        }
    }

    /// Takes the first command out that is not written, which has this end.
    fn drop_unsent(&mut self, progress: Progress) {
        if let Some(unsent) = self.unsent.pop_front() {
            self.output.drain(..unsent.length());
            if unsent.slot.is_waiting() {
                unsent.slot.end(progress);
            }
        }
    }
}

impl Pipeline {
    /// A pipeline of a pool, from which it takes a connection for as long as somebody waits.
    pub fn start(pool: &Rc<Pool>) -> Rc<Self> {
        let pipeline = Rc::new(Self { inner: RefCell::default(), capabilities: Cell::default() });
        tokio::task::spawn_local(driver::drive(Rc::downgrade(&pipeline), Rc::downgrade(pool)));
        pipeline
    }

    /// How many wait; `None` when sessions of these settings cannot join them.
    pub fn depth_for(&self, settings: &Rc<Settings>) -> Option<Depth> {
        let inner = self.inner.borrow();
        let joins = !inner.is_cut && (inner.is_idle() || Rc::ptr_eq(&inner.settings, settings));
        let unsent = inner.unsent.len();
        joins.then(|| Depth { all: inner.waiting.len() + unsent, unsent })
    }

    /// What was agreed with the server that answers.
    pub fn capabilities(&self) -> Capabilities {
        self.capabilities.get()
    }

    /// Hands in a command of at most [`LONGEST_STATEMENT`] bytes, for a session with these settings. `None`: the session cannot join those who wait,
    /// or a parameter is not of its type.
    pub fn hand_in(&self, command: Command<'_>, settings: &Rc<Settings>) -> Option<Rc<Slot>> {
        self.depth_for(settings)?;
        let inner = &mut *self.inner.borrow_mut();
        let start = begin_packet(&mut inner.output);
        let encoded = match command {
            Command::Query(text) => {
                inner.output.push(COM_QUERY);
                inner.output.extend_from_slice(text);
                Ok(())
            }
            // The number is known to the connection that it will go over.
            Command::Execute(_, params) => encode_execute(&mut inner.output, 0, params),
        };
        if encoded.is_err() {
            inner.output.truncate(start);
            return None;
        }
        finish_packet(&mut inner.output, start, &mut 0);
        let packet = inner.output.len() - start;
        let execute = match command {
            Command::Query(_) => None,
            Command::Execute(text, params) => {
                inner.output.extend_from_slice(text);
                Some((text.len(), u16::try_from(params.len()).unwrap_or(u16::MAX)))
            }
        };
        if inner.is_idle() {
            inner.settings = Rc::clone(settings);
        }
        let slot = inner.spare.pop().unwrap_or_else(Slot::new);
        slot.progress.set(Progress::Waiting);
        slot.answer.borrow_mut().clear();
        inner.unsent.push_back(Unsent { slot: Rc::clone(&slot), packet, execute });
        inner.wake_driver();
        Some(slot)
    }

    /// A slot whose answer has been used, by the session that had handed it in.
    pub fn give_back(&self, slot: &Rc<Slot>) {
        let mut inner = self.inner.borrow_mut();
        let is_small = slot.answer.borrow().capacity() <= LONGEST_ANSWER;
        if is_small && inner.spare.len() < SPARE && Rc::strong_count(slot) == 1 {
            inner.spare.push(Rc::clone(slot));
        }
    }

    /// A session does not wait any longer. Where it is its statement that runs, or once it is, the connection is closed: who comes behind it goes elsewhere.
    /// Returns whether it is the one that runs: not where there is no connection yet.
    pub fn give_up(&self, slot: &Rc<Slot>) -> bool {
        if !slot.is_waiting() {
            return false;
        }
        slot.progress.set(Progress::GivenUp);
        let mut inner = self.inner.borrow_mut();
        let is_first = inner.first().is_some_and(|first| Rc::ptr_eq(first, slot));
        if is_first {
            inner.is_cut = true;
            inner.wake_driver();
        }
        is_first && inner.begun.is_some()
    }

    /// Ready when there is something to write, or the connection is to be closed.
    fn poll_work(&self, waker: &Waker) -> Poll<()> {
        let mut inner = self.inner.borrow_mut();
        if inner.is_cut || !inner.unsent.is_empty() && !inner.is_preparing {
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
        let (waiting, unsent) = {
            let mut inner = self.inner.borrow_mut();
            inner.output.clear();
            inner.is_preparing = false;
            inner.is_cut = false;
            inner.begun = None;
            (std::mem::take(&mut inner.waiting), std::mem::take(&mut inner.unsent))
        };
        let slots = waiting.into_iter().map(|waiter| waiter.slot).chain(unsent.into_iter().map(|u| u.slot));
        for slot in slots.filter(|slot| slot.is_waiting()) {
            slot.end(Progress::Lost);
        }
    }

    /// Whoever is answered is to blame for what comes: the others go elsewhere, and he alone is not to come again soon.
    fn blame_first(&self) {
        let mut inner = self.inner.borrow_mut();
        match inner.waiting.front() {
            Some(Waiter { slot, prepares: None, .. }) if slot.is_waiting() => slot.end(Progress::Unfit),
            Some(Waiter { prepares: Some(_), .. }) => inner.drop_unsent(Progress::Unfit),
            _ => {}
        }
    }

    /// The connection goes back: nothing is to be cut any more.
    fn rest(&self) {
        let mut inner = self.inner.borrow_mut();
        inner.is_cut = false;
        inner.begun = None;
    }

    /// Of all who wait.
    fn settings(&self) -> Rc<Settings> {
        Rc::clone(&self.inner.borrow().settings)
    }

    /// Puts what was handed in behind what the connection is to write, up to a statement that it has to prepare first.
    fn take_output(&self, connection: &mut Connection) {
        let inner = &mut *self.inner.borrow_mut();
        let mut used = 0;
        while !inner.is_preparing
            && let Some(unsent) = inner.unsent.front()
        {
            let end = used + unsent.length();
            let slot = &unsent.slot;
            let (command, text) =
                inner.output.get_mut(used..end).unwrap_or_default().split_at_mut(unsent.packet);
            // What nobody waits for any more is left out.
            let fit = slot.is_waiting().then(|| match unsent.execute {
                None => Fit::Ready(0),
                Some((_, params)) => {
                    connection.fit(text, command.get(HEADER_LENGTH..).unwrap_or_default(), params)
                }
            });
            match fit {
                None => {}
                Some(Fit::Ready(id)) => {
                    let kind = match unsent.execute {
                        Some(_) => {
                            // Behind the command's own byte.
                            let number = command.get_mut(HEADER_LENGTH + 1..HEADER_LENGTH + 5);
                            number.unwrap_or_default().copy_from_slice(&u32::to_le_bytes(id));
                            ResponseKind::Execute
                        }
                        None => ResponseKind::Query,
                    };
                    connection.queue_commands(command, 1);
                    // The next one needs its statements from now on, and none before.
                    connection.pin_statements();
                    inner.waiting.push_back(Waiter { slot: Rc::clone(slot), kind, prepares: None });
                }
                Some(Fit::Missing(key)) => {
                    connection.queue_prepare(text);
                    let kind = ResponseKind::Prepare;
                    inner.waiting.push_back(Waiter { slot: Slot::new(), kind, prepares: Some(key) });
                    inner.is_preparing = true;
                    break;
                }
                Some(Fit::Never) => slot.end(Progress::Unfit),
            }
            used = end;
            inner.unsent.pop_front();
        }
        inner.output.drain(..used);
    }

    fn is_idle(&self) -> bool {
        self.inner.borrow().is_idle()
    }

    /// Answers are to come.
    fn waits(&self) -> bool {
        !self.inner.borrow().waiting.is_empty()
    }

    fn is_cut(&self) -> bool {
        self.inner.borrow().is_cut
    }

    /// What kind of answer comes next.
    fn kind(&self) -> ResponseKind {
        self.inner.borrow().waiting.front().map_or(ResponseKind::Query, |waiter| waiter.kind)
    }

    /// Adds to the answer of the first who waits. False when it is too long.
    fn add(&self, bytes: &[u8]) -> bool {
        let inner = self.inner.borrow();
        let Some(first) = inner.waiting.front() else { return false };
        let mut answer = first.slot.answer.borrow_mut();
        answer.extend_from_slice(bytes);
        answer.len() <= LONGEST_ANSWER
    }

    /// The server, which rests, gets the first who waits.
    fn begin(&self) {
        self.inner.borrow_mut().begun = Some((Instant::now(), true));
    }

    /// The answer of the first who waits is whole, and came at this moment.
    fn deliver(&self, connection: &mut Connection, now: Instant) {
        let first = {
            let mut inner = self.inner.borrow_mut();
            let first = inner.waiting.pop_front();
            let (begun, woke) = inner.begun.replace((now, false)).unwrap_or((now, false));
            if let Some(first) = &first {
                first.slot.took.set(Took { time: now.saturating_duration_since(begun), woke });
            }
            // Who has given up may stand behind the prepare that is for him.
            let next = inner.first().filter(|_| !inner.waiting.is_empty());
            inner.is_cut |= next.is_some_and(|next| next.progress.get() == Progress::GivenUp);
            first
        };
        match first {
            Some(Waiter { slot, prepares: Some(key), .. }) => {
                let is_kept = connection.keep_prepared(&key, &slot.answer());
                let mut inner = self.inner.borrow_mut();
                inner.is_preparing = false;
                if !is_kept {
                    inner.drop_unsent(Progress::Unfit);
                }
            }
            Some(Waiter { slot, .. }) if slot.is_waiting() => slot.end(Progress::Answered),
            _ => {}
        }
    }
}

impl Drop for Pipeline {
    /// Its driver ends.
    fn drop(&mut self) {
        self.inner.get_mut().wake_driver();
    }
}

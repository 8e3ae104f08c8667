//! Sequences on this node: where the next value comes from, by the sequence's kind.
//!
//! **Invariant:** what is kept of a sequence belongs to one epoch of it; when the catalog shows another epoch it is thrown away.
//! A value is never given back: what a crash or a failed statement leaves unused is a gap, never a repeat.

mod group;
mod simple;
#[cfg(test)]
mod tests;
mod time;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use ostrakon_catalog::command::Command;
use ostrakon_catalog::outcome::Outcome;
use ostrakon_catalog::schema::SequenceKind;
use ostrakon_catalog::{Catalog, Rejection};
use ostrakon_meta::{MetaNode, ProposeError};
use tokio::runtime::Handle;

use crate::error::SqlError;
use group::Ranges;
use simple::Line;
use time::Time;
pub use time::above as above_time;

/// What sequences need of the catalog. A metadata node has it; tests bring their own.
pub trait Ledger: Clone + Send + Sync + 'static {
    fn catalog(&self) -> Arc<Catalog>;
    /// A short look at a sequence, on the statement path.
    fn look(&self, database: &str, sequence: &str) -> Option<Known>;
    fn propose(&self, command: Command) -> impl Future<Output = Result<Outcome, ProposeError>> + Send;
    /// Waits until the catalog here shows all that any node has acknowledged.
    fn catch_up(&self) -> impl Future<Output = Result<(), ProposeError>> + Send;
}

impl Ledger for MetaNode {
    fn catalog(&self) -> Arc<Catalog> {
        self.catalog()
    }

    fn look(&self, database: &str, sequence: &str) -> Option<Known> {
        Known::of(&self.load(), database, sequence)
    }

    fn propose(&self, command: Command) -> impl Future<Output = Result<Outcome, ProposeError>> + Send {
        self.propose(command)
    }

    fn catch_up(&self) -> impl Future<Output = Result<(), ProposeError>> + Send {
        self.read_barrier()
    }
}

/// What the catalog says of a sequence now.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    kind: SequenceKind,
    epoch: u64,
    inner_step: u64,
    /// The first value that nobody has leased.
    next: u64,
}

impl Known {
    /// `None`: there is no such sequence.
    pub fn of(catalog: &Catalog, database: &str, sequence: &str) -> Option<Self> {
        let found = catalog.sequence(database, sequence)?;
        Some(Self { kind: found.kind, epoch: found.epoch, inner_step: found.inner_step, next: found.next })
    }
}

/// A sequence's name, for proposals and errors.
#[derive(Clone, Debug)]
struct Name {
    database: String,
    sequence: String,
}

impl Name {
    fn new(database: &str, sequence: &str) -> Self {
        Self { database: database.to_owned(), sequence: sequence.to_owned() }
    }

    fn unknown(&self) -> SqlError {
        ProposeError::Rejected(Rejection::UnknownSequence {
            database: self.database.clone(),
            sequence: self.sequence.clone(),
        })
        .into()
    }

    /// ER_AUTOINC_READ_FAILED 1467: the catalog did not answer, and nothing is left here.
    fn unavailable(&self, e: ProposeError) -> SqlError {
        match e {
            ProposeError::Rejected(_) => e.into(),
            other => SqlError::new(
                1467,
                "HY000",
                format!(
                    "Failed to read a value of sequence '{}.{}': this node has none left, and the catalog granted no more ({other})",
                    self.database, self.sequence
                ),
            ),
        }
    }

    /// Waits for `count` values of the sequence.
    async fn lease(&self, ledger: &impl Ledger, count: u64) -> Result<Leased, ProposeError> {
        let (database, sequence) = (self.database.clone(), self.sequence.clone());
        match ledger.propose(Command::LeaseRange { database, sequence, count }).await? {
            Outcome::Range { first, last, increment, epoch } => Ok(Leased { first, last, increment, epoch }),
            other => Err(ProposeError::Rejected(Rejection::Malformed {
                reason: format!("a lease was answered with {other:?}"),
            })),
        }
    }
}

/// A range as the catalog granted it.
#[derive(Clone, Copy, Debug)]
struct Leased {
    first: u64,
    last: u64,
    increment: u64,
    epoch: u64,
}

/// What this node keeps of one sequence.
struct Source {
    epoch: u64,
    kind: SequenceKind,
    name: Name,
    ranges: Ranges,
    line: Line,
}

type Sources = HashMap<Box<str>, HashMap<Box<str>, Arc<Source>>>;

/// Sequences of this node.
pub struct Sequences {
    /// Read without a lock; written when a sequence is first used, or has another epoch.
    sources: ArcSwap<Sources>,
    writing: Mutex<()>,
    time: Arc<Time>,
    /// Where leases run that no statement waits for.
    control: Handle,
}

/// How often a statement begins anew because the sequence was altered meanwhile.
const ATTEMPTS: usize = 8;

/// What INSPECT SEQUENCE RANGE shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Ranges in the order of their use: next value and last one.
    pub ranges: Vec<(u64, u64)>,
    /// Values that the next lease asks for.
    pub size: u64,
    /// Leases since the sequence was first used here.
    pub leases: u64,
    /// Times that a statement waited for one.
    pub waits: u64,
    /// TIME: the worker number, and the time under which values may be given.
    pub worker: Option<(u16, u64)>,
}

impl Sequences {
    /// Of node number `node`. `control` runs what goes on in the background.
    pub fn new(node: u64, control: Handle) -> Self {
        Self::with_clock(node, control, Arc::new(crate::call::now_ms))
    }

    fn with_clock(node: u64, control: Handle, clock: time::Clock) -> Self {
        Self {
            sources: ArcSwap::default(),
            writing: Mutex::new(()),
            time: Arc::new(Time::new(node, clock)),
            control,
        }
    }

    /// `count` values, in rising order but for a cycle.
    ///
    /// # Errors
    /// 4091 for a sequence that is not there, 1467 and 4084 when no value is left or none can be had.
    pub async fn take(
        &self,
        ledger: &impl Ledger,
        database: &str,
        sequence: &str,
        count: usize,
    ) -> Result<Vec<u64>, SqlError> {
        let unknown = || Name::new(database, sequence).unknown();
        if ledger.look(database, sequence).is_none() {
            // It may have been made on another node a moment ago.
            Box::pin(ledger.catch_up()).await?;
        }
        let mut failed = None;
        for _ in 0..ATTEMPTS {
            let known = ledger.look(database, sequence).ok_or_else(unknown)?;
            let taken = match known.kind {
                SequenceKind::Time => self.time.take(ledger, &self.control, count).await.map(Taken::Values),
                SequenceKind::Group { .. } => {
                    let source = self.source(database, sequence, &known);
                    match source.ranges.try_take(count) {
                        Ok(values) => {
                            self.fetch_ahead(ledger, &source);
                            Ok(Taken::Values(values))
                        }
                        Err(partly) => source.ranges.wait(ledger, &source.name, partly, count).await,
                    }
                }
                SequenceKind::Simple => {
                    let source = self.source(database, sequence, &known);
                    simple::take(&source, ledger, &self.control, count).await.map(Taken::Values)
                }
            };
            match taken {
                Ok(Taken::Values(values)) => {
                    // What came after a wait may be of an epoch that has ended meanwhile.
                    if ledger.look(database, sequence).is_none_or(|now| now.epoch == known.epoch) {
                        return Ok(values);
                    }
                }
                Ok(Taken::Other(range)) => self.keep(ledger, database, sequence, range),
                Err(e) if ledger.look(database, sequence).is_none_or(|now| now.epoch == known.epoch) => {
                    return Err(e);
                }
                Err(e) => failed = Some(e),
            }
        }
        Err(failed.unwrap_or_else(|| {
            SqlError::new(
                1412,
                "HY000",
                format!(
                    "Sequence '{database}.{sequence}' was altered again and again, please retry transaction"
                ),
            )
        }))
    }

    /// An explicit value is to be written: no later generated value of this node is at or below it, nor one leased from now on.
    pub async fn raise(
        &self,
        ledger: &impl Ledger,
        database: &str,
        sequence: &str,
        value: u64,
    ) -> Result<(), SqlError> {
        let name = Name::new(database, sequence);
        let known = ledger.look(database, sequence).ok_or_else(|| name.unknown())?;
        let at_least = value.saturating_add(1);
        let mut rises_fast = false;
        match known.kind {
            SequenceKind::Time => return Ok(()),
            SequenceKind::Group { .. } => {
                let source = self.source(database, sequence, &known);
                if source.ranges.raise(at_least) || at_least <= known.next {
                    return Ok(());
                }
                rises_fast = source.ranges.raises_fast();
            }
            SequenceKind::Simple if at_least <= known.next => return Ok(()),
            SequenceKind::Simple => {}
        }
        ledger
            .propose(Command::RaiseSequence { database: name.database, sequence: name.sequence, at_least })
            .await?;
        if rises_fast {
            // A load that brings its own rising numbers: the next ones shall lie in a range of ours, and need no proposal.
            let source = self.source(database, sequence, &known);
            self.fetch(ledger, &source);
        }
        Ok(())
    }

    /// What this node holds of a sequence.
    pub fn held(&self, ledger: &impl Ledger, database: &str, sequence: &str) -> Option<Held> {
        let known = ledger.look(database, sequence)?;
        if known.kind == SequenceKind::Time {
            return Some(self.time.held());
        }
        let sources = self.sources.load();
        let source = sources.get(database).and_then(|of| of.get(sequence));
        let source = source.filter(|source| source.epoch == known.epoch);
        Some(
            source
                .map(|source| match known.kind {
                    SequenceKind::Simple => source.line.held(),
                    _ => source.ranges.held(),
                })
                .unwrap_or_default(),
        )
    }

    fn source(&self, database: &str, sequence: &str, known: &Known) -> Arc<Source> {
        let is_current = |source: &&Arc<Source>| source.epoch == known.epoch && source.kind == known.kind;
        let found = |sources: &Sources| {
            sources.get(database).and_then(|of| of.get(sequence)).filter(is_current).cloned()
        };
        if let Some(source) = found(&self.sources.load()) {
            return source;
        }
        let _one = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sources = Sources::clone(&self.sources.load());
        if let Some(source) = found(&sources) {
            return source;
        }
        let source = Arc::new(Source {
            epoch: known.epoch,
            kind: known.kind,
            name: Name::new(database, sequence),
            ranges: Ranges::new(known.epoch, known.inner_step),
            line: Line::default(),
        });
        sources.entry(database.into()).or_default().insert(sequence.into(), Arc::clone(&source));
        self.sources.store(Arc::new(sources));
        source
    }

    /// A range that was granted in a newer epoch than the one asked for is kept for that one.
    fn keep(&self, ledger: &impl Ledger, database: &str, sequence: &str, range: Leased) {
        if let Some(now) = ledger.look(database, sequence)
            && now.epoch == range.epoch
            && matches!(now.kind, SequenceKind::Group { .. })
        {
            self.source(database, sequence, &now).ranges.add(range);
        }
    }

    /// Leases the next range in the background, when half of this one is used.
    fn fetch_ahead(&self, ledger: &impl Ledger, source: &Arc<Source>) {
        if source.ranges.is_low() {
            self.fetch(ledger, source);
        }
    }

    fn fetch(&self, ledger: &impl Ledger, source: &Arc<Source>) {
        if source.ranges.begin_fetch() {
            let (ledger, source) = (ledger.clone(), Arc::clone(source));
            self.control.spawn(async move { source.ranges.fetch(&ledger, &source.name).await });
        }
    }
}

/// What a wait for values gave.
enum Taken {
    Values(Vec<u64>),
    /// The sequence has another epoch now, and this range is of that one.
    Other(Leased),
}

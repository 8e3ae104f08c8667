//! What a statement over connections of its own takes, for whether the next ones of its template may share a connection.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use ostrakon_router::plan::{RoutedPlan, Run};

use crate::backend::pool::{Crowded, Pool};

/// What took longer is not short.
pub(super) const QUICK: Duration = Duration::from_millis(10);

/// Bytes of an answer that is short.
pub(super) const QUICK_BYTES: u64 = 16 << 10;

/// What took more than so many times as long as it may has stalled, and is not only strained ...
const STALLED_FROM: u32 = 5;
/// ... and is slow for certain from here on, in whatever crowd: no machine stands still for so long.
const SLOW: Duration = Duration::from_secs(1);

/// With so many statements at a server that could share connections and do not, each may take [`QUICK`], with twice as many twice as long: they wait for each other.
/// Were it not so, a template that 256 clients ask at once would never be known to be short, and so their statements would remain so many. What is taken for
/// short wrongly is found out where it is shared, once these are gone.
const CROWD: usize = 4;

/// So many times as long, at most.
const MOST_PATIENCE: u32 = 16;

/// How many times as long as by itself a statement may take beside such a crowd.
pub(super) fn patience(crowd: usize) -> u32 {
    u32::try_from(crowd / CROWD).unwrap_or(u32::MAX).clamp(1, MOST_PATIENCE)
}

/// Runs while a statement that could share connections has its own.
pub struct Stopwatch {
    begun: Instant,
    /// At each of its servers, until it is seen that these answer.
    places: RefCell<Vec<Crowded>>,
    /// The largest crowd that it was seen in.
    crowd: Cell<usize>,
}

impl Stopwatch {
    /// `pools`: those of the statement's connections.
    pub fn start<'a>(pools: impl Iterator<Item = &'a Rc<Pool>>) -> Self {
        let places = pools.map(Crowded::join).collect();
        let stopwatch = Self { begun: Instant::now(), places: RefCell::new(places), crowd: Cell::new(0) };
        stopwatch.look_around();
        stopwatch
    }

    /// The server answers. Who takes a long answer slowly keeps no server busy.
    pub fn answers(&self) {
        self.look_around();
        self.places.take();
    }

    /// `clean`: it has an answer without warnings of so many bytes.
    pub fn stop(&self, plan: &RoutedPlan, clean: Option<u64>) {
        let run = match clean {
            Some(bytes) if bytes <= QUICK_BYTES => self.run(),
            _ => Run::Slow,
        };
        plan.quickness.note(run);
    }

    /// Its client has left: it takes at least as long as until now, if the server has not answered yet.
    pub fn is_left(&self, plan: &RoutedPlan) {
        let run = self.run();
        if run != Run::Quick && !self.places.borrow().is_empty() {
            plan.quickness.note(run);
        }
    }

    fn run(&self) -> Run {
        // The first of a crowd was alone when it came.
        self.look_around();
        judge(self.begun.elapsed(), patience(self.crowd.get()))
    }

    fn look_around(&self) {
        let crowd = self.places.borrow().iter().map(Crowded::crowd).max().unwrap_or(0);
        self.crowd.set(self.crowd.get().max(crowd));
    }
}

/// What a statement that took so long over a connection of its own has shown of itself.
fn judge(took: Duration, patience: u32) -> Run {
    let limit = QUICK * patience;
    match took {
        _ if took > SLOW => Run::Slow,
        _ if took <= limit => Run::Quick,
        _ if took <= limit * STALLED_FROM => Run::Strained,
        // Not slow for certain: one that stalls where it shares runs once more by itself, beside whatever made it stall.
        _ => Run::Stalled,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_may_take_longer_but_nothing_takes_more_than_a_second() {
        let after = |milliseconds| Duration::from_millis(milliseconds);
        for (took, alone, in_a_crowd) in [
            (10, Run::Quick, Run::Quick),
            (11, Run::Strained, Run::Quick),
            (50, Run::Strained, Run::Quick),
            (51, Run::Stalled, Run::Quick),
            (161, Run::Stalled, Run::Strained),
            (801, Run::Stalled, Run::Stalled),
            (1000, Run::Stalled, Run::Stalled),
            (1001, Run::Slow, Run::Slow),
        ] {
            assert_eq!(judge(after(took), patience(3)), alone, "{took} ms");
            assert_eq!(judge(after(took), patience(1000)), in_a_crowd, "{took} ms in a crowd");
        }
    }
}

//! The end of a commit that its client does not wait for: XA COMMIT on each prepared branch, until its server has said that it is done.

use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::ending::Ending;
use super::finish::finish_branch;
use super::gate::Passing;
use super::machine::Action;
use super::run::END_LIMIT;
use super::system_schema::Decision;
use crate::session::transaction::{Branch, Finishing};
use crate::worker::Worker;

/// So long a branch's own connection may take.
const LIMIT: Duration = Duration::from_secs(10);
/// So long the answers may take that branches which are taken back have still to give.
const TAKE_BACK_LIMIT: Duration = Duration::from_secs(3);
const TRY_AGAIN: Duration = Duration::from_millis(500);

/// Counts a transaction's branch for as long as it has not ended.
struct Counted {
    worker: Rc<Worker>,
    /// The whole transaction's.
    _passing: Rc<Option<Passing>>,
}

impl Counted {
    fn new(worker: &Rc<Worker>, passing: &Rc<Option<Passing>>) -> Self {
        worker.finishing.set(worker.finishing.get() + 1);
        Self { worker: Rc::clone(worker), _passing: Rc::clone(passing) }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.worker.finishing.set(self.worker.finishing.get() - 1);
    }
}

/// Tells each prepared branch to commit, and goes on without waiting. Returns what the session's next statements there have to wait for.
pub async fn commit(
    worker: &Rc<Worker>,
    branches: Vec<Branch>,
    actions: &[Action],
    passing: Option<Passing>,
) -> Vec<Finishing> {
    let passing = Rc::new(passing);
    let mut finishing = Vec::new();
    for (at, mut branch) in branches.into_iter().enumerate() {
        if !actions.contains(&Action::Commit(at)) {
            continue;
        }
        // A few bytes: the socket takes them at once.
        let sent = match branch.reach("commit/finish/before").await {
            Ok(()) => branch.send_ending(Ending::CommitPrepared).await,
            Err(_) => 0,
        };
        let (ending, known) = known(&branch);
        finishing.push(known);
        let counted = Counted::new(worker, &passing);
        tokio::task::spawn_local(async move {
            finish(&counted.worker, branch, sent).await;
            drop(ending);
        });
    }
    finishing
}

/// Ends branches that only read, over their own connections or by closing them, without waiting.
pub async fn release(worker: &Rc<Worker>, branches: Vec<Branch>) -> Vec<Finishing> {
    let mut finishing = Vec::new();
    for mut branch in branches {
        let sent = branch.send_ending(Ending::Release).await;
        let (ending, known) = known(&branch);
        finishing.push(known);
        let counted = Counted::new(worker, &Rc::new(None));
        tokio::task::spawn_local(async move {
            // Nothing depends on what the server says to it.
            let _ = branch.receive_ending(sent, Ending::Release, LIMIT).await;
            drop((branch, ending, counted));
        });
    }
    finishing
}

/// Rolls branches back that are prepared, or will be with answers that are still to come. Returns the groups whose servers say that not all of it could be rolled
/// back (1196): tables without transactions.
pub async fn take_back(mut branches: Vec<Branch>) -> Vec<String> {
    let mut sent = Vec::with_capacity(branches.len());
    let begun = Instant::now();
    for branch in &mut branches {
        // All together: a client waits for it, and others for what is prepared. Who does not answer is closed.
        let last = branch.drain(TAKE_BACK_LIMIT.saturating_sub(begun.elapsed())).await;
        // What makes an XA branch ready ends with XA PREPARE.
        branch.prepared = branch.xid.is_some() && matches!(last, Ok(true));
        let ending = if branch.prepared { Ending::RollBackPrepared } else { Ending::RollBack };
        sent.push((branch.send_ending(ending).await, ending));
    }
    let mut kept = Vec::new();
    for (branch, (answers, ending)) in branches.iter_mut().zip(sent) {
        if branch.receive_ending(answers, ending, END_LIMIT).await.is_ok() && branch.warned {
            kept.push(branch.name.clone());
        }
    }
    kept
}

/// The same without waiting.
pub fn take_back_behind(worker: &Rc<Worker>, branches: Vec<Branch>) {
    let counted = Counted::new(worker, &Rc::new(None));
    tokio::task::spawn_local(async move {
        take_back(branches).await;
        drop(counted);
    });
}

/// What the session keeps of a branch that ends by itself: it is resolved when the sender is dropped.
fn known(branch: &Branch) -> (oneshot::Sender<()>, Finishing) {
    let (ending, ended) = oneshot::channel();
    let (instance, physical_database) = (branch.instance, branch.physical_database.clone());
    (ending, Finishing { instance, physical_database, ended })
}

async fn finish(worker: &Rc<Worker>, mut branch: Branch, sent: usize) {
    let ended = branch.receive_ending(sent, Ending::CommitPrepared, LIMIT).await;
    let Err(e) = branch.reach("commit/finish/after").await.and(ended) else { return };
    let (Some(xid), instance) = (branch.xid.as_ref().map(|named| named.xid), branch.instance) else { return };
    tracing::info!(%xid, group = branch.name, error = %e.message, "the branch has to be committed over another connection");
    // Its own connection closes, or a server would not let another one have the branch.
    drop(branch);
    // The resolver would do it too. Here it is done sooner, and the session knows when.
    loop {
        // An instance that is gone from the catalog has taken its branches along.
        let Ok(pool) = worker.pool_of(instance) else { return };
        match finish_branch(&pool, &xid, Decision::Committed).await {
            Ok(()) => return,
            Err(e) => tracing::debug!(%xid, error = %e.message, "not committed yet"),
        }
        tokio::time::sleep(TRY_AGAIN).await;
    }
}

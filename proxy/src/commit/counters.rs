//! What this process has counted of commits and of their recovery, and the alarms that it has raised.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// Counts since the process began.
#[derive(Debug, Default)]
pub struct Counters {
    /// Prepared branches that were committed for a transaction whose session could not.
    pub resolved_commits: AtomicU64,
    /// The same, rolled back.
    pub resolved_rollbacks: AtomicU64,
    /// XAER_NOTA (1397) for a branch that had to be finished.
    pub nota: AtomicU64,
    /// XA_RBROLLBACK (1402) for a branch that had to be committed: the server says that it was empty.
    pub rolled_back_branches: AtomicU64,
    /// Connections ended because they held a prepared branch that another one had to finish.
    pub killed_owners: AtomicU64,
    pub alarms: AtomicU64,
}

pub static COUNTERS: Counters = Counters {
    resolved_commits: AtomicU64::new(0),
    resolved_rollbacks: AtomicU64::new(0),
    nota: AtomicU64::new(0),
    rolled_back_branches: AtomicU64::new(0),
    killed_owners: AtomicU64::new(0),
    alarms: AtomicU64::new(0),
};

pub fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// Something that a DBA must look at: data is lost, or cannot be made whole without help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    pub at: SystemTime,
    pub instance: String,
    /// The transaction's id.
    pub transaction: String,
    pub text: String,
}

/// The last alarms, which CHECK CLUSTER shows; the log has all.
static ALARMS: Mutex<VecDeque<Alarm>> = Mutex::new(VecDeque::new());
const KEPT: usize = 100;

/// Raises an alarm. The same one again is said once only: recovery comes by every second.
pub fn raise(instance: &str, transaction: &str, text: &str) {
    let mut alarms = ALARMS.lock().unwrap_or_else(PoisonError::into_inner);
    let same =
        |alarm: &Alarm| alarm.instance == instance && alarm.transaction == transaction && alarm.text == text;
    if alarms.iter().any(same) {
        return;
    }
    count(&COUNTERS.alarms);
    tracing::error!(instance, transaction, "ALARM: {text}");
    if alarms.len() == KEPT {
        alarms.pop_front();
    }
    alarms.push_back(Alarm {
        at: SystemTime::now(),
        instance: instance.to_owned(),
        transaction: transaction.to_owned(),
        text: text.to_owned(),
    });
}

/// The last alarms, oldest first.
pub fn alarms() -> Vec<Alarm> {
    ALARMS.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alarm_is_raised_once() {
        for _ in 0..3 {
            raise("test", "o1.1.1.1.1", "lost");
        }
        let raised = alarms();
        assert_eq!(raised.iter().filter(|alarm| alarm.instance == "test").count(), 1);
        raise("test", "o1.1.1.1.2", "lost");
        assert_eq!(alarms().iter().filter(|alarm| alarm.instance == "test").count(), 2);
    }
}

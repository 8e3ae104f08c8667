//! How the kernel schedules a worker: as one that never interrupts whoever runs when work comes for it.

use ostrakon_conf::WorkerScheduling;

/// Puts the calling thread, and those that it starts, under SCHED_BATCH (sched(7)), unless it was started under a policy that somebody chose.
///
/// A thread of the normal policy that was asleep is preferred when it wakes: the kernel interrupts the client or the server that runs, for
/// the one statement or answer that has come. Under SCHED_BATCH it comes when that one waits or has had its share, and finds several. Where a
/// processor is free it runs at once under either.
pub fn adopt(scheduling: WorkerScheduling) {
    if scheduling == WorkerScheduling::Batch
        && let Err(error) = batch()
    {
        tracing::warn!(%error, "workers stay under the normal scheduling policy: SCHED_BATCH is not possible here");
    }
}

#[expect(
    unsafe_code,
    reason = "no crate of the tree has these two calls: they take no memory but the parameter on this stack"
)]
fn batch() -> Result<(), std::io::Error> {
    let parameter = libc::sched_param { sched_priority: 0 };
    // 0: the calling thread. Its nice value is kept.
    let done = match unsafe { libc::sched_getscheduler(0) } {
        libc::SCHED_OTHER => unsafe { libc::sched_setscheduler(0, libc::SCHED_BATCH, &raw const parameter) },
        policy => policy.min(0),
    };
    if done < 0 { Err(std::io::Error::last_os_error()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> String {
        // Field 41 of proc_pid_stat(5), counted behind the name, which may have blanks.
        let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
        stat.rsplit_once(") ").unwrap().1.split(' ').nth(38).unwrap().to_owned()
    }

    #[test]
    fn a_worker_is_under_the_policy_that_is_asked_for() {
        for (scheduling, expected) in [(WorkerScheduling::Normal, "0"), (WorkerScheduling::Batch, "3")] {
            std::thread::spawn(move || {
                adopt(scheduling);
                assert_eq!(policy(), expected, "{scheduling:?}");
            })
            .join()
            .unwrap();
        }
    }
}

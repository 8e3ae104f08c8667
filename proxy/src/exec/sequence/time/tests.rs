//! Tests with a played clock.

use std::collections::BTreeSet;

use ostrakon_catalog::schema::SequenceKind;

use super::*;
use crate::exec::sequence::tests::Shared;

const START: u64 = 1_800_000_000_000;

struct Played {
    now: Arc<AtomicU64>,
    time: Arc<Time>,
}

/// A process of that node; all share the clock.
fn process(node: u64, now: &Arc<AtomicU64>) -> Played {
    let shown = Arc::clone(now);
    let clock: Clock = Arc::new(move || shown.load(Ordering::SeqCst));
    Played { now: Arc::clone(now), time: Arc::new(Time::new(node, clock)) }
}

impl Played {
    async fn take(&self, ledger: &Shared, count: usize) -> Result<Vec<u64>, SqlError> {
        self.time.take(ledger, &Handle::current(), count).await
    }

    fn set(&self, now: u64) {
        self.now.store(now, Ordering::SeqCst);
    }
}

fn clock() -> Arc<AtomicU64> {
    Arc::new(AtomicU64::new(START))
}

fn parts(value: u64) -> (u64, u64, u64) {
    ((value >> 22) + EPOCH, (value >> 12) & 1023, value & 4095)
}

fn ledger() -> Shared {
    Shared::with(SequenceKind::Time, |_| {})
}

#[tokio::test]
async fn a_value_is_time_number_and_counter_and_fits_a_signed_bigint() {
    let (ledger, one) = (ledger(), process(1, &clock()));
    let values = one.take(&ledger, 2).await.unwrap();
    assert_eq!(parts(values[0]), (START, 0, 0));
    assert_eq!(parts(values[1]), (START, 0, 1));
    assert_eq!(parts(process(2, &one.now).take(&ledger, 1).await.unwrap()[0]), (START, 1, 0));
    assert!(value((END - 1) << COUNTER_BITS, 1023) <= i64::MAX as u64);
    // What DRDS's manual shows as a value of 9 March 2017.
    assert_eq!(parts(776_668_092_129_345_536).0 / 86_400_000, 17_234);
}

#[tokio::test]
async fn a_small_step_back_goes_on_from_the_last_value() {
    let (ledger, one) = (ledger(), process(1, &clock()));
    let before = one.take(&ledger, 10).await.unwrap();
    one.set(START - TOLERANCE);
    let after = one.take(&ledger, 10).await.unwrap();
    assert_eq!(after[0], before[9] + 1);
}

#[tokio::test]
async fn a_large_step_back_is_an_error_until_the_clock_has_come_back() {
    let (ledger, one) = (ledger(), process(1, &clock()));
    let before = one.take(&ledger, 1).await.unwrap();
    one.set(START - 10_000);
    let error = one.take(&ledger, 1).await.unwrap_err();
    assert_eq!(error.errno, 1467);
    assert!(error.message.contains("10000 ms"), "{}", error.message);
    one.set(START - 5);
    assert!(one.take(&ledger, 1).await.unwrap() > before);
}

#[tokio::test]
async fn values_may_run_ahead_of_the_clock_a_little_and_then_wait() {
    let (ledger, one) = (ledger(), process(1, &clock()));
    // More than one millisecond has.
    let values = one.take(&ledger, 10_000).await.unwrap();
    assert_eq!(parts(values[9_999]), (START + 2, 0, 10_000 - 2 * 4096 - 1));
    assert!(one.take(&ledger, 4096 * 900).await.is_ok());
    assert_eq!(one.time.try_take(4096 * 200), Err(Lack::Ahead));
    one.set(START + 150);
    assert!(one.take(&ledger, 4096 * 200).await.is_ok());
}

#[tokio::test]
async fn no_value_reaches_the_ceiling_and_without_a_majority_they_end() {
    let (ledger, one) = (ledger(), process(1, &clock()));
    one.take(&ledger, 1).await.unwrap();
    ledger.cut.store(true, Ordering::SeqCst);
    one.set(START + RESERVE - 1);
    assert!(one.take(&ledger, 1).await.is_ok());
    one.set(START + RESERVE);
    assert_eq!(one.take(&ledger, 1).await.unwrap_err().errno, 1467);
    ledger.cut.store(false, Ordering::SeqCst);
    assert_eq!(parts(one.take(&ledger, 1).await.unwrap()[0]), (START + RESERVE, 0, 0));
}

#[tokio::test]
async fn a_restart_under_the_old_ceiling_takes_another_number() {
    let (ledger, clock) = (ledger(), clock());
    let mut all = BTreeSet::new();
    for start in 0..5 {
        let one = process(1, &clock);
        // Faster than the clock, so that the last start's values are in the future.
        for value in one.take(&ledger, 5000).await.unwrap() {
            assert!(all.insert(value), "start {start}: {value} again");
        }
    }
    clock.store(START + RESERVE + 2, Ordering::SeqCst);
    let value = process(1, &clock).take(&ledger, 1).await.unwrap()[0];
    assert!(all.insert(value));
}

#[tokio::test]
async fn a_removed_node_gives_no_more_values_than_were_reserved() {
    let (ledger, one) = (ledger(), process(1, &clock()));
    one.take(&ledger, 1).await.unwrap();
    ledger.apply(&Command::RemoveNode { node: 1 });
    one.set(START + RESERVE);
    let error = one.take(&ledger, 1).await.unwrap_err();
    assert!(error.message.contains("node 1"), "{}", error.message);
    let two = process(2, &one.now);
    let value = two.take(&ledger, 1).await.unwrap()[0];
    assert_eq!(parts(value).0, START + RESERVE);
}

#[tokio::test]
async fn the_ceiling_is_raised_in_the_background_while_values_are_taken() {
    let (ledger, one) = (ledger(), process(1, &clock()));
    for second in 0..5 {
        one.set(START + 1000 * second);
        one.take(&ledger, 1).await.unwrap();
        tokio::time::sleep(RAISE_EVERY + Duration::from_millis(100)).await;
    }
    let held = one.time.held();
    assert_eq!(held.waits, 1, "only the first one waited");
    assert!(held.worker.unwrap().1 >= START + 4000 + RESERVE);
}

#[tokio::test]
async fn a_clock_without_a_battery_is_an_error() {
    let (ledger, one) = (ledger(), process(1, &clock()));
    for now in [0, EPOCH - 1, END] {
        one.set(now);
        assert_eq!(one.take(&ledger, 1).await.unwrap_err().errno, 1467);
    }
}

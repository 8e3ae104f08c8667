//! How many clients log in at the same time, of one address and in all. One more waits for its turn, unread, until its time is over.
//!
//! A place is for the login alone, so many more than there are places can come at once: ten thousand clients of one machine log in, one after the
//! other. Somebody who never goes on holds the places of his own address for no longer than a login may take.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ostrakon_conf::Limits;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::counted_as;
use crate::error::SqlError;

/// The places of a node.
pub struct Places {
    all: Arc<Semaphore>,
    per_address: usize,
    /// Those of each address that has somebody here.
    by_address: Mutex<HashMap<IpAddr, Line>>,
    waiting: AtomicUsize,
    waiting_max: usize,
}

struct Line {
    places: Arc<Semaphore>,
    /// Who holds a place or waits for one.
    members: usize,
}

/// A place, given back when it is dropped.
pub struct Place {
    // Fields drop in this order: the place is free before the line is left.
    _of_all: OwnedSemaphorePermit,
    _of_address: Option<OwnedSemaphorePermit>,
    _line: Option<InLine>,
}

/// Somebody of an address.
struct InLine {
    places: Arc<Places>,
    address: IpAddr,
}

/// Somebody without a place.
struct Waits<'p>(&'p AtomicUsize);

impl Places {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            all: Arc::new(Semaphore::new(limits.unauthenticated_connections)),
            per_address: limits.unauthenticated_connections_per_address,
            by_address: Mutex::default(),
            waiting: AtomicUsize::new(0),
            waiting_max: limits.max_connections as usize,
        }
    }

    fn lines(&self) -> MutexGuard<'_, HashMap<IpAddr, Line>> {
        self.by_address.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a client of this address; without an address, for a balancer that has yet to say whose connection it is. First come, first served.
    ///
    /// Errors: 1040 when as many wait as this node takes clients.
    pub async fn take(self: &Arc<Self>, address: Option<IpAddr>) -> Result<Place, SqlError> {
        let line = address.map(|address| self.line(counted_as(address)));
        let (of_address, line) = match line {
            Some((semaphore, line)) => (Some(self.permit(&semaphore).await?), Some(line)),
            None => (None, None),
        };
        // Not before: who waits behind others of his address keeps nobody else from a place.
        let of_all = self.permit(&self.all).await?;
        Ok(Place { _of_all: of_all, _of_address: of_address, _line: line })
    }

    fn line(self: &Arc<Self>, address: IpAddr) -> (Arc<Semaphore>, InLine) {
        let mut lines = self.lines();
        let new = || Line { places: Arc::new(Semaphore::new(self.per_address)), members: 0 };
        let line = lines.entry(address).or_insert_with(new);
        line.members += 1;
        (Arc::clone(&line.places), InLine { places: Arc::clone(self), address })
    }

    async fn permit(&self, semaphore: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, SqlError> {
        if let Ok(permit) = Arc::clone(semaphore).try_acquire_owned() {
            return Ok(permit);
        }
        let waits = Waits(&self.waiting);
        if waits.0.fetch_add(1, Ordering::Relaxed) >= self.waiting_max {
            return Err(places_are_taken());
        }
        Arc::clone(semaphore).acquire_owned().await.map_err(|_| places_are_taken())
    }
}

/// Also for one whose time is over while it waits.
pub fn places_are_taken() -> SqlError {
    let message = "Too many connections: more log in than limits.unauthenticated_connections and \
                   limits.unauthenticated_connections_per_address let";
    SqlError::new(1040, "08004", message)
}

impl Drop for InLine {
    fn drop(&mut self) {
        let mut lines = self.places.lines();
        if let Some(line) = lines.get_mut(&self.address) {
            line.members -= 1;
            if line.members == 0 {
                lines.remove(&self.address);
            }
        }
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn places(all: usize, per_address: usize, max_connections: u32) -> Arc<Places> {
        Arc::new(Places::new(&Limits {
            unauthenticated_connections: all,
            unauthenticated_connections_per_address: per_address,
            max_connections,
            ..Limits::default()
        }))
    }

    async fn taken(places: &Arc<Places>, address: Option<&str>) -> Option<Place> {
        let address = address.map(|text| text.parse().unwrap());
        let taking = tokio::time::timeout(Duration::from_millis(20), places.take(address));
        taking.await.ok().and_then(Result::ok)
    }

    #[tokio::test]
    async fn an_address_has_its_own_places_and_all_have_theirs() {
        let places = places(3, 2, 10);
        let one = taken(&places, Some("10.0.0.1")).await.unwrap();
        let two = taken(&places, Some("10.0.0.1")).await.unwrap();
        assert!(taken(&places, Some("10.0.0.1")).await.is_none());
        let other = taken(&places, Some("10.0.0.2")).await.unwrap();
        assert!(taken(&places, Some("10.0.0.3")).await.is_none(), "all places are taken");
        drop(two);
        let balancer = taken(&places, None).await.unwrap();
        drop((one, other, balancer));
        assert!(places.lines().is_empty());
        assert_eq!(places.waiting.load(Ordering::Relaxed), 0);
        assert_eq!(places.all.available_permits(), 3);
    }

    #[tokio::test]
    async fn who_waits_gets_the_next_place_and_no_more_wait_than_may() {
        let places = places(8, 1, 1);
        let first = taken(&places, Some("10.0.0.1")).await.unwrap();
        let waiting = tokio::spawn({
            let places = Arc::clone(&places);
            async move { places.take(Some("10.0.0.1".parse().unwrap())).await.is_ok() }
        });
        while places.waiting.load(Ordering::Relaxed) == 0 {
            tokio::task::yield_now().await;
        }
        let refused = places.take(Some("10.0.0.1".parse().unwrap())).await;
        assert_eq!(refused.err().unwrap().errno, 1040);
        drop(first);
        assert!(waiting.await.unwrap());
        assert!(places.lines().is_empty());
    }
}

//! The plan cache of one worker: plans by template, default database, catalog version and sql_mode. A hit allocates nothing.

use std::rc::Rc;

use super::{Plan, Request};
use crate::RouterError;
use crate::lexer::SqlMode;

/// Places for one hash value's neighbourhood.
const WAYS: usize = 4;

struct Entry {
    hash: u64,
    template: Box<[u8]>,
    database: Option<Box<str>>,
    version: u64,
    mode: SqlMode,
    plan: Rc<Plan>,
    /// When it was last used, in look-ups.
    used: u64,
}

/// A bounded cache: sets of four entries, the least recently used of a set goes. Belongs to one thread.
pub struct PlanCache {
    entries: Vec<Option<Entry>>,
    sets: usize,
    clock: u64,
    hits: u64,
    misses: u64,
}

impl PlanCache {
    /// A cache for about `capacity` plans (at least four).
    pub fn new(capacity: usize) -> Self {
        let sets = (capacity / WAYS).max(1).next_power_of_two();
        Self { entries: (0..sets * WAYS).map(|_| None).collect(), sets, clock: 0, hits: 0, misses: 0 }
    }

    /// The plan of a statement: from the cache, or made and kept when it may be.
    ///
    /// Errors: those of [`super::plan`]; they are not kept.
    pub fn get_or_plan(&mut self, request: &Request<'_>) -> Result<Rc<Plan>, RouterError> {
        if let Some(plan) = self.get(request) {
            return Ok(plan);
        }
        let plan = Rc::new(super::plan(request)?);
        let is_kept = match plan.as_ref() {
            Plan::Routed(routed) => routed.cacheable,
            Plan::Views(_) => true,
            Plan::Command(_) | Plan::Ddl(_) | Plan::Load(_) => false,
        };
        if is_kept {
            self.insert(request, plan.clone());
        }
        Ok(plan)
    }

    /// The cached plan of an equal request.
    pub fn get(&mut self, request: &Request<'_>) -> Option<Rc<Plan>> {
        self.clock += 1;
        let (clock, range) = (self.clock, self.set(request.template.hash));
        let found = self.entries.get_mut(range)?.iter_mut().flatten().find(|entry| {
            entry.hash == request.template.hash
                && entry.version == request.catalog.version
                && entry.mode == request.mode
                && entry.database.as_deref() == request.database
                && *entry.template == *request.template.bytes
        });
        match found {
            Some(entry) => {
                entry.used = clock;
                self.hits += 1;
                Some(entry.plan.clone())
            }
            None => {
                self.misses += 1;
                None
            }
        }
    }

    fn insert(&mut self, request: &Request<'_>, plan: Rc<Plan>) {
        let entry = Entry {
            hash: request.template.hash,
            template: request.template.bytes.as_slice().into(),
            database: request.database.map(Into::into),
            version: request.catalog.version,
            mode: request.mode,
            plan,
            used: self.clock,
        };
        let range = self.set(entry.hash);
        let Some(set) = self.entries.get_mut(range) else { return };
        // Plans of an older catalog are never asked for again.
        let age = |slot: &Option<Entry>| match slot {
            None => (0, 0),
            Some(old) if old.version < entry.version => (1, old.used),
            Some(old) => (2, old.used),
        };
        if let Some(slot) = set.iter_mut().min_by_key(|slot| age(slot)) {
            *slot = Some(entry);
        }
    }

    fn set(&self, hash: u64) -> std::ops::Range<usize> {
        let first = (hash as usize & (self.sets - 1)) * WAYS;
        first..first + WAYS
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.entries.iter_mut().for_each(|entry| *entry = None);
    }

    /// Plans that are kept now.
    pub fn len(&self) -> usize {
        self.entries.iter().flatten().count()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// (hits, misses) since the start, for metrics.
    pub fn counts(&self) -> (u64, u64) {
        (self.hits, self.misses)
    }
}

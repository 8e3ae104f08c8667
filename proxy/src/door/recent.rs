//! A map that forgets what was not touched for long: who fails often enough to fill it, with ever new names or addresses, costs no more memory.

use std::collections::HashMap;
use std::hash::Hash;

/// Entries of one generation.
const ENTRIES_MAX: usize = 8192;

/// Two generations: when the younger one is full, the older one is forgotten, and takes its place.
#[derive(Debug)]
pub struct Recent<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K, V> Default for Recent<K, V> {
    fn default() -> Self {
        Self { young: HashMap::new(), old: HashMap::new() }
    }
}

impl<K: Eq + Hash, V: Default> Recent<K, V> {
    pub fn get(&self, key: &K) -> Option<&V> {
        self.young.get(key).or_else(|| self.old.get(key))
    }

    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.young.get_mut(key).or_else(|| self.old.get_mut(key))
    }

    /// The entry, made if it is missing; it is young again.
    pub fn touch(&mut self, key: K) -> &mut V {
        if !self.young.contains_key(&key) && self.young.len() >= ENTRIES_MAX {
            self.old = std::mem::take(&mut self.young);
        }
        let kept = self.old.remove(&key);
        self.young.entry(key).or_insert_with(|| kept.unwrap_or_default())
    }

    pub fn remove(&mut self, key: &K) {
        self.young.remove(key);
        self.old.remove(key);
    }

    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_touched_stays_and_no_more_than_two_generations_do() {
        let mut recent: Recent<usize, usize> = Recent::default();
        *recent.touch(0) += 1;
        for key in 1..=ENTRIES_MAX * 4 {
            *recent.touch(key) = key;
            if key % 1000 == 0 {
                *recent.touch(0) += 1;
            }
            assert!(recent.young.len() <= ENTRIES_MAX && recent.old.len() <= ENTRIES_MAX);
        }
        assert_eq!(recent.get(&0), Some(&(ENTRIES_MAX * 4 / 1000 + 1)));
        assert_eq!(recent.get(&1), None);
        *recent.get_mut(&(ENTRIES_MAX * 4)).unwrap() = 7;
        assert_eq!(recent.get(&(ENTRIES_MAX * 4)), Some(&7));
        recent.remove(&0);
        assert_eq!(recent.get(&0), None);
        recent.clear();
        assert_eq!(recent.get(&(ENTRIES_MAX * 4)), None);
    }
}

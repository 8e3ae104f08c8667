//! A set of physical tables: a bitset over the indexes of one topology, without allocation up to 64 tables.

/// Physical table indexes of one topology.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardSet {
    /// Number of physical tables in the topology: every index is below it.
    len: usize,
    /// Indexes 0 to 63.
    low: u64,
    /// Indexes from 64 on, 64 in each word; empty when `len <= 64`.
    high: Vec<u64>,
}

impl ShardSet {
    /// No table of `len`.
    pub fn empty(len: usize) -> Self {
        let words = len.div_ceil(64);
        Self { len, low: 0, high: vec![0; words.saturating_sub(1)] }
    }

    /// Every table of `len`.
    pub fn all(len: usize) -> Self {
        let mut set = Self::empty(len);
        (0..len).for_each(|index| set.insert(index));
        set
    }

    /// The one table `index` of `len`.
    pub fn one(len: usize, index: usize) -> Self {
        let mut set = Self::empty(len);
        set.insert(index);
        set
    }

    /// Number of physical tables in the topology, in the set or not.
    pub fn universe(&self) -> usize {
        self.len
    }

    /// Adds `index`; an index beyond the topology is a defect and is left out.
    pub fn insert(&mut self, index: usize) {
        debug_assert!(index < self.len);
        if index < self.len
            && let Some(word) = self.word_mut(index / 64)
        {
            *word |= 1 << (index % 64);
        }
    }

    pub fn contains(&self, index: usize) -> bool {
        index < self.len && self.word(index / 64) >> (index % 64) & 1 == 1
    }

    /// How many tables are in the set.
    pub fn count(&self) -> usize {
        (self.low.count_ones() + self.high.iter().map(|w| w.count_ones()).sum::<u32>()) as usize
    }

    pub fn is_empty(&self) -> bool {
        self.low == 0 && self.high.iter().all(|w| *w == 0)
    }

    pub fn is_all(&self) -> bool {
        self.count() == self.len
    }

    /// The only table in the set, if there is exactly one.
    pub fn single(&self) -> Option<usize> {
        let mut indexes = self.iter();
        match (indexes.next(), indexes.next()) {
            (Some(index), None) => Some(index),
            _ => None,
        }
    }

    /// Keeps what is also in `other` (AND). Both are sets of one topology.
    pub fn intersect(&mut self, other: &Self) {
        debug_assert_eq!(self.len, other.len);
        self.low &= other.low;
        for (position, word) in self.high.iter_mut().enumerate() {
            *word &= other.word(position + 1);
        }
    }

    /// Adds what is in `other` (OR). Both are sets of one topology.
    pub fn union(&mut self, other: &Self) {
        debug_assert_eq!(self.len, other.len);
        self.low |= other.low;
        for (position, word) in self.high.iter_mut().enumerate() {
            *word |= other.word(position + 1);
        }
    }

    /// Indexes in ascending order, which is topology order.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        (0..=self.high.len()).flat_map(move |position| {
            let mut word = self.word(position);
            std::iter::from_fn(move || {
                if word == 0 {
                    return None;
                }
                let bit = word.trailing_zeros() as usize;
                word &= word - 1;
                Some(position * 64 + bit)
            })
        })
    }

    fn word(&self, position: usize) -> u64 {
        match position {
            0 => self.low,
            _ => self.high.get(position - 1).copied().unwrap_or(0),
        }
    }

    fn word_mut(&mut self, position: usize) -> Option<&mut u64> {
        match position {
            0 => Some(&mut self.low),
            _ => self.high.get_mut(position - 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn all_holds_exactly_the_topology() {
        for len in [0, 1, 63, 64, 65, 128, 129, 8192] {
            let set = ShardSet::all(len);
            assert_eq!(set.count(), len);
            assert!(set.is_all());
            assert!(!set.contains(len));
            assert_eq!(set.iter().count(), len);
        }
    }

    #[test]
    fn single_is_only_for_one_table() {
        assert_eq!(ShardSet::one(100, 70).single(), Some(70));
        assert_eq!(ShardSet::empty(100).single(), None);
        assert_eq!(ShardSet::all(2).single(), None);
    }

    proptest! {
        #[test]
        fn behaves_as_a_set_of_numbers(a in proptest::collection::btree_set(0usize..200, 0..30), b in proptest::collection::btree_set(0usize..200, 0..30)) {
            let build = |from: &BTreeSet<usize>| {
                let mut set = ShardSet::empty(200);
                from.iter().for_each(|i| set.insert(*i));
                set
            };
            let (mut both, mut either) = (build(&a), build(&a));
            both.intersect(&build(&b));
            either.union(&build(&b));
            prop_assert_eq!(both.iter().collect::<BTreeSet<_>>(), &a & &b);
            prop_assert_eq!(either.iter().collect::<BTreeSet<_>>(), &a | &b);
        }
    }
}

//! A map by name whose copies share what they have in common: changing one entry copies one chunk, however many entries there are.
//!
//! The catalog is published as an immutable snapshot after each change, and a lease of a sequence's range changes one number. With a plain map,
//! that number would cost a copy of all names of its database.
//!
//! **Invariant:** no chunk is empty, names rise within a chunk and from one chunk to the next. How the entries are cut into chunks says nothing:
//! equal maps may be cut in different ways, and encode to equal bytes.

use std::fmt;
use std::ops::Index;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// A chunk that has more is cut in two.
const CHUNK_MAX: usize = 64;
/// A chunk that has fewer goes into its neighbour where there is room.
const CHUNK_MIN: usize = 16;

type Chunk<V> = Vec<(Arc<str>, V)>;

/// Entries in the order of their names' bytes.
#[derive(Clone)]
pub struct NameMap<V> {
    chunks: Arc<Vec<Arc<Chunk<V>>>>,
}

impl<V> NameMap<V> {
    pub fn new() -> Self {
        Self { chunks: Arc::new(Vec::new()) }
    }

    pub fn len(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.len()).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    pub fn get(&self, name: &str) -> Option<&V> {
        let chunk = self.chunks.get(self.chunk_of(name)?)?;
        let at = position(chunk, name).ok()?;
        chunk.get(at).map(|(_, value)| value)
    }

    pub fn contains_key(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &V)> {
        self.chunks.iter().flat_map(|chunk| chunk.iter().map(|(name, value)| (&**name, value)))
    }

    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.iter().map(|(name, _)| name)
    }

    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }

    /// The chunk that has the name, or would have it; `None` in an empty map.
    fn chunk_of(&self, name: &str) -> Option<usize> {
        let starts_by = |chunk: &Arc<Chunk<V>>| chunk.first().is_some_and(|(first, _)| **first <= *name);
        let behind = self.chunks.partition_point(starts_by);
        (!self.chunks.is_empty()).then(|| behind.saturating_sub(1))
    }
}

fn position<V>(chunk: &Chunk<V>, name: &str) -> Result<usize, usize> {
    chunk.binary_search_by(|(known, _)| (**known).cmp(name))
}

impl<V: Clone> NameMap<V> {
    /// The value for changing: its chunk is copied first when another map shares it.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut V> {
        let number = self.chunk_of(name)?;
        let at = position(self.chunks.get(number)?, name).ok()?;
        let chunk = Arc::make_mut(Arc::make_mut(&mut self.chunks).get_mut(number)?);
        chunk.get_mut(at).map(|(_, value)| value)
    }

    /// All values for changing: copies every chunk that another map shares.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        let chunks = Arc::make_mut(&mut self.chunks).iter_mut();
        chunks.flat_map(|chunk| Arc::make_mut(chunk).iter_mut().map(|(_, value)| value))
    }

    /// The value that the name had before.
    pub fn insert(&mut self, name: impl Into<Arc<str>>, value: V) -> Option<V> {
        let name = name.into();
        let number = self.chunk_of(&name);
        let chunks = Arc::make_mut(&mut self.chunks);
        let Some((number, chunk)) = number.and_then(|number| Some((number, chunks.get_mut(number)?))) else {
            chunks.push(Arc::new(vec![(name, value)]));
            return None;
        };
        let chunk = Arc::make_mut(chunk);
        match position(chunk, &name) {
            Ok(at) => chunk.get_mut(at).map(|(_, known)| std::mem::replace(known, value)),
            Err(at) => {
                chunk.insert(at, (name, value));
                if chunk.len() > CHUNK_MAX {
                    let behind = chunk.split_off(chunk.len() / 2);
                    chunks.insert(number + 1, Arc::new(behind));
                }
                None
            }
        }
    }

    pub fn remove(&mut self, name: &str) -> Option<V> {
        let number = self.chunk_of(name)?;
        let at = position(self.chunks.get(number)?, name).ok()?;
        let chunks = Arc::make_mut(&mut self.chunks);
        let chunk = Arc::make_mut(chunks.get_mut(number)?);
        let (_, value) = chunk.remove(at);
        let left = chunk.len();
        if left == 0 {
            chunks.remove(number);
        } else if left < CHUNK_MIN
            && number > 0
            && chunks.get(number - 1).is_some_and(|before| before.len() + left <= CHUNK_MAX)
        {
            let small = chunks.remove(number);
            if let Some(before) = chunks.get_mut(number - 1) {
                Arc::make_mut(before).extend(small.iter().cloned());
            }
        }
        Some(value)
    }
}

impl<V> Default for NameMap<V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<V: fmt::Debug> fmt::Debug for NameMap<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<V: PartialEq> PartialEq for NameMap<V> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.chunks, &other.chunks) || self.iter().eq(other.iter())
    }
}

impl<V: Eq> Eq for NameMap<V> {}

impl<V> Index<&str> for NameMap<V> {
    type Output = V;

    /// # Panics
    /// When the name is not there.
    fn index(&self, name: &str) -> &V {
        self.get(name).unwrap_or_else(|| panic!("no entry '{name}'"))
    }
}

impl<N: Into<Arc<str>>, V: Clone> FromIterator<(N, V)> for NameMap<V> {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(entries: I) -> Self {
        let mut map = Self::new();
        for (name, value) in entries {
            map.insert(name, value);
        }
        map
    }
}

/// As any map.
impl<V: Serialize> Serialize for NameMap<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for (name, value) in self.iter() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'de, V: Deserialize<'de> + Clone> Deserialize<'de> for NameMap<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<V>(std::marker::PhantomData<V>);

        impl<'de, V: Deserialize<'de> + Clone> Visitor<'de> for Entries<V> {
            type Value = NameMap<V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map by name")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
                let mut map = NameMap::new();
                while let Some((name, value)) = entries.next_entry::<String, V>()? {
                    map.insert(name, value);
                }
                Ok(map)
            }
        }

        deserializer.deserialize_map(Entries(std::marker::PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Numbers that repeat from run to run.
    fn numbers(seed: u64) -> impl FnMut(u64) -> u64 {
        let mut state = seed;
        move |below| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        }
    }

    fn check(map: &NameMap<u64>, model: &BTreeMap<String, u64>) {
        assert!(map.iter().eq(model.iter().map(|(name, value)| (name.as_str(), value))));
        assert_eq!((map.len(), map.is_empty()), (model.len(), model.is_empty()));
        assert!(map.chunks.iter().all(|chunk| !chunk.is_empty() && chunk.len() <= CHUNK_MAX));
        // So few chunks that a copy of their list costs little.
        assert!(map.chunks.len() <= model.len() * 2 / CHUNK_MIN + 2, "{} of {}", map.chunks.len(), map.len());
    }

    #[test]
    fn it_does_what_a_plain_map_does() {
        for seed in 0..20 {
            let mut random = numbers(seed);
            let (mut map, mut model) = (NameMap::new(), BTreeMap::new());
            for round in 0..4000u64 {
                let name = format!("t{}", random(700));
                // It grows, shrinks, and grows again.
                let grows = round % 2000 < 1000;
                match random(10) {
                    0..=6 if grows => assert_eq!(map.insert(name.as_str(), round), model.insert(name, round)),
                    0..=6 => assert_eq!(map.remove(&name), model.remove(&name)),
                    7 => {
                        let (one, other) = (map.get_mut(&name), model.get_mut(&name));
                        assert_eq!(one, other);
                        if let (Some(one), Some(other)) = (one, other) {
                            (*one, *other) = (round, round);
                        }
                    }
                    8 => assert_eq!(map.contains_key(&name), model.contains_key(&name)),
                    _ => assert_eq!(map.get(&name), model.get(&name)),
                }
            }
            check(&map, &model);
            map.values_mut().for_each(|value| *value += 1);
            model.values_mut().for_each(|value| *value += 1);
            check(&map, &model);
            let rebuilt: NameMap<u64> =
                model.iter().rev().map(|(name, value)| (name.as_str(), *value)).collect();
            assert_eq!(rebuilt, map, "cut in other ways, and equal");
            let bytes = rmp_serde::to_vec_named(&map).unwrap();
            assert_eq!(bytes, rmp_serde::to_vec_named(&model).unwrap(), "as a plain map has them");
            assert_eq!(rmp_serde::from_slice::<NameMap<u64>>(&bytes).unwrap(), map);
            for name in model.keys() {
                assert!(map.remove(name).is_some());
            }
            check(&map, &BTreeMap::new());
        }
    }

    #[test]
    fn a_copy_keeps_what_it_was_and_shares_what_has_not_changed() {
        let names: Vec<String> = (0..1000).map(|number| format!("t{number}")).collect();
        let old: NameMap<u64> = names.iter().map(|name| (name.as_str(), 1)).collect();
        let mut new = old.clone();
        *new.get_mut("t500").unwrap() = 2;
        assert_eq!((old["t500"], new["t500"]), (1, 2));
        let other = old.chunks.iter().zip(&*new.chunks).filter(|(one, other)| !Arc::ptr_eq(one, other));
        assert_eq!(other.count(), 1);
        assert_ne!(old, new);
    }
}

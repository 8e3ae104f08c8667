//! Columns that are equal in every row that counts: classes of (table reference, column ordinal).

/// A column of a table reference.
pub(crate) type ColumnId = (usize, usize);

#[derive(Clone, Debug, Default)]
pub(crate) struct Classes {
    groups: Vec<Vec<ColumnId>>,
}

impl Classes {
    /// Learns that `a = b`.
    pub fn equate(&mut self, a: ColumnId, b: ColumnId) {
        let place = |groups: &[Vec<ColumnId>], id| {
            groups.iter().position(|group: &Vec<ColumnId>| group.contains(&id))
        };
        match (place(&self.groups, a), place(&self.groups, b)) {
            (Some(left), Some(right)) if left == right => {}
            (Some(left), Some(right)) => {
                let moved = self.groups.swap_remove(left.max(right));
                self.groups[left.min(right)].extend(moved);
            }
            (Some(left), None) => self.groups[left].push(b),
            (None, Some(right)) => self.groups[right].push(a),
            (None, None) => self.groups.push(vec![a, b]),
        }
    }

    /// Learns all that `other` knows.
    pub fn add(&mut self, other: &Self) {
        for group in &other.groups {
            for pair in group.windows(2) {
                self.equate(pair[0], pair[1]);
            }
        }
    }

    pub fn with(&self, other: &Self) -> Self {
        let mut both = self.clone();
        both.add(other);
        both
    }

    pub fn same(&self, a: ColumnId, b: ColumnId) -> bool {
        a == b || self.groups.iter().any(|group| group.contains(&a) && group.contains(&b))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equality_is_transitive() {
        let mut classes = Classes::default();
        classes.equate((0, 1), (1, 1));
        classes.equate((2, 0), (3, 0));
        assert!(!classes.same((0, 1), (3, 0)));
        classes.equate((3, 0), (1, 1));
        assert!(classes.same((0, 1), (2, 0)));
        assert!(!classes.same((0, 1), (0, 0)));
    }
}

//! What SHOW WARNINGS lists, and how many warnings there were: a server counts those that it has no place for.

/// One line of SHOW WARNINGS.
#[derive(Clone, Debug, PartialEq)]
pub struct Warning {
    /// `Note`, `Warning` or `Error`.
    pub level: String,
    pub code: u16,
    pub message: String,
}

/// Those of the last statement.
#[derive(Clone, Debug, Default)]
pub struct Warnings {
    listed: Vec<Warning>,
    /// Counted, and not listed.
    beyond: u64,
    /// The statement was prepared: what a server says of its text as it reads it (1287) was told then, though parts of it are sent as text now.
    prepared: bool,
    /// Not counted: what shards have warned of, of rows that a LIMIT or a condition may have left out.
    pub unplaced: u64,
}

/// "... is deprecated": a server says so as it reads a statement.
pub const DEPRECATED: u16 = 1287;

impl Warnings {
    pub fn of(warning: Warning) -> Self {
        Self { listed: vec![warning], ..Self::default() }
    }

    /// None yet, of a statement that was prepared.
    pub fn prepared() -> Self {
        Self { prepared: true, ..Self::default() }
    }

    pub fn is_prepared(&self) -> bool {
        self.prepared
    }

    pub fn push(&mut self, warning: Warning) {
        self.listed.push(warning);
    }

    /// Adds `count` warnings, of which these are known, and lists them while there are fewer than `limit`.
    pub fn add(&mut self, mut warnings: Vec<Warning>, count: u64, limit: usize) {
        let mut count = count.max(warnings.len() as u64);
        if self.prepared {
            let all = warnings.len();
            warnings.retain(|warning| warning.code != DEPRECATED);
            count -= (all - warnings.len()) as u64;
        }
        let place = limit.saturating_sub(self.listed.len()).min(warnings.len());
        self.listed.extend(warnings.into_iter().take(place));
        self.beyond += count - place as u64;
    }

    pub fn clear(&mut self) {
        *self = Self::default();
    }

    pub fn iter(&self) -> std::slice::Iter<'_, Warning> {
        self.listed.iter()
    }

    /// How many there were.
    pub fn count(&self) -> u64 {
        self.listed.len() as u64 + self.beyond
    }

    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// Takes those away that `keep` does not want.
    pub fn retain(&mut self, keep: impl FnMut(&Warning) -> bool) {
        self.listed.retain(keep);
    }
}

impl Extend<Warning> for Warnings {
    fn extend<I: IntoIterator<Item = Warning>>(&mut self, warnings: I) {
        self.listed.extend(warnings);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_place_is_counted() {
        let warning = |code| Warning { level: "Note".into(), code, message: String::new() };
        let mut warnings = Warnings::of(warning(1));
        warnings.add(vec![warning(2), warning(3)], 5, 2);
        assert_eq!(warnings.iter().map(|w| w.code).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(warnings.count(), 6);
        warnings.add(vec![warning(4)], 0, 2);
        assert_eq!((warnings.iter().count(), warnings.count()), (2, 7));
        warnings.clear();
        assert!(warnings.is_empty());
    }

    #[test]
    fn what_was_told_at_prepare_is_not_told_again() {
        let warning = |code| Warning { level: "Warning".into(), code, message: String::new() };
        let mut warnings = Warnings::prepared();
        warnings.add(vec![warning(DEPRECATED), warning(1264)], 3, 64);
        assert_eq!(warnings.iter().map(|w| w.code).collect::<Vec<_>>(), [1264]);
        assert_eq!(warnings.count(), 2);
    }
}

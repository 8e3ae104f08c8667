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
}

impl Warnings {
    pub fn of(warning: Warning) -> Self {
        Self { listed: vec![warning], beyond: 0 }
    }

    pub fn push(&mut self, warning: Warning) {
        self.listed.push(warning);
    }

    /// Adds `count` warnings, of which these are known, and lists them while there are fewer than `limit`.
    pub fn add(&mut self, warnings: Vec<Warning>, count: u64, limit: usize) {
        let count = count.max(warnings.len() as u64);
        let place = limit.saturating_sub(self.listed.len()).min(warnings.len());
        self.listed.extend(warnings.into_iter().take(place));
        self.beyond += count - place as u64;
    }

    pub fn clear(&mut self) {
        self.listed.clear();
        self.beyond = 0;
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
}

//! What a check has found, and what would mend it.

/// A difference, or something worth knowing.
#[derive(Clone, Debug)]
pub struct Finding {
    pub level: Level,
    pub text: String,
    /// In the order in which they are to be carried out.
    pub repairs: Vec<Repair>,
    /// The repairs of the finding before mend it too.
    pub covered: bool,
}

/// MSG_TYPE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Error,
    Note,
}

impl Level {
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Note => "note",
        }
    }
}

/// One step of a repair plan.
#[derive(Clone, Debug)]
pub struct Repair {
    /// The group on whose instance the statement is to run; `None`: on a node.
    pub group: Option<String>,
    /// `None`: nothing safe can be proposed.
    pub statement: Option<String>,
    pub reason: String,
}

impl Repair {
    pub fn on(group: &str, statement: String, reason: impl Into<String>) -> Self {
        Self { group: Some(group.to_owned()), statement: Some(statement), reason: reason.into() }
    }

    pub fn on_node(statement: String, reason: impl Into<String>) -> Self {
        Self { group: None, statement: Some(statement), reason: reason.into() }
    }

    pub fn nothing_safe(group: Option<&str>, reason: impl Into<String>) -> Self {
        Self { group: group.map(str::to_owned), statement: None, reason: reason.into() }
    }
}

impl Finding {
    pub fn error(text: impl Into<String>, repairs: Vec<Repair>) -> Self {
        Self { level: Level::Error, text: text.into(), repairs, covered: false }
    }

    /// One error for each text; the repairs stand with the first and mend all.
    pub fn errors(texts: impl IntoIterator<Item = String>, repairs: Vec<Repair>) -> Vec<Self> {
        let mut findings: Vec<Self> = texts.into_iter().map(|text| Self::error(text, Vec::new())).collect();
        for finding in findings.iter_mut().skip(1) {
            finding.covered = true;
        }
        if let Some(first) = findings.first_mut() {
            first.repairs = repairs;
        }
        findings
    }

    pub fn note(text: impl Into<String>) -> Self {
        Self { level: Level::Note, text: text.into(), repairs: Vec::new(), covered: false }
    }
}

//! What can be measured: each of the workloads, and what needs more than one.

use crate::growth::Series;
use crate::workload::{self, Workload};

/// One section of the results.
#[derive(Clone, Debug)]
pub enum Part {
    Workload(Workload),
    Merge,
    Memory,
    Growth(Series),
}

impl Part {
    /// What `--only` looks for.
    pub fn name(&self) -> &str {
        match self {
            Self::Workload(workload) => &workload.name,
            Self::Merge => "merge",
            Self::Memory => "memory",
            Self::Growth(series) => series.name(),
        }
    }

    /// What it is, in words.
    pub fn about(&self) -> &'static str {
        match self {
            Self::Workload(workload) => workload.about,
            Self::Merge => "a million rows in order, merged from four groups",
            Self::Memory => "memory of idle and active clients, and what a proxy does with idle ones",
            Self::Growth(series) => series.about(),
        }
    }

    /// Part of the short form.
    pub fn is_short(&self) -> bool {
        match self {
            Self::Workload(workload) => workload.is_short,
            Self::Merge | Self::Memory | Self::Growth(_) => false,
        }
    }
}

/// All of them, in the order in which they run.
pub fn all() -> Vec<Part> {
    let mut all: Vec<Part> = workload::all().into_iter().map(Part::Workload).collect();
    all.extend([Part::Merge, Part::Memory]);
    all.extend(Series::ALL.map(Part::Growth));
    all
}

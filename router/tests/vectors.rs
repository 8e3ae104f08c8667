//! Golden vectors: Ostrakon places rows and names tables as the open descendant of DRDS does (`data/README.md`).

#[path = "vectors/fixture.rs"]
mod fixture;
#[path = "vectors/folds.rs"]
mod folds;
#[path = "vectors/naming.rs"]
mod naming;
#[path = "vectors/placement.rs"]
mod placement;

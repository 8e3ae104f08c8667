//! Steps of the hot path, one at a time: for counts of instructions, which a test compares, and for Criterion.

pub mod steps;

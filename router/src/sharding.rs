//! Sharding functions, names and topology of physical tables, and pruning arithmetic.

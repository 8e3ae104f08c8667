//! Every row of `naming.csv`.

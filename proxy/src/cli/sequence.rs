//! `ostrakon sequence`: sequences of a database.

use clap::{Args, Subcommand, ValueEnum};

use super::connection::{Remote, name};
use super::output::Failure;

#[derive(Debug, Subcommand)]
pub enum SequenceCommand {
    /// Sequences of a database.
    List { database: String },
    /// Make a sequence.
    Create {
        database: String,
        sequence: String,
        /// GROUP: ranges for each node; SIMPLE: one order, no gaps while nothing fails; TIME: by the clock.
        #[arg(long = "type", default_value = "group")]
        kind: Kind,
        #[command(flatten)]
        numbers: Numbers,
    },
    /// Change a sequence.
    Alter {
        database: String,
        sequence: String,
        #[command(flatten)]
        numbers: Numbers,
    },
    /// Drop a sequence.
    Drop { database: String, sequence: String },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    Group,
    Simple,
    Time,
}

#[derive(Debug, Args)]
pub struct Numbers {
    /// The next value.
    #[arg(long)]
    start_with: Option<u64>,
    /// From one value to the next (SIMPLE).
    #[arg(long)]
    increment_by: Option<u64>,
    /// Largest value (SIMPLE).
    #[arg(long)]
    maxvalue: Option<u64>,
    /// Begin anew after the largest value (SIMPLE): true or false.
    #[arg(long)]
    cycle: Option<bool>,
}

impl Numbers {
    fn clauses(&self) -> String {
        let number =
            |words: &str, value: Option<u64>| value.map(|n| format!(" {words} {n}")).unwrap_or_default();
        let cycle = match self.cycle {
            None => "",
            Some(true) => " CYCLE",
            Some(false) => " NOCYCLE",
        };
        [
            number("START WITH", self.start_with),
            number("INCREMENT BY", self.increment_by),
            number("MAXVALUE", self.maxvalue),
            cycle.to_owned(),
        ]
        .concat()
    }
}

impl SequenceCommand {
    pub fn run(&self, remote: &mut Remote) -> Result<(), Failure> {
        let database = match self {
            Self::List { database }
            | Self::Create { database, .. }
            | Self::Alter { database, .. }
            | Self::Drop { database, .. } => database,
        };
        remote.query(&format!("USE {}", name(database)))?;
        match self {
            Self::List { .. } => remote.show("SHOW SEQUENCES"),
            Self::Create { sequence, kind, numbers, .. } => {
                let kind = match kind {
                    Kind::Group => "GROUP ",
                    Kind::Simple => "SIMPLE ",
                    Kind::Time => "TIME ",
                };
                remote.change(
                    &format!("CREATE {kind}SEQUENCE {}{}", name(sequence), numbers.clauses()),
                    &format!("Sequence {database}.{sequence} was created."),
                )
            }
            Self::Alter { sequence, numbers, .. } => {
                let clauses = numbers.clauses();
                if clauses.is_empty() {
                    return Err(Failure::Usage("there is nothing to change: see --help".to_owned()));
                }
                remote.change(
                    &format!("ALTER SEQUENCE {}{clauses}", name(sequence)),
                    &format!("Sequence {database}.{sequence} was changed."),
                )
            }
            Self::Drop { sequence, .. } => remote.change(
                &format!("DROP SEQUENCE {}", name(sequence)),
                &format!("Sequence {database}.{sequence} was dropped."),
            ),
        }
    }
}

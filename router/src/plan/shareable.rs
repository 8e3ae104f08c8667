//! Queries that may go over a connection which other sessions' statements use at the same time, and may be run a second time: they read tables, and do
//! nothing else.

use std::sync::atomic::{AtomicU16, Ordering};

use super::tokens::Tokens;
use super::{NamedLocks, RoutedPlan, StatementClass};
use crate::lexer::TokenKind;

/// Words that an open parenthesis may follow: those of the grammar, and functions of their arguments alone. Any other could be a stored function, which
/// may write, or one that waits. But for DATE none takes part in what `moment` looks for.
pub(super) const BEFORE_PARENTHESIS: [&str; 45] = [
    "ABS",
    "ALL",
    "AND",
    "AS",
    "AVG",
    "BETWEEN",
    "BY",
    "CASE",
    "CHAR_LENGTH",
    "COALESCE",
    "CONCAT",
    "COUNT",
    "DATE",
    "DISTINCT",
    "ELSE",
    "EXISTS",
    "FLOOR",
    "FROM",
    "HAVING",
    "IF",
    "IFNULL",
    "IN",
    "INDEX",
    "JOIN",
    "KEY",
    "LEFT",
    "LENGTH",
    "LIKE",
    "LOWER",
    "MAX",
    "MIN",
    "MOD",
    "NOT",
    "NULLIF",
    "ON",
    "OR",
    "ROUND",
    "SELECT",
    "SUBSTRING",
    "SUM",
    "THEN",
    "UPPER",
    "USING",
    "WHEN",
    "WHERE",
];

/// Words that stand in no such query: locking reads, files and variables, other moments than the statement's own, and what the next statement could ask about.
const ELSEWHERE: [&str; 9] =
    ["FOR", "INTO", "LOCK", "PROCEDURE", "SQL_CALC_FOUND_ROWS", "SYSTEM_TIME", "NEXTVAL", "LASTVAL", "SKIP"];

/// So many runs must have been quick, at first, without a stalled one between them.
const PROOF: u16 = 8;
/// What that grows to, twice as many each time that the strain was too much.
const LONGEST_PROOF: u16 = 1024;
/// After so many more quick runs than are needed half as many are needed again: it was the machine that was slow, and not the statement. What strains takes
/// off these, too, so none is forgiven that strains too often.
const FORGIVEN: u16 = 1024;

/// What a strained run adds to the strain, of which a quick one takes one off, and takes off the proof: so one in nine may be strained ...
const STRAIN: u16 = 8;
/// ... one in five unclear ...
const UNCLEAR: u16 = 4;
/// ... and one in 49 stalled ...
const STALL: u16 = 48;
/// ... before this much is too much. As much as ten runs that stall at the same moment, and no quick one between them (five, where none has its answer in
/// time and each stalls once more by itself): where a server's machine takes its processors away for a moment, the statements over all its connections stall,
/// and those that do not share any longer only make the crowd larger. Where it is the statement, this is what is shared of it too long
/// (`what_is_slow_for_some_literals_is_shared_no_more_before_long`).
const OVERSTRAINED: u16 = 512;

/// How a run went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Run {
    Quick,
    /// Not quick, most likely since its server waited for a processor.
    Unclear,
    /// Not quick, which may be its machine's doing.
    Strained,
    /// Not quick at all, which may be that too.
    Stalled,
    Slow,
}

impl From<bool> for Run {
    /// Of a run that was quick or slow.
    fn from(quick: bool) -> Self {
        if quick { Self::Quick } else { Self::Slow }
    }
}

/// How quick the last runs of a template were, on one worker. Atomic only because plans can be sent between threads; one thread uses each.
#[derive(Debug)]
pub struct Quickness {
    runs: AtomicU16,
    needed: AtomicU16,
    strain: AtomicU16,
}

impl Default for Quickness {
    fn default() -> Self {
        Self { runs: AtomicU16::new(0), needed: AtomicU16::new(PROOF), strain: AtomicU16::new(0) }
    }
}

impl Quickness {
    /// Of a template that is taken for quick until it is not.
    pub fn presumed() -> Self {
        Self { runs: AtomicU16::new(PROOF), ..Self::default() }
    }

    pub fn note(&self, run: impl Into<Run>) {
        let run = run.into();
        let added = match run {
            Run::Quick => 0,
            Run::Unclear => UNCLEAR,
            Run::Strained => STRAIN,
            Run::Stalled => STALL,
            Run::Slow => OVERSTRAINED,
        };
        let strain = self.strain.load(Ordering::Relaxed);
        let strain = if added == 0 { strain.saturating_sub(1) } else { strain + added };
        let is_slow = strain >= OVERSTRAINED;
        if is_slow {
            self.note_slow();
        } else if added == 0 {
            self.note_quick();
        } else {
            let left = match run {
                _ if self.is_proven() => self.runs().saturating_sub(added).max(self.needed()),
                Run::Stalled => 0,
                _ => self.runs().saturating_sub(added),
            };
            self.runs.store(left, Ordering::Relaxed);
        }
        self.strain.store(if is_slow { 0 } else { strain }, Ordering::Relaxed);
    }

    fn note_quick(&self) {
        let (runs, needed) = (self.runs().saturating_add(1), self.needed());
        let forgives = runs >= needed.saturating_add(FORGIVEN);
        let needed = if forgives { (needed / 2).max(PROOF) } else { needed };
        self.needed.store(needed, Ordering::Relaxed);
        self.runs.store(if forgives { needed } else { runs }, Ordering::Relaxed);
    }

    fn note_slow(&self) {
        if self.is_proven() {
            // It was taken for quick and was not: whether it is depends on its literals.
            self.needed.store(self.needed().saturating_mul(2).min(LONGEST_PROOF), Ordering::Relaxed);
        }
        self.runs.store(0, Ordering::Relaxed);
    }

    /// It is known to be quick.
    pub fn is_proven(&self) -> bool {
        self.runs() >= self.needed()
    }

    fn runs(&self) -> u16 {
        self.runs.load(Ordering::Relaxed)
    }

    fn needed(&self) -> u16 {
        self.needed.load(Ordering::Relaxed)
    }
}

impl RoutedPlan {
    /// Whether it may share a connection, from its words. Called when all else of the plan is known.
    pub(super) fn may_be_shared(&self, tokens: &Tokens<'_>) -> bool {
        let word_allows = |at: usize| {
            tokens.kind(at) != TokenKind::Word
                || !tokens.is_any_word(at, &ELSEWHERE)
                    && (!tokens.is_op(at + 1, "(")
                        || tokens.is_any_word(at, &BEFORE_PARENTHESIS)
                            && !(at > 0 && tokens.is_op(at - 1, ".")))
        };
        let kind_allows = |at: usize| match tokens.kind(at) {
            // Before a parenthesis it is a function's.
            TokenKind::QuotedIdent => !tokens.is_op(at + 1, "("),
            TokenKind::UserVariable | TokenKind::SystemVariable => false,
            _ => true,
        };
        self.class == StatementClass::Read
            && self.cacheable
            && self.locks == NamedLocks::None
            && self.nextvals.is_empty()
            && self.assigned.is_empty()
            && self.user_variables.is_empty()
            && !self.calc_found_rows
            && !self.tables.is_empty()
            && (0..tokens.len()).all(|at| word_allows(at) && kind_allows(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs_until_proven(quickness: &Quickness) -> u16 {
        for run in 0..=LONGEST_PROOF {
            if quickness.is_proven() {
                return run;
            }
            quickness.note(true);
        }
        panic!("never proven");
    }

    #[test]
    fn a_template_is_proven_by_runs_in_a_row_and_by_more_when_it_was_slow_all_the_same() {
        let quickness = Quickness::default();
        quickness.note(true);
        quickness.note(false);
        assert_eq!(runs_until_proven(&quickness), PROOF);
        for proof in [PROOF * 2, PROOF * 4, PROOF * 8] {
            quickness.note(false);
            assert_eq!(runs_until_proven(&quickness), proof);
        }
        for _ in 0..20 {
            quickness.note(false);
            runs_until_proven(&quickness);
        }
        assert_eq!(quickness.needed(), LONGEST_PROOF);
        let presumed = Quickness::presumed();
        assert!(presumed.is_proven());
        presumed.note(false);
        assert_eq!(runs_until_proven(&presumed), PROOF * 2);
        let mut runs = 0;
        while quickness.needed() > PROOF {
            assert!(quickness.is_proven());
            quickness.note(true);
            runs += 1;
        }
        // Seven times half as many.
        assert_eq!(runs, 7 * u32::from(FORGIVEN));
    }

    #[test]
    fn a_template_is_no_longer_proven_when_more_than_one_run_in_nine_is_strained() {
        let quickness = Quickness::presumed();
        for run in 0..900 {
            quickness.note(if run % 9 == 0 { Run::Strained } else { Run::Quick });
            assert!(quickness.is_proven(), "after {run} runs");
        }
        let runs = (0..1000).take_while(|run| {
            quickness.note(if run % 4 == 0 { Run::Strained } else { Run::Quick });
            quickness.is_proven()
        });
        // In four runs three are taken off, and eight added.
        let expected = usize::from(OVERSTRAINED / 5 * 4);
        assert!((expected - 40..=expected).contains(&runs.count()));
        // Nor is it proven anew, by however many runs.
        let quickness = Quickness::default();
        for run in 0..900 {
            quickness.note(if run % 2 == 0 { Run::Strained } else { Run::Quick });
            assert!(!quickness.is_proven(), "after {run} runs");
        }
        for (run, runs) in [
            (Run::Unclear, OVERSTRAINED.div_ceil(UNCLEAR)),
            (Run::Strained, OVERSTRAINED.div_ceil(STRAIN)),
            (Run::Stalled, OVERSTRAINED.div_ceil(STALL)),
            (Run::Slow, 1),
        ] {
            let quickness = Quickness::presumed();
            let proven = (0..1000).take_while(|_| {
                quickness.note(run);
                quickness.is_proven()
            });
            assert_eq!(proven.count() + 1, usize::from(runs), "{run:?}");
        }
    }

    /// How many of these runs were shared, and how many of those were not quick.
    fn shared(runs: u32, slow_in: u32, slow: Run) -> (u32, u32) {
        let quickness = Quickness::default();
        let mut random = 1u64;
        let (mut shared, mut held_up) = (0, 0);
        for _ in 0..runs {
            // Knuth's MMIX generator.
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let is_slow = (random >> 33).is_multiple_of(u64::from(slow_in));
            if quickness.is_proven() {
                shared += 1;
                held_up += u32::from(is_slow);
            }
            quickness.note(if is_slow { slow } else { Run::Quick });
        }
        (shared, held_up)
    }

    #[test]
    fn what_is_slow_for_some_literals_is_shared_no_more_before_long() {
        const RUNS: u32 = 400_000;
        // One in so many is so slow; of these no more are shared, ever.
        let cases = [
            (12, Run::Stalled, 100),
            (20, Run::Stalled, 150),
            (30, Run::Stalled, 250),
            (40, Run::Stalled, 400),
            (6, Run::Strained, 1_000),
            (7, Run::Strained, 1_500),
            (3, Run::Unclear, 1_000),
            (4, Run::Unclear, 3_000),
            (50, Run::Slow, 20),
        ];
        for (slow_in, slow, most) in cases {
            let (shared, held_up) = shared(RUNS, slow_in, slow);
            assert!(held_up <= most, "one in {slow_in} {slow:?}: {held_up} of {shared} that were shared");
        }
        // And as good as always where it is seldom.
        for (slow_in, slow) in [(100, Run::Stalled), (12, Run::Strained), (7, Run::Unclear)] {
            let (shared, _) = shared(RUNS, slow_in, slow);
            assert!(shared > RUNS / 10 * 9, "one in {slow_in} {slow:?}: {shared} were shared");
        }
    }
}

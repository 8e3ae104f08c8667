//! Makes a scenario that differs as small as it can, and the tables' rows as few.

use super::world::{Scenario, Verdict, World};

/// How many smaller scenarios are tried for one difference.
const TRIES: usize = 400;

/// What is left of a difference.
pub struct Small {
    pub scenario: Scenario,
    pub text: String,
}

/// One search for a smaller case.
struct Search<'w> {
    world: &'w mut World,
    kind: String,
    tries: usize,
}

impl Search<'_> {
    /// The difference of the scenario, if it still has one of the same kind that does not depend on the order of rows.
    async fn differs(&mut self, scenario: &Scenario) -> Option<String> {
        self.tries += 1;
        match self.world.play(scenario).await {
            Verdict::Different { kind, text } if kind == self.kind => {
                self.world.is_stable(scenario).await.then_some(text)
            }
            _ => None,
        }
    }

    /// Takes steps on the statements until none of them leaves a difference.
    async fn statements(&mut self, small: &mut Small) {
        'next: while self.tries < TRIES {
            let all = &small.scenario.statements;
            let mut candidates: Vec<Scenario> = Vec::new();
            for at in (0..all.len()).filter(|_| all.len() > 1) {
                let mut made = small.scenario.clone();
                made.statements.remove(at);
                candidates.push(made);
            }
            if small.scenario.prepared {
                candidates.push(Scenario { prepared: false, ..small.scenario.clone() });
            }
            if small.scenario.transaction {
                candidates.push(Scenario { transaction: false, ..small.scenario.clone() });
            }
            for (at, tree) in all.iter().enumerate() {
                for less in tree.smaller() {
                    let mut made = small.scenario.clone();
                    made.statements[at] = less;
                    candidates.push(made);
                }
            }
            for candidate in candidates {
                if self.tries >= TRIES {
                    return;
                }
                if let Some(text) = self.differs(&candidate).await {
                    *small = Small { scenario: candidate, text };
                    continue 'next;
                }
            }
            return;
        }
    }

    /// Leaves rows out: all, halves, quarters, and so on down to single ones.
    async fn rows(&mut self, small: &mut Small) {
        for at in self.world.named(&small.scenario) {
            let mut size = self.world.tables[at].rows.len();
            while size > 0 && self.tries < 2 * TRIES {
                let mut start = 0;
                while start < self.world.tables[at].rows.len() {
                    let before = self.world.tables[at].rows.clone();
                    let mut rows = before.clone();
                    rows.drain(start..(start + size).min(before.len()));
                    self.world.set_rows(at, rows).await;
                    match self.differs(&small.scenario).await {
                        Some(text) => small.text = text,
                        None => {
                            self.world.set_rows(at, before).await;
                            start += size;
                        }
                    }
                }
                size /= 2;
            }
        }
    }
}

/// What came of an attempt to shrink.
pub enum Shrunk {
    Small(Small),
    /// The answer depends on the order of rows.
    Unstable,
    /// It differed once, and not again.
    Once,
}

/// Shrinks a scenario that differed in this way. The tables keep the few rows that are left of them.
pub async fn shrink(world: &mut World, scenario: Scenario, kind: String) -> Shrunk {
    let mut search = Search { world, kind, tries: 0 };
    let Some(text) = search.differs(&scenario).await else {
        return if search.world.is_stable(&scenario).await { Shrunk::Once } else { Shrunk::Unstable };
    };
    let mut small = Small { scenario, text };
    search.statements(&mut small).await;
    search.tries = 0;
    search.rows(&mut small).await;
    search.tries = 0;
    search.statements(&mut small).await;
    Shrunk::Small(small)
}

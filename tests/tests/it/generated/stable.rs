//! Whether the plain server agrees with itself about a scenario: an answer that hangs on its plan is no measure.

use std::collections::BTreeMap;

use ostrakon_tests::cluster::run;
use ostrakon_tests::compare::{Outcome, Way, outcome};
use ostrakon_tests::statement;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use super::world::{Scenario, World, spelled};

/// How the plain server is asked again.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Variant {
    Same,
    /// With literals in the places of parameters.
    Text,
    /// Rows the other way round, in MyISAM tables without secondary keys; for queries without any.
    Reversed,
    /// Most of the optimizer off.
    Unoptimized,
    /// Semijoins by nothing but throwing duplicates out: MySQL loses that inside of an outer join (seen with 9.7).
    Weedout,
    /// No secondary keys; for queries no keys at all, as temporary tables have none.
    Bare,
    /// The same, with rows in another order.
    Shuffled(u64),
}

/// How many other orders are tried: MySQL answers a correlated EXCEPT wrongly over one in five (seen with 9.7).
const ORDERS: u64 = 6;

impl World {
    /// Whether the plain server agrees with itself: by text and prepared; when rows lie in another order, and no secondary index is used; and when
    /// its optimizer leaves out what it need not do.
    pub async fn is_stable(&mut self, scenario: &Scenario) -> bool {
        let mut answers = Vec::new();
        let plans = [
            Variant::Same,
            Variant::Text,
            Variant::Reversed,
            Variant::Unoptimized,
            Variant::Weedout,
            Variant::Bare,
        ];
        for variant in plans.into_iter().chain((0..ORDERS).map(Variant::Shuffled)) {
            answers.push(self.answers(scenario, variant).await);
        }
        answers.windows(2).all(|pair| pair[0] == pair[1])
    }

    /// What the plain server answers to a scenario on copies of the tables, and what it writes into them.
    async fn answers(&mut self, scenario: &Scenario, variant: Variant) -> BTreeMap<String, Outcome> {
        let prepared = scenario.prepared && variant != Variant::Text;
        let scenario = &Scenario { prepared, ..scenario.clone() };
        let database = format!("g{}_copy", self.seed);
        run(&mut self.plain, &format!("CREATE DATABASE {database}")).await;
        run(&mut self.plain, &format!("USE {database}")).await;
        let engine = if variant == Variant::Reversed { "MyISAM" } else { "InnoDB" };
        let writes = scenario.statements.iter().any(|tree| statement::is_write(&tree.text()));
        let mut tables = self.tables.clone();
        for table in &mut tables {
            if variant == Variant::Reversed {
                table.rows.reverse();
            }
            if let Variant::Shuffled(order) = variant {
                table.rows.shuffle(&mut StdRng::seed_from_u64(order));
            }
            match variant {
                Variant::Bare | Variant::Reversed | Variant::Shuffled(_) if !writes => table.keys.clear(),
                Variant::Bare | Variant::Reversed | Variant::Shuffled(_) => table.keys.truncate(1),
                Variant::Same | Variant::Text | Variant::Unoptimized | Variant::Weedout => {}
            }
            run(&mut self.plain, &format!("{} ENGINE = {engine}", table.create(false))).await;
            if let Some(insert) = table.insert(&table.rows) {
                run(&mut self.plain, &insert).await;
            }
        }
        if variant == Variant::Weedout {
            let switches = "materialization=off,firstmatch=off,loosescan=off";
            run(&mut self.plain, &format!("SET SESSION optimizer_switch = '{switches}'")).await;
        }
        if variant == Variant::Unoptimized {
            let switches = switches(self.servers.mysql);
            run(&mut self.plain, &format!("SET SESSION optimizer_switch = '{switches}'")).await;
            if !self.servers.mysql {
                run(&mut self.plain, "SET SESSION join_cache_level = 0").await;
            }
        }
        let mut answer = BTreeMap::new();
        for (number, tree) in scenario.statements.iter().enumerate() {
            let (sql, way) = spelled(scenario, tree);
            let made =
                scenario.likeness(&sql).comparable(&outcome(&mut self.plain, &sql, &way).await).labels_only();
            let failed = matches!(made, Outcome::Error { .. });
            answer.insert(format!("{number}"), made);
            for table in tables.iter().filter(|_| statement::is_write(&sql) && !failed) {
                let rows =
                    outcome(&mut self.plain, &format!("SELECT * FROM {}", table.name), &Way::Text).await;
                answer.insert(format!("{number} {}", table.name), rows.sorted().labels_only());
            }
        }
        run(&mut self.plain, "SET SESSION optimizer_switch = DEFAULT").await;
        if !self.servers.mysql {
            run(&mut self.plain, "SET SESSION join_cache_level = DEFAULT").await;
        }
        run(&mut self.plain, &format!("DROP DATABASE {database}")).await;
        run(&mut self.plain, &format!("USE g{}", self.seed)).await;
        answer
    }
}

/// What an optimizer can leave out and must answer the same: one server's words for it.
fn switches(mysql: bool) -> String {
    let common = ["semijoin", "firstmatch", "loosescan", "materialization", "derived_merge"];
    let own: &[&str] = match mysql {
        true => &[
            "duplicateweedout",
            "subquery_to_derived",
            "derived_condition_pushdown",
            "hash_set_operations",
            "block_nested_loop",
        ],
        false => &[
            "in_to_exists",
            "exists_to_in",
            "condition_pushdown_for_derived",
            "condition_pushdown_for_subquery",
            "condition_pushdown_from_having",
            "split_materialized",
            "outer_join_with_cache",
            "subquery_cache",
            "not_null_range_scan",
        ],
    };
    // One way to answer IN must be left.
    let off = common.iter().chain(own).filter(|name| **name != "materialization" || mysql);
    let off: Vec<String> = off.map(|name| format!("{name}=off")).collect();
    off.join(",")
}

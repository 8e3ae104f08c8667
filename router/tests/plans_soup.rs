//! No text makes the planner panic: statements made of random words, and real ones with words taken out, doubled and moved.

#[path = "catalog/shop.rs"]
mod catalog;

use ostrakon_router::lexer::{SqlMode, Template, scan};
use ostrakon_router::plan::{
    Arguments, Execution, GeneratedKeys, Plan, PlanCache, Request, SessionFacts, SessionFunction,
};
use proptest::prelude::*;

struct NoFacts;

impl SessionFacts for NoFacts {
    fn literal(&self, _: SessionFunction) -> String {
        "NULL".into()
    }
}

/// Plans and, if there is a plan, routes.
fn run(sql: &str, cache: &mut PlanCache, catalog: &ostrakon_catalog::Catalog) -> Option<Vec<String>> {
    let mut template = Template::default();
    let mode = SqlMode::default();
    scan(sql.as_bytes(), mode, &mut template).ok()?;
    let request =
        Request { text: sql.as_bytes(), template: &template, catalog, database: Some("shop"), mode };
    let plan = cache.get_or_plan(&request).ok()?;
    let Plan::Routed(routed) = plan.as_ref() else { return None };
    let mut arguments = Arguments {
        text: sql.as_bytes(),
        holes: &template.holes,
        params: None,
        generated: &[],
        keys: &[],
        nextvals: &[],
        spread: 3,
        preferred_group: Some(1),
        session: &NoFacts,
    };
    let generated = vec![9; routed.sequence_values(&arguments).ok()?];
    arguments.generated = &generated;
    let keys = routed.generated_keys().map(GeneratedKeys::examples).unwrap_or_default();
    arguments.keys = &keys;
    let mut execution = Execution::default();
    routed.route_into(&arguments, &mut execution).ok()?;
    Some(
        execution
            .statements
            .iter()
            .map(|s| String::from_utf8_lossy(execution.text(s)).into_owned())
            .collect(),
    )
}

/// The statements of the snapshots.
fn statements() -> Vec<&'static str> {
    let files = [
        include_str!("plans/conditions.txt"),
        include_str!("plans/joins.txt"),
        include_str!("plans/merge.txt"),
        include_str!("plans/writes.txt"),
        include_str!("plans/session.txt"),
    ];
    let is_statement = |line: &&str| {
        !line.is_empty() && !line.starts_with("  ") && !line.starts_with("--") && !line.starts_with('@')
    };
    files.iter().flat_map(|file| file.lines()).filter(is_statement).collect()
}

const WORDS: &[&str] = &[
    "SELECT",
    "FROM",
    "WHERE",
    "t",
    "u",
    "bc",
    "k",
    "a",
    "=",
    "5",
    "'x'",
    "(",
    ")",
    ",",
    ".",
    "AND",
    "OR",
    "NOT",
    "IN",
    "INSERT",
    "INTO",
    "VALUES",
    "UPDATE",
    "SET",
    "DELETE",
    "GROUP",
    "ORDER",
    "BY",
    "LIMIT",
    "COUNT",
    "*",
    "JOIN",
    "LEFT",
    "ON",
    "UNION",
    "HAVING",
    "AS",
    "DISTINCT",
    "FOR",
    "WITH",
    "?",
    "NULL",
    "DATABASE",
    "USING",
    "-",
    "BETWEEN",
    "IS",
    "o",
    "id",
    "DEFAULT",
    "DUPLICATE",
    "KEY",
    "`t`",
    "/*c*/",
    "shop",
    "@v",
    "EXISTS",
    "RETURNING",
    "MAX",
    "DESC",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn words_in_any_order_are_answered(words in prop::collection::vec(prop::sample::select(WORDS), 0..24)) {
        let catalog = catalog::catalog();
        run(&words.join(" "), &mut PlanCache::new(4), &catalog);
    }

    #[test]
    fn mangled_statements_are_answered(
        sql in prop::sample::select(statements()),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0..3u8, prop::sample::select(WORDS)), 1..4),
    ) {
        let catalog = catalog::catalog();
        let mut words: Vec<&str> = sql.split_inclusive(&[' ', '(', ')', ',', '.'][..]).collect();
        for (at, kind, word) in &edits {
            let at = at.index(words.len().max(1)).min(words.len().saturating_sub(1));
            match kind {
                0 if !words.is_empty() => {
                    words.remove(at);
                }
                1 => words.insert(at, word),
                _ if !words.is_empty() => words[at] = word,
                _ => {}
            }
        }
        run(&words.concat(), &mut PlanCache::new(4), &catalog);
    }

    /// The plan made for one statement serves the next of the same template, byte for byte as if it had been planned for it.
    #[test]
    fn a_cached_plan_answers_as_a_new_one(
        sql in prop::sample::select(statements()),
        numbers in prop::collection::vec(0u32..100_000, 8),
    ) {
        let catalog = catalog::catalog();
        let mut next = numbers.iter().cycle();
        let mut other = String::new();
        let mut last = ' ';
        for c in sql.chars() {
            // Each digit on its own that starts a number becomes another number; names and strings stay.
            let starts_number = c.is_ascii_digit() && (last == ' ' || last == '(');
            match next.next() {
                Some(number) if starts_number => other.push_str(&number.to_string()),
                _ => other.push(c),
            }
            last = c;
        }
        let mut cache = PlanCache::new(64);
        run(sql, &mut cache, &catalog);
        let cached = run(&other, &mut cache, &catalog);
        let fresh = run(&other, &mut PlanCache::new(64), &catalog);
        prop_assert_eq!(cached, fresh, "{} after {}", other, sql);
    }
}

#[test]
fn deep_nesting_is_refused_and_not_a_crash() {
    let catalog = catalog::catalog();
    let mut cache = PlanCache::new(4);
    for depth in [100, 1400, 5000] {
        let sql = format!("SELECT a FROM t WHERE {}k = 1{}", "(".repeat(depth), ")".repeat(depth));
        run(&sql, &mut cache, &catalog);
        let sql = format!("SELECT {}1{}", "(SELECT ".repeat(depth), ")".repeat(depth));
        run(&sql, &mut cache, &catalog);
        let sql = format!("SELECT a FROM t WHERE k = 1{}", " OR a = 1".repeat(depth));
        run(&sql, &mut cache, &catalog);
        let sql = format!("SELECT a FROM t{}", " UNION SELECT a FROM t".repeat(depth));
        run(&sql, &mut cache, &catalog);
        let sql = format!("SELECT a FROM t WHERE a = 1{}", " + 1".repeat(depth));
        run(&sql, &mut cache, &catalog);
        let sql = format!("SELECT a FROM t{}", " JOIN bc".repeat(depth));
        run(&sql, &mut cache, &catalog);
        let sql = format!("SELECT a FROM t WHERE {}k = 1", "NOT ".repeat(depth));
        run(&sql, &mut cache, &catalog);
    }
}

#[test]
fn a_hit_is_counted_and_an_old_catalog_is_not_hit() {
    let mut catalog = catalog::catalog();
    let mut cache = PlanCache::new(16);
    run("SELECT a FROM t WHERE k = 1", &mut cache, &catalog);
    run("SELECT a FROM t WHERE k = 2", &mut cache, &catalog);
    assert_eq!(cache.counts(), (1, 1));
    catalog.version += 1;
    run("SELECT a FROM t WHERE k = 2", &mut cache, &catalog);
    assert_eq!(cache.counts(), (1, 2));
}

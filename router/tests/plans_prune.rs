//! Pruning never loses the true shard: random conditions on a nullable shard key, evaluated by a small evaluator of SQL's three-valued logic.

#[path = "catalog/shop.rs"]
mod catalog;

use ostrakon_router::lexer::{SqlMode, Template, scan};
use ostrakon_router::plan::{Arguments, Execution, Plan, Request, SessionFacts, SessionFunction, plan};
use ostrakon_router::value::Value;
use proptest::prelude::*;

/// The key's values in the test: both sides of zero, and more than there are physical tables.
const KEYS: std::ops::Range<i64> = -6..12;

#[derive(Clone, Debug)]
enum Condition {
    Compare {
        key: bool,
        op: &'static str,
        value: Option<i64>,
        mirrored: bool,
    },
    In {
        values: Vec<Option<i64>>,
        negated: bool,
    },
    Between {
        low: i64,
        high: i64,
        negated: bool,
    },
    IsNull {
        negated: bool,
    },
    /// Something that no planner understands, with the key inside.
    Odd(i64),
    Not(Box<Condition>),
    And(Box<Condition>, Box<Condition>),
    Xor(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
}

impl Condition {
    fn truth(&self, key: Option<i64>, other: i64) -> Option<bool> {
        match self {
            Self::Compare { key: is_key, op, value, .. } => {
                let left = if *is_key { key } else { Some(other) };
                if *op == "<=>" {
                    return Some(left == *value);
                }
                let (left, value) = (left?, (*value)?);
                Some(match *op {
                    "=" => left == value,
                    "<>" => left != value,
                    "<" => left < value,
                    "<=" => left <= value,
                    ">" => left > value,
                    _ => left >= value,
                })
            }
            Self::In { values, negated } => {
                let key = key?;
                let found = values.contains(&Some(key));
                let unknown = !found && values.contains(&None);
                if unknown { None } else { Some(found != *negated) }
            }
            Self::Between { low, high, negated } => key.map(|key| (*low..=*high).contains(&key) != *negated),
            Self::IsNull { negated } => Some(key.is_none() != *negated),
            Self::Odd(value) => key.map(|key| key + 1 == *value),
            Self::Not(inner) => inner.truth(key, other).map(|truth| !truth),
            Self::And(a, b) => match (a.truth(key, other), b.truth(key, other)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            },
            Self::Or(a, b) => match (a.truth(key, other), b.truth(key, other)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
            Self::Xor(a, b) => Some(a.truth(key, other)? != b.truth(key, other)?),
        }
    }

    /// MySQL's level: OR below XOR below AND below NOT below all conditions.
    fn level(&self) -> u8 {
        match self {
            Self::Or(..) => 1,
            Self::Xor(..) => 2,
            Self::And(..) => 3,
            Self::Not(_) => 4,
            _ => 5,
        }
    }

    /// As text with no parenthesis that MySQL's precedence makes needless. `to`: the columns' names, and the parameters if values are bound.
    fn sql(&self, to: &mut Text) -> String {
        let (k, c) = (to.key, to.other);
        let mut value = |value: &Option<i64>| match (value, &mut to.params) {
            (value, Some(params)) => {
                params.push(value.map_or(Value::Null, Value::Int));
                "?".to_owned()
            }
            (Some(number), None) => number.to_string(),
            (None, None) => "NULL".to_owned(),
        };
        match self {
            Self::Compare { key, op, value: with, mirrored } => {
                let column = if *key { k } else { c };
                let with = value(with);
                let mirror = match *op {
                    "<" => ">",
                    "<=" => ">=",
                    ">" => "<",
                    ">=" => "<=",
                    same => same,
                };
                if *mirrored { format!("{with} {mirror} {column}") } else { format!("{column} {op} {with}") }
            }
            Self::In { values, negated } => {
                let list: Vec<String> = values.iter().map(value).collect();
                format!("{k} {}IN ({})", if *negated { "NOT " } else { "" }, list.join(", "))
            }
            Self::Between { low, high, negated } => {
                let not = if *negated { "NOT " } else { "" };
                let (low, high) = (value(&Some(*low)), value(&Some(*high)));
                format!("{k} {not}BETWEEN {low} AND {high}")
            }
            Self::IsNull { negated } => format!("{k} IS {}NULL", if *negated { "NOT " } else { "" }),
            Self::Odd(number) => format!("{k} + 1 = {number}"),
            Self::Not(inner) => format!("NOT {}", inner.within(4, to)),
            Self::And(a, b) => format!("{} AND {}", a.within(3, to), b.within(3, to)),
            Self::Xor(a, b) => format!("{} XOR {}", a.within(2, to), b.within(2, to)),
            Self::Or(a, b) => format!("{} OR {}", a.within(1, to), b.within(1, to)),
        }
    }

    fn within(&self, level: u8, to: &mut Text) -> String {
        let sql = self.sql(to);
        if self.level() < level { format!("({sql})") } else { sql }
    }
}

/// How a condition is written.
struct Text {
    key: &'static str,
    other: &'static str,
    params: Option<Vec<Value<'static>>>,
}

fn condition() -> impl Strategy<Value = Condition> {
    let number = || prop_oneof![9 => (-6i64..12).prop_map(Some), 1 => Just(None)];
    let op = prop_oneof![
        6 => Just("="), 1 => Just("<>"), 2 => Just("<"), 2 => Just("<="), 2 => Just(">"), 2 => Just(">="), 2 => Just("<=>")
    ];
    let leaf = prop_oneof![
        6 => (prop::bool::weighted(0.8), op, number(), any::<bool>())
            .prop_map(|(key, op, value, mirrored)| Condition::Compare { key, op, value, mirrored }),
        3 => (prop::collection::vec(number(), 1..4), prop::bool::weighted(0.2))
            .prop_map(|(values, negated)| Condition::In { values, negated }),
        2 => (-6i64..12, -6i64..12, prop::bool::weighted(0.2))
            .prop_map(|(low, high, negated)| Condition::Between { low, high, negated }),
        1 => any::<bool>().prop_map(|negated| Condition::IsNull { negated }),
        1 => (-6i64..12).prop_map(Condition::Odd),
    ];
    leaf.prop_recursive(4, 16, 2, |inner| {
        let two = || (inner.clone().prop_map(Box::new), inner.clone().prop_map(Box::new));
        prop_oneof![
            4 => two().prop_map(|(a, b)| Condition::And(a, b)),
            4 => two().prop_map(|(a, b)| Condition::Or(a, b)),
            1 => two().prop_map(|(a, b)| Condition::Xor(a, b)),
            1 => inner.clone().prop_map(|inner| Condition::Not(Box::new(inner))),
        ]
    })
}

struct NoFacts;

impl SessionFacts for NoFacts {
    fn literal(&self, _: SessionFunction) -> String {
        "NULL".into()
    }
}

/// The physical tables that a statement goes to.
fn shards(sql: &str, params: Option<&[Value<'_>]>, catalog: &ostrakon_catalog::Catalog) -> Vec<usize> {
    let mut template = Template::default();
    let mode = SqlMode::default();
    scan(sql.as_bytes(), mode, &mut template).unwrap();
    let request =
        Request { text: sql.as_bytes(), template: &template, catalog, database: Some("shop"), mode };
    let Plan::Routed(planned) = plan(&request).unwrap() else { panic!("{sql} is not routed") };
    let arguments = Arguments {
        text: sql.as_bytes(),
        holes: &template.holes,
        params,
        generated: &[],
        keys: &[],
        nextvals: &[],
        spread: 0,
        preferred_group: None,
        session: &NoFacts,
    };
    let mut execution = Execution::default();
    planned.route_into(&arguments, &mut execution).unwrap();
    execution.statements.iter().map(|statement| statement.shard).collect()
}

/// Where each key's row lies.
fn places(catalog: &ostrakon_catalog::Catalog) -> Vec<(Option<i64>, usize)> {
    KEYS.map(Some)
        .chain([None])
        .map(|key| {
            let value = key.map_or("NULL".to_owned(), |key| key.to_string());
            let place = shards(&format!("INSERT INTO w (k, c) VALUES ({value}, 1)"), None, catalog);
            (key, place[0])
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn no_condition_loses_a_row(condition in condition(), bind in any::<bool>()) {
        let catalog = catalog::catalog();
        let mut to = Text { key: "k", other: "c", params: bind.then(Vec::new) };
        let sql = format!("SELECT c FROM w WHERE {}", condition.sql(&mut to));
        let found = shards(&sql, to.params.as_deref(), &catalog);
        for (key, shard) in places(&catalog) {
            for other in [-1, 0, 3] {
                if condition.truth(key, other) == Some(true) {
                    prop_assert!(found.contains(&shard), "{} lost the row with k = {:?} on {}", sql, key, shard);
                }
            }
        }
    }

    #[test]
    fn joined_rows_are_on_the_shards_asked(condition in condition()) {
        let catalog = catalog::catalog();
        let mut to = Text { key: "y.k", other: "w.c", params: None };
        let sql = format!("SELECT 1 FROM w JOIN w y ON w.k = y.k WHERE {}", condition.sql(&mut to));
        let found = shards(&sql, None, &catalog);
        for (key, shard) in places(&catalog) {
            if key.is_some() && condition.truth(key, 3) == Some(true) {
                prop_assert!(found.contains(&shard), "{} lost the row with k = {:?} on {}", sql, key, shard);
            }
        }
    }
}

#[test]
fn pruning_prunes() {
    let catalog = catalog::catalog();
    assert_eq!(shards("SELECT c FROM w WHERE k = 3 OR k = 4 AND c = 1", None, &catalog).len(), 2);
    assert_eq!(shards("SELECT c FROM w WHERE k IS NULL", None, &catalog).len(), 1);
}

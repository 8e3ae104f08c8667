//! What a server warns of in a query hangs on where its plan compares and converts, and whether a number is INT or BIGINT on whether it went
//! through a temporary table: the plain server is asked again with other plans, and what it answers then is an answer too.

use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use ostrakon::dev::server::ServerKind;
use ostrakon_tests::cluster::run;
use ostrakon_tests::compare::{Outcome, Way, outcome};

use super::run::warnings;

/// The shop's tables, without any key.
const BARE: &str = "shop_bare";

/// How the plain server is brought to another plan.
#[derive(Clone, Copy, Default)]
struct Plan {
    without_keys: bool,
    /// Joins are not hashed.
    nested: bool,
    /// What stands behind the outermost SELECT.
    word: &'static str,
}

const PLANS: [Plan; 5] = [
    Plan { without_keys: true, nested: false, word: "" },
    Plan { without_keys: false, nested: false, word: "SQL_BIG_RESULT" },
    Plan { without_keys: false, nested: false, word: "SQL_BUFFER_RESULT" },
    Plan { without_keys: false, nested: true, word: "" },
    Plan { without_keys: false, nested: true, word: "SQL_BIG_RESULT" },
];

/// The plain server's answers to a query, and what it warns of in each, by other plans than its own. The session must be in no transaction.
pub async fn answers(plain: &mut Conn, kind: ServerKind, sql: &str, way: &Way) -> Vec<(Outcome, Outcome)> {
    let hashed = match kind {
        ServerKind::MariaDb => "join_cache_hashed",
        ServerKind::MySql => "block_nested_loop",
    };
    let mut answers = Vec::new();
    for Plan { without_keys, nested, word } in PLANS {
        if without_keys {
            make_bare(plain).await;
        }
        if nested {
            run(plain, &format!("SET optimizer_switch = '{hashed}=off'")).await;
        }
        // What is prepared keeps the database that it was prepared in.
        let way = if without_keys { &Way::Text } else { way };
        let answer = outcome(plain, &with_word(sql, word), way).await;
        answers.push((answer, warnings(plain).await));
        if without_keys {
            run(plain, &format!("DROP DATABASE {BARE}")).await;
            run(plain, "USE shop").await;
        }
        run(plain, "SET optimizer_switch = DEFAULT").await;
    }
    answers
}

/// What the plain server warns of in a write of joined tables when it joins them in the order of the text; it is taken back.
pub async fn write_warnings(plain: &mut Conn, sql: &str) -> Outcome {
    run(plain, "BEGIN").await;
    let answer = outcome(plain, &sql.replace(" JOIN ", " STRAIGHT_JOIN "), &Way::Text).await;
    let warned = match answer {
        Outcome::Error { .. } => answer,
        _ => warnings(plain).await,
    };
    run(plain, "ROLLBACK").await;
    warned
}

/// The query with a word behind its outermost SELECT, the last one where it has several.
fn with_word(sql: &str, word: &str) -> String {
    const SELECT: &str = "SELECT ";
    let (mut depth, mut last) = (0, None);
    for (at, byte) in sql.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth -= 1,
            b'S' if depth == 0 && sql.get(at..).is_some_and(|rest| rest.starts_with(SELECT)) => {
                last = Some(at)
            }
            _ => {}
        }
    }
    let mut text = sql.to_owned();
    if let (Some(at), false) = (last, word.is_empty()) {
        text.insert_str(at + SELECT.len(), &format!("{word} "));
    }
    text
}

/// Copies of the tables, in use.
async fn make_bare(plain: &mut Conn) {
    run(plain, &format!("CREATE DATABASE {BARE}")).await;
    let tables: Vec<String> = plain
        .query("SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'shop' AND TABLE_TYPE = 'BASE TABLE'")
        .await
        .expect("the names of tables");
    // A zero date is no error in a copy.
    run(plain, "SET @usual_mode = @@sql_mode, sql_mode = ''").await;
    for table in tables {
        run(plain, &format!("CREATE TABLE {BARE}.{table} AS SELECT * FROM shop.{table}")).await;
    }
    run(plain, "SET sql_mode = @usual_mode").await;
    run(plain, &format!("USE {BARE}")).await;
}

#[cfg(test)]
mod tests {
    use super::with_word;

    #[test]
    fn a_word_goes_to_the_outermost_select() {
        assert_eq!(with_word("SELECT (SELECT 1)", "W"), "SELECT W (SELECT 1)");
        assert_eq!(
            with_word("WITH w AS (SELECT 1) SELECT * FROM w", "W"),
            "WITH w AS (SELECT 1) SELECT W * FROM w"
        );
        assert_eq!(with_word("TABLE t", "W"), "TABLE t");
        assert_eq!(with_word("SELECT 1", ""), "SELECT 1");
    }
}

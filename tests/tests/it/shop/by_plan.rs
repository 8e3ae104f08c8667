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

/// How the plain server can be brought to another plan.
enum Plan {
    NoKeys,
    /// A word behind SELECT.
    Word(&'static str),
    /// Off in `optimizer_switch`.
    Off(&'static str),
}

/// The plain server's answers to a query, and what it warns of in each, by other plans than its own. The session must be in no transaction.
pub async fn answers(plain: &mut Conn, kind: ServerKind, sql: &str) -> Vec<(Outcome, Outcome)> {
    let joins = match kind {
        ServerKind::MariaDb => "join_cache_hashed",
        ServerKind::MySql => "block_nested_loop",
    };
    let plans =
        [Plan::NoKeys, Plan::Word("SQL_BIG_RESULT"), Plan::Word("SQL_BUFFER_RESULT"), Plan::Off(joins)];
    let mut answers = Vec::new();
    for plan in plans {
        let mut asked = sql.to_owned();
        match plan {
            Plan::NoKeys => make_bare(plain).await,
            Plan::Word(word) if asked.starts_with("SELECT ") => {
                asked.insert_str("SELECT ".len(), &format!("{word} "))
            }
            // Of a query in front of it the word would say something else.
            Plan::Word(_) => continue,
            Plan::Off(name) => run(plain, &format!("SET optimizer_switch = '{name}=off'")).await,
        }
        // By text: what is prepared keeps the database that it was prepared in.
        let answer = outcome(plain, &asked, &Way::Text).await;
        answers.push((answer, warnings(plain).await));
        match plan {
            Plan::NoKeys => {
                run(plain, &format!("DROP DATABASE {BARE}")).await;
                run(plain, "USE shop").await;
            }
            Plan::Off(_) => run(plain, "SET optimizer_switch = DEFAULT").await,
            Plan::Word(_) => {}
        }
    }
    answers
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

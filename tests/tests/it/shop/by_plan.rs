//! What a server warns of in a query hangs on where its plan compares and converts: the plain server is asked again for another plan's warnings.

use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use ostrakon_tests::cluster::run;
use ostrakon_tests::compare::{Outcome, Way, outcome};

use super::run::{each_once, warnings};

/// The shop's tables, without any key.
const BARE: &str = "shop_bare";

/// Whether the plain server, whose warnings of this query are `usual`, warns of something else where its tables have no keys: a row is
/// compared then that was not even read, or by another type. The session must be in no transaction.
pub async fn warns(plain: &mut Conn, sql: &str, usual: &Outcome) -> bool {
    run(plain, &format!("CREATE DATABASE {BARE}")).await;
    let tables: Vec<String> = plain
        .query("SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'shop' AND TABLE_TYPE = 'BASE TABLE'")
        .await
        .expect("the names of tables");
    // What a copy warns of, such as zero dates, is no error.
    run(plain, "SET @usual_mode = @@sql_mode, sql_mode = ''").await;
    for table in tables {
        run(plain, &format!("CREATE TABLE {BARE}.{table} AS SELECT * FROM shop.{table}")).await;
    }
    run(plain, "SET sql_mode = @usual_mode").await;
    run(plain, &format!("USE {BARE}")).await;
    // By text: what is prepared keeps the database that it was prepared in.
    let answer = outcome(plain, sql, &Way::Text).await;
    let differs = matches!(answer, Outcome::Rows { .. }) && each_once(warnings(plain).await) != *usual;
    run(plain, &format!("DROP DATABASE {BARE}")).await;
    run(plain, "USE shop").await;
    differs
}

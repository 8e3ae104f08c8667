//! What MySQL makes of parameters by their places, where rows are read before they are written.

use mysql_async::Value;

use super::pair;

#[tokio::test]
async fn parameters_of_a_query_have_the_types_of_the_columns_that_it_fills() {
    let mut pair = pair().await;
    pair.create("CREATE TABLE source (id INT PRIMARY KEY, k INT)", "DBPARTITION BY HASH(id)").await;
    let columns = "id INT PRIMARY KEY, i INT, u INT UNSIGNED, d DECIMAL(10,2), f DOUBLE, s VARCHAR(30), y YEAR, q DECIMAL(20,8)";
    pair.create(&format!("CREATE TABLE target ({columns})"), "DBPARTITION BY HASH(id)").await;
    pair.prepare("INSERT INTO source VALUES (1, 1), (2, 2)").await;
    let mut id = 0;
    for column in ["i", "u", "d", "f", "s", "y"] {
        for item in ["?", "COALESCE(?, ?)", "CASE WHEN r.k = 1 THEN ? ELSE ? END", "IF(r.k > ?, ?, ?)"] {
            for value in [Value::Int(1), Value::Double(1.5), Value::from("1"), Value::NULL] {
                id += 1;
                // How many digits the quotient has hangs on whether the statement is prepared again, by the types of all values.
                let sql = format!(
                    "INSERT IGNORE INTO target (id, {column}, q) SELECT {id}, {item}, CAST((? / 1.1) AS DECIMAL(20,8)) FROM (SELECT DISTINCT k FROM source) r WHERE r.k = 1"
                );
                let mut values = vec![value; item.matches('?').count()];
                if item.starts_with("IF") {
                    values[0] = Value::Int(0);
                }
                values.push(Value::Int(4));
                pair.same_prepared(&sql, values).await;
            }
        }
    }
    pair.same("SELECT * FROM target ORDER BY id").await;
    pair.same("SELECT COUNT(DISTINCT q) FROM target").await;
}

#[tokio::test]
async fn a_statement_has_no_types_of_another_execution() {
    let mut pair = pair().await;
    pair.create("CREATE TABLE source (id INT PRIMARY KEY, k INT UNSIGNED)", "DBPARTITION BY HASH(id)").await;
    pair.prepare("INSERT INTO source VALUES (1, 1), (2, 2)").await;
    // Merged; gathered, over temporary tables that are made anew each time.
    let queries = [
        "SELECT ABS(?), ? / 3, ? FROM source",
        "SELECT ABS(?), ? / 3, ? FROM source a JOIN source b ON a.k = b.k",
        "SELECT ABS(?), ? / 3, b.k FROM source a JOIN source b ON a.k = b.k AND a.k <= ?",
    ];
    for sql in queries {
        for value in
            [Value::Int(1), Value::from("1"), Value::Double(1.5), Value::Int(1), Value::NULL, Value::UInt(1)]
        {
            // Each client of the plain server prepares the statement for itself.
            pair.renew_plain().await;
            pair.same_set_prepared(sql, vec![value; 3]).await;
        }
    }
}

//! information_schema: what clients and ORMs ask of it is answered as a plain server answers for the same tables.

use mysql_async::Value;
use mysql_async::prelude::Queryable;
use ostrakon::dev::server::ServerKind;
use ostrakon_tests::cluster::{run, value};
use ostrakon_tests::family::usual;
use ostrakon_tests::pair::Pair;

async fn filled(kind: ServerKind) -> Pair {
    let mut pair = Pair::of(kind).await;
    pair.create(
        "CREATE TABLE customer (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY COMMENT 'the key', name VARCHAR(40) NOT NULL, \
         email VARCHAR(80) COLLATE utf8mb4_bin DEFAULT 'none', born DATE, credit DECIMAL(10,2) UNSIGNED DEFAULT 0.5, \
         kind ENUM('a','b') DEFAULT 'a', seen TIMESTAMP(3) NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3), \
         notes TEXT, CHECK (credit < 1000000), KEY by_name (name(10), born)) COMMENT='people'",
        "DBPARTITION BY HASH(id) TBPARTITION BY HASH(id) TBPARTITIONS 3",
    )
    .await;
    pair.create(
        "CREATE TABLE orders (customer_id BIGINT NOT NULL, id INT NOT NULL, total DOUBLE, total2 DOUBLE GENERATED ALWAYS AS (total * 2) STORED, \
         data JSON, PRIMARY KEY (customer_id, id), UNIQUE KEY once (customer_id, total))",
        "DBPARTITION BY HASH(customer_id)",
    )
    .await;
    pair.create("CREATE TABLE country (code CHAR(2) PRIMARY KEY, name VARCHAR(40) UNIQUE)", "BROADCAST")
        .await;
    pair.create(
        "CREATE TABLE child (id INT PRIMARY KEY, parent_id INT, CONSTRAINT named UNIQUE (parent_id))",
        "",
    )
    .await;
    pair
}

/// Asked in any order.
const QUERIES: &[&str] = &[
    // Each table, of this database.
    "SELECT * FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = 'app'",
    "SELECT * FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'orders'",
    "SELECT * FROM information_schema.KEY_COLUMN_USAGE WHERE TABLE_SCHEMA = 'app'",
    "SELECT * FROM information_schema.TABLE_CONSTRAINTS WHERE TABLE_SCHEMA = 'app'",
    "SELECT * FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = 'app'",
    "SELECT * FROM information_schema.CHECK_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = 'app'",
    "SELECT * FROM information_schema.SCHEMATA WHERE SCHEMA_NAME IN ('app', 'information_schema')",
    "SELECT TABLE_CATALOG, TABLE_SCHEMA, TABLE_NAME, NON_UNIQUE, INDEX_SCHEMA, INDEX_NAME, SEQ_IN_INDEX, COLUMN_NAME, COLLATION, SUB_PART, PACKED, \
     NULLABLE, INDEX_TYPE, COMMENT, INDEX_COMMENT FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = 'app'",
    "SELECT TABLE_CATALOG, TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, ENGINE, VERSION, ROW_FORMAT, TABLE_COLLATION, CHECKSUM, CREATE_OPTIONS, \
     TABLE_COMMENT FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'app'",
    "SELECT TABLE_SCHEMA, TABLE_NAME, PARTITION_NAME, PARTITION_METHOD FROM information_schema.PARTITIONS WHERE TABLE_SCHEMA = 'app'",
    "SELECT * FROM information_schema.VIEWS WHERE TABLE_SCHEMA = 'app'",
    "SELECT * FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = 'app'",
    "SELECT * FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = 'app'",
    "SELECT * FROM information_schema.EVENTS WHERE EVENT_SCHEMA = 'app'",
    "SELECT * FROM information_schema.PARAMETERS WHERE SPECIFIC_SCHEMA = 'app'",
    "SELECT * FROM information_schema.COLLATIONS",
    "SELECT * FROM information_schema.CHARACTER_SETS",
    "SELECT * FROM information_schema.COLLATION_CHARACTER_SET_APPLICABILITY",
    "SELECT ENGINE, SUPPORT FROM information_schema.ENGINES",
    "SELECT COUNT(*) FROM information_schema.KEYWORDS",
    // Names as they are written, and what they may not be.
    "SELECT table_name, Table_Type FROM information_schema.tables WHERE table_schema = 'app'",
    "SELECT tables.table_name FROM information_schema.tables WHERE table_schema = 'app'",
    "SELECT information_schema.tables.table_name FROM information_schema.tables WHERE information_schema.tables.table_schema = 'app'",
    "SELECT TABLES.table_name FROM information_schema.tables WHERE table_schema = 'app'",
    "SELECT t.table_name n FROM information_schema.tables t WHERE t.table_schema = 'APP'",
    "SELECT t.table_name n FROM information_schema.tables t WHERE t.table_schema = 'app' AND table_name = 'ORDERS'",
    "SELECT nothing FROM information_schema.tables",
    "SELECT * FROM information_schema.nothing",
    // Beside others.
    "SELECT t.TABLE_NAME, c.name FROM information_schema.TABLES t JOIN country c ON t.TABLE_NAME = c.name WHERE t.TABLE_SCHEMA = 'app'",
    "SELECT t.TABLE_NAME, (SELECT COUNT(*) FROM information_schema.COLUMNS c WHERE c.TABLE_SCHEMA = t.TABLE_SCHEMA AND c.TABLE_NAME = t.TABLE_NAME) n \
     FROM information_schema.TABLES t WHERE t.TABLE_SCHEMA = DATABASE()",
    "SELECT t.TABLE_NAME, COUNT(c.COLUMN_NAME) FROM information_schema.TABLES t LEFT JOIN information_schema.COLUMNS c USING (TABLE_SCHEMA, TABLE_NAME) \
     WHERE TABLE_SCHEMA = 'app' GROUP BY t.TABLE_NAME",
    "WITH c AS (SELECT TABLE_NAME t, COUNT(*) n FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = 'app' GROUP BY TABLE_NAME) SELECT MAX(n) FROM c",
    "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'app' UNION SELECT name FROM customer",
    "SELECT COUNT(*) FROM customer c WHERE EXISTS (SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'app' AND TABLE_NAME = c.name)",
    "SELECT c.COLLATION_NAME, x.name FROM information_schema.COLLATIONS c, customer x WHERE c.COLLATION_NAME = 'utf8mb4_bin'",
    "SELECT c.COLLATION_NAME, x.code FROM information_schema.COLLATIONS c, country x WHERE c.COLLATION_NAME = 'utf8mb4_bin'",
    "SELECT d.* FROM (SELECT TABLE_SCHEMA, MAX(TABLE_NAME) m FROM information_schema.TABLES GROUP BY TABLE_SCHEMA) d WHERE d.TABLE_SCHEMA = 'app'",
];

/// What clients ask. `?` stands for the database's name, and for a table's where there are two.
const CLIENTS: &[&str] = &[
    // Hibernate, by Connector/J with useInformationSchema: getTables, getColumns, getPrimaryKeys, getIndexInfo, getImportedKeys.
    "SELECT TABLE_SCHEMA AS TABLE_CAT, NULL AS TABLE_SCHEM, TABLE_NAME, CASE WHEN TABLE_TYPE='BASE TABLE' THEN CASE WHEN TABLE_SCHEMA = 'mysql' OR \
     TABLE_SCHEMA = 'performance_schema' THEN 'SYSTEM TABLE' ELSE 'TABLE' END WHEN TABLE_TYPE='TEMPORARY' THEN 'LOCAL_TEMPORARY' ELSE TABLE_TYPE END AS TABLE_TYPE, \
     TABLE_COMMENT AS REMARKS, NULL AS TYPE_CAT FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = ? HAVING TABLE_TYPE IN ('TABLE', 'VIEW') \
     ORDER BY TABLE_TYPE, TABLE_SCHEMA, TABLE_NAME",
    "SELECT TABLE_SCHEMA AS TABLE_CAT, TABLE_NAME, COLUMN_NAME, CASE UPPER(DATA_TYPE) WHEN 'DECIMAL' THEN 3 WHEN 'BIGINT' THEN -5 WHEN 'VARCHAR' THEN 12 ELSE 1111 END AS DATA_TYPE, \
     UPPER(CASE WHEN UPPER(DATA_TYPE)='DECIMAL' THEN CASE WHEN LOCATE('unsigned', COLUMN_TYPE) != 0 AND LOCATE('unsigned', DATA_TYPE) = 0 THEN 'DECIMAL UNSIGNED' ELSE DATA_TYPE END \
     ELSE DATA_TYPE END) AS TYPE_NAME, COLUMN_DEFAULT AS COLUMN_DEF, ORDINAL_POSITION, IS_NULLABLE, IF (EXTRA LIKE '%auto_increment%','YES','NO') AS IS_AUTOINCREMENT, \
     IF (EXTRA LIKE '%GENERATED%','YES','NO') AS IS_GENERATEDCOLUMN FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY TABLE_NAME, ORDINAL_POSITION",
    "SELECT TABLE_SCHEMA AS TABLE_CAT, NULL AS TABLE_SCHEM, TABLE_NAME, COLUMN_NAME, SEQ_IN_INDEX AS KEY_SEQ, 'PRIMARY' AS PK_NAME FROM INFORMATION_SCHEMA.STATISTICS \
     WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND INDEX_NAME='PRIMARY' ORDER BY TABLE_SCHEMA, TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX",
    "SELECT TABLE_SCHEMA AS TABLE_CAT, NULL AS TABLE_SCHEM, TABLE_NAME, NON_UNIQUE, NULL AS INDEX_QUALIFIER, INDEX_NAME, 3 AS TYPE, SEQ_IN_INDEX AS ORDINAL_POSITION, COLUMN_NAME, \
     COLLATION AS ASC_OR_DESC, 0 AS PAGES, NULL AS FILTER_CONDITION FROM INFORMATION_SCHEMA.STATISTICS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY NON_UNIQUE, INDEX_NAME, SEQ_IN_INDEX",
    "SELECT DISTINCT A.REFERENCED_TABLE_SCHEMA AS PKTABLE_CAT, NULL AS PKTABLE_SCHEM, A.REFERENCED_TABLE_NAME AS PKTABLE_NAME, A.REFERENCED_COLUMN_NAME AS PKCOLUMN_NAME, \
     A.TABLE_SCHEMA AS FKTABLE_CAT, NULL AS FKTABLE_SCHEM, A.TABLE_NAME AS FKTABLE_NAME, A.COLUMN_NAME AS FKCOLUMN_NAME, A.ORDINAL_POSITION AS KEY_SEQ, \
     R.UPDATE_RULE, R.DELETE_RULE, A.CONSTRAINT_NAME AS FK_NAME, R.UNIQUE_CONSTRAINT_NAME AS PK_NAME FROM INFORMATION_SCHEMA.KEY_COLUMN_USAGE A \
     JOIN INFORMATION_SCHEMA.TABLE_CONSTRAINTS B USING (CONSTRAINT_NAME,TABLE_NAME) JOIN INFORMATION_SCHEMA.REFERENTIAL_CONSTRAINTS R ON \
     (R.CONSTRAINT_NAME = B.CONSTRAINT_NAME AND R.TABLE_NAME = B.TABLE_NAME AND R.CONSTRAINT_SCHEMA = B.TABLE_SCHEMA) WHERE B.CONSTRAINT_TYPE = 'FOREIGN KEY' AND A.TABLE_SCHEMA = ? \
     AND A.TABLE_NAME = ? AND A.REFERENCED_TABLE_SCHEMA IS NOT NULL ORDER BY A.REFERENCED_TABLE_SCHEMA, A.REFERENCED_TABLE_NAME, A.ORDINAL_POSITION, FK_NAME",
    // Django's inspectdb.
    "SELECT table_name, table_type, table_comment FROM information_schema.tables WHERE table_schema = ? ORDER BY table_name",
    "SELECT column_name, data_type, character_maximum_length, numeric_precision, numeric_scale, extra, column_default, CASE WHEN collation_name = 'utf8mb4_bin' THEN NULL ELSE collation_name END AS collation_name, \
     CASE WHEN column_type LIKE '%% unsigned' THEN 1 ELSE 0 END AS is_unsigned, column_comment FROM information_schema.columns WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position",
    "SELECT kc.`constraint_name`, kc.`column_name`, kc.`referenced_table_name`, kc.`referenced_column_name`, c.`constraint_type` FROM information_schema.key_column_usage AS kc, \
     information_schema.table_constraints AS c WHERE kc.table_schema = ? AND (kc.referenced_table_schema = DATABASE() OR kc.referenced_table_schema IS NULL) AND c.table_schema = kc.table_schema \
     AND c.constraint_name = kc.constraint_name AND c.table_name = kc.table_name AND c.constraint_type != 'CHECK' AND kc.table_name = ? ORDER BY kc.constraint_name, kc.`ordinal_position`",
    "SELECT cc.constraint_name, cc.check_clause FROM information_schema.check_constraints AS cc, information_schema.table_constraints AS tc WHERE cc.constraint_schema = ? AND \
     tc.table_schema = cc.constraint_schema AND cc.constraint_name = tc.constraint_name AND tc.constraint_type = 'CHECK' AND tc.table_name = ? ORDER BY 1",
    // Sequelize.
    "SELECT CONSTRAINT_NAME as constraint_name, CONSTRAINT_NAME as constraintName, CONSTRAINT_SCHEMA as constraintSchema, TABLE_NAME as tableName, TABLE_SCHEMA as tableSchema, \
     COLUMN_NAME as columnName, REFERENCED_TABLE_SCHEMA as referencedTableSchema, REFERENCED_TABLE_NAME as referencedTableName, REFERENCED_COLUMN_NAME as referencedColumnName \
     FROM INFORMATION_SCHEMA.KEY_COLUMN_USAGE where TABLE_SCHEMA = ? AND TABLE_NAME = ? AND CONSTRAINT_NAME != 'PRIMARY' AND REFERENCED_TABLE_NAME IS NOT NULL ORDER BY 1",
    "SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_TYPE = 'BASE TABLE' AND TABLE_SCHEMA = ? AND TABLE_NAME = ?",
    // Rails.
    "SELECT table_name FROM (SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = ?) _subquery WHERE table_type = 'BASE TABLE' AND table_name = ?",
    "SELECT table_comment FROM information_schema.tables WHERE table_schema = ? AND table_name = ?",
    "SELECT column_name FROM information_schema.statistics WHERE index_name = 'PRIMARY' AND table_schema = ? AND table_name = ? ORDER BY seq_in_index",
    "SELECT fk.referenced_table_name AS 'to_table', fk.referenced_column_name AS 'primary_key', fk.column_name AS 'column', fk.constraint_name AS 'name', fk.ordinal_position AS 'position', \
     rc.update_rule AS 'on_update', rc.delete_rule AS 'on_delete' FROM information_schema.referential_constraints rc JOIN information_schema.key_column_usage fk USING (constraint_schema, constraint_name) \
     WHERE fk.referenced_column_name IS NOT NULL AND fk.table_schema = ? AND fk.table_name = ? AND rc.constraint_schema = DATABASE() AND rc.table_name = fk.table_name ORDER BY 4",
];

async fn clients_are_answered(kind: ServerKind) {
    let mut pair = filled(kind).await;
    // MySQL describes the expressions of its views, whose values a gathered table's columns have.
    let labels_only = kind == ServerKind::MySql;
    for sql in QUERIES {
        match labels_only {
            true => pair.same_labels_set(sql, Vec::new()).await,
            false => {
                pair.same_set(sql).await;
                pair.same_set_prepared(sql, Vec::new()).await;
            }
        }
    }
    for sql in CLIENTS {
        let is_about_table = sql.matches('?').count() == 2;
        let tables: &[&str] = if is_about_table { &["customer", "orders", "child", "none"] } else { &[""] };
        for table in tables {
            let text = sql.replacen('?', "'app'", 1).replacen('?', &format!("'{table}'"), 1);
            let mut values = vec![Value::from("app")];
            values.extend(is_about_table.then(|| Value::from(*table)));
            if labels_only {
                pair.same_labels(&text).await;
                pair.same_labels_set(sql, values).await;
            } else {
                pair.same(&text).await;
                pair.same_prepared(sql, values).await;
            }
        }
    }
}

#[tokio::test]
async fn what_clients_ask_is_answered_as_by_one_server() {
    clients_are_answered(usual()).await;
}

#[tokio::test]
async fn what_clients_ask_is_answered_as_by_one_mysql() {
    clients_are_answered(ServerKind::MySql).await;
}

/// No physical name is seen anywhere, and nothing that is not logical.
#[tokio::test]
async fn only_logical_objects_are_shown() {
    let mut pair = filled(usual()).await;
    run(&mut pair.node, "CREATE DATABASE other DBPARTITIONS = 3").await;
    run(&mut pair.node, "CREATE TABLE other.orders (id INT PRIMARY KEY) DBPARTITION BY HASH(id)").await;
    let schemas: Vec<String> =
        pair.node.query("SELECT SCHEMA_NAME FROM information_schema.SCHEMATA ORDER BY 1").await.unwrap();
    assert_eq!(schemas, ["app", "information_schema", "other"]);
    let tables: Vec<String> = pair
        .node
        .query(
            "SELECT CONCAT(TABLE_SCHEMA, '.', TABLE_NAME) FROM information_schema.TABLES WHERE TABLE_TYPE = 'BASE TABLE' ORDER BY 1",
        )
        .await
        .unwrap();
    let expected = ["app.child", "app.country", "app.customer", "app.orders", "other.orders"];
    assert_eq!(tables, expected);
    for table in ["TABLES", "COLUMNS", "STATISTICS", "KEY_COLUMN_USAGE", "TABLE_CONSTRAINTS", "PARTITIONS"] {
        let sql = format!(
            "SELECT COUNT(*) FROM information_schema.{table} WHERE TABLE_SCHEMA NOT IN ('app', 'other', 'information_schema') \
             OR TABLE_NAME LIKE '%\\_____' AND TABLE_SCHEMA <> 'information_schema'"
        );
        assert_eq!(value::<i64>(&mut pair.node, &sql).await, 0, "{table}");
    }
    let unknown = "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'information_schema' AND TABLE_NAME LIKE 'INNODB%'";
    assert_eq!(value::<i64>(&mut pair.node, unknown).await, 0);
}

#[tokio::test]
async fn sizes_are_those_of_all_physical_tables() {
    let mut pair = filled(usual()).await;
    let rows: Vec<String> = (1..=500).map(|n| format!("({n}, 1, {n}, NULL)")).collect();
    pair.prepare(&format!("INSERT INTO orders (customer_id, id, total, data) VALUES {}", rows.join(",")))
        .await;
    let sql = "SELECT TABLE_ROWS FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'app' AND TABLE_NAME = 'orders'";
    let mut rows = 0;
    for _ in 0..50 {
        rows = value::<i64>(&mut pair.node, sql).await;
        if rows > 400 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    assert!((400..=600).contains(&rows), "{rows}");
    let length = value::<u64>(
        &mut pair.node,
        "SELECT DATA_LENGTH FROM information_schema.TABLES WHERE TABLE_NAME = 'customer' AND TABLE_SCHEMA = 'app'",
    )
    .await;
    let status: mysql_async::Row =
        pair.node.query_first("SHOW TABLE STATUS LIKE 'customer'").await.unwrap().unwrap();
    assert_eq!(length, status.get::<u64, _>("Data_length").unwrap());
    run(&mut pair.node, "INSERT INTO customer (name) VALUES ('a'), ('b')").await;
    let next = value::<u64>(
        &mut pair.node,
        "SELECT AUTO_INCREMENT FROM information_schema.TABLES WHERE TABLE_NAME = 'customer' AND TABLE_SCHEMA = 'app'",
    )
    .await;
    assert!(next > 2, "{next}");
}

#[tokio::test]
async fn what_is_not_there_is_refused_by_name() {
    let mut pair = filled(usual()).await;
    for (sql, errno, part) in [
        ("SELECT * FROM information_schema.INNODB_TRX", 1235, "information_schema.INNODB_TRX"),
        ("SELECT * FROM information_schema.user_privileges", 1235, "USER_PRIVILEGES"),
        ("SELECT * FROM information_schema.nothing", 1109, "nothing"),
        ("SELECT * FROM mysql.user", 1235, "mysql"),
        (
            "DELETE FROM country WHERE name IN (SELECT TABLE_NAME FROM information_schema.TABLES)",
            1235,
            "TABLES",
        ),
    ] {
        match pair.node.query_drop(sql).await {
            Err(mysql_async::Error::Server(error)) => {
                assert!(error.code == errno && error.message.contains(part), "{sql}: {error}");
            }
            other => panic!("{sql}: {other:?}"),
        }
    }
}

/// EXPLAIN shows what is asked, and nothing more is.
#[tokio::test]
async fn explain_tells_what_the_servers_are_asked() {
    let mut pair = filled(usual()).await;
    for sql in [
        "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'app' AND TABLE_NAME = 'customer'",
        "SELECT * FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'app'",
        "SELECT COUNT(*) FROM information_schema.COLUMNS c JOIN customer u ON u.name = c.COLUMN_NAME WHERE c.TABLE_SCHEMA = 'app'",
    ] {
        let explained: Vec<mysql_async::Row> = pair.node.query(format!("EXPLAIN {sql}")).await.unwrap();
        let _: Vec<mysql_async::Row> = pair.node.query(format!("TRACE {sql}")).await.unwrap();
        let traced: Vec<mysql_async::Row> = pair.node.query("SHOW TRACE").await.unwrap();
        let texts = |rows: &[mysql_async::Row]| -> Vec<String> {
            let mut texts: Vec<String> = rows.iter().map(|row| row.get("STATEMENT").unwrap()).collect();
            texts.sort();
            texts
        };
        assert_eq!(texts(&explained), texts(&traced), "{sql}");
    }
    let one = "EXPLAIN SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'app' AND TABLE_NAME = 'customer'";
    let explained: Vec<mysql_async::Row> = pair.node.query(one).await.unwrap();
    assert_eq!(explained.len(), 2, "{explained:?}");
}

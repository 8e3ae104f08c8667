//! How a collation's weights compare is asked of an instance when a merge first needs it.

use mysql_async::Conn;
use ostrakon_tests::cluster::{connect, refused, run};
use ostrakon_tests::pair::Pair;

/// Of both families, and that nothing else asks of a node that has just begun.
const SELDOM: [(&str, &str); 3] =
    [("utf8mb4", "utf8mb4_croatian_ci"), ("latin1", "latin1_german2_ci"), ("koi8r", "koi8r_general_ci")];

/// Some that collations call equal, and some that they order in ways of their own.
const WORDS: [&str; 12] = ["a", "A", "a ", "", "z", "Zz", "a\t", "c", "cz", "o", "oe", "10"];

/// Who connects to an instance as its nodes do cannot, or can again; who has connected is not touched.
async fn lock(instances: &mut [Conn], word: &str) {
    for instance in instances {
        run(instance, &format!("ALTER USER CURRENT_USER() ACCOUNT {word}")).await;
    }
}

/// Seldom collations, which a node asks of once, and refuses what it cannot ask of.
pub async fn asks_when_first_needed(mut pair: Pair) {
    let mut instances = Vec::new();
    for instance in &pair.cluster.cluster.instances {
        instances.push(connect(instance.port(), None).await);
    }
    let columns: Vec<String> = SELDOM
        .iter()
        .map(|(charset, collation)| {
            format!("{collation} VARCHAR(20) CHARACTER SET {charset} COLLATE {collation}")
        })
        .collect();
    pair.create(
        &format!("CREATE TABLE t (id INT PRIMARY KEY, {})", columns.join(", ")),
        "DBPARTITION BY HASH(id)",
    )
    .await;
    let rows: Vec<String> =
        WORDS.iter().enumerate().map(|(id, word)| format!("({id}, '{word}', '{word}', '{word}')")).collect();
    pair.prepare(&format!("INSERT INTO t VALUES {}, (99, NULL, NULL, NULL)", rows.join(", "))).await;
    // Opens the connections that the statements need, so that none is refused for want of one.
    pair.same("SELECT id FROM t ORDER BY id").await;
    for (_, s) in SELDOM {
        let ordered = format!("SELECT {s}, id FROM t ORDER BY {s}, id");
        lock(&mut instances, "LOCK").await;
        let (code, message) = refused(&mut pair.node, &ordered).await;
        assert_eq!(code, 1429, "{message}");
        assert!(message.contains(s) && message.contains("Can't connect to instance"), "{message}");
        lock(&mut instances, "UNLOCK").await;

        pair.same(&ordered).await;
        lock(&mut instances, "LOCK").await;
        // The node knows it now.
        pair.same(&ordered).await;
        lock(&mut instances, "UNLOCK").await;
        pair.same(&format!("SELECT {s}, id FROM t ORDER BY {s} DESC, id DESC LIMIT 2, 7")).await;
        pair.same(&format!("SELECT COUNT(*), MIN(id) i FROM t GROUP BY {s} ORDER BY i")).await;
    }
    // A node that has just begun: by MIN and MAX alone, of two in one row.
    pair.cluster.cluster.node_mut().restart().expect("the node starts again");
    pair.node = connect(pair.cluster.port(), Some("app")).await;
    let [(_, a), (_, b), (_, c)] = SELDOM;
    pair.same(&format!("SELECT SUM(id), MIN({a}), MAX({b}) FROM t WHERE id NOT IN (0, 1, 2)")).await;
    pair.same(&format!("SELECT {c}, {b}, id FROM t ORDER BY {c}, {b} DESC, id")).await;
}

#[tokio::test]
async fn of_a_collation_that_is_not_known_an_instance_is_asked() {
    asks_when_first_needed(Pair::start().await).await;
}

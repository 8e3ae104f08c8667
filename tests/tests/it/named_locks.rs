//! Named locks (GET_LOCK): they exclude sessions of all nodes, and go with their session.

use std::time::Duration;

use mysql_async::prelude::Queryable;
use ostrakon_tests::cluster::{TestCluster, refused, run, value};

#[tokio::test]
async fn named_locks_exclude_the_sessions_of_all_nodes() {
    let cluster = TestCluster::start_with(|options| options.nodes = 3);
    let mut one = cluster.database("app", "").await;
    run(&mut one, "CREATE TABLE t (id INT PRIMARY KEY) DBPARTITION BY HASH(id)").await;
    let mut others = Vec::new();
    for node in &cluster.cluster.nodes {
        others.push(ostrakon_tests::cluster::connect(node.port(), None).await);
    }
    assert_eq!(value::<i64>(&mut one, "SELECT GET_LOCK('migrate', 0)").await, 1);
    // Many connections are asked: a pool's other connections do not have it.
    run(&mut one, "INSERT INTO t VALUES (1), (2), (3)").await;
    for other in &mut others {
        assert_eq!(value::<i64>(other, "SELECT GET_LOCK('migrate', 0)").await, 0);
        assert_eq!(value::<i64>(other, "SELECT IS_FREE_LOCK('migrate')").await, 0);
        assert_eq!(
            other.query_first::<Option<i64>, _>("SELECT RELEASE_LOCK('nobody has it')").await.unwrap(),
            Some(None)
        );
        assert_eq!(value::<i64>(other, "SELECT RELEASE_LOCK('migrate')").await, 0, "another's");
    }
    let free: (i64, i64) = one
        .exec_first("SELECT RELEASE_LOCK(?), IS_FREE_LOCK(?)", ("migrate", "migrate"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(free, (1, 1));
    let [first, second, third] = others.as_mut_slice() else { panic!("three nodes") };
    run(first, "DO GET_LOCK('a', 5), GET_LOCK('b', 5)").await;
    assert_eq!(value::<i64>(second, "SELECT GET_LOCK('b', 0)").await, 0);
    // One waits until the lock is free; KILL QUERY ends the waiting.
    let id: u64 = value(second, "SELECT CONNECTION_ID()").await;
    let waits = second.query_first::<Option<i64>, _>("SELECT GET_LOCK('a', 60)");
    let kills = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let port = cluster.cluster.nodes[1].port();
        run(&mut ostrakon_tests::cluster::connect(port, None).await, &format!("KILL QUERY {id}")).await;
    };
    let (waited, ()) = tokio::join!(waits, kills);
    assert!(!matches!(waited, Ok(Some(Some(1)))), "{waited:?}");
    // What fails before it runs costs no lock.
    assert!(first.exec_drop("SELECT GET_LOCK('a', 1, ?)", (1,)).await.is_err());
    assert!(first.query_drop("SELECT GET_LOCK('a', missing)").await.is_err());
    assert_eq!(value::<i64>(first, "SELECT RELEASE_ALL_LOCKS()").await, 2);
    assert_eq!(value::<i64>(third, "SELECT GET_LOCK('a', 0)").await, 1);
    // They end with their session, and with COM_RESET_CONNECTION.
    let gone = others.pop().expect("the third");
    gone.disconnect().await.unwrap();
    assert_eq!(value::<i64>(&mut one, "SELECT GET_LOCK('a', 5)").await, 1);
    one.reset().await.unwrap();
    assert_eq!(value::<i64>(&mut others[0], "SELECT GET_LOCK('a', 5)").await, 1);
    run(&mut one, "USE app").await;
    for sql in [
        "SELECT GET_LOCK('x', 0) FROM t",
        "SELECT id FROM t WHERE GET_LOCK('x', 0)",
        "INSERT INTO t VALUES (GET_LOCK('x', 0))",
        "UPDATE t SET id = GET_LOCK('x', 0)",
        "SET @a = GET_LOCK('x', 0)",
        "SELECT IS_USED_LOCK('x')",
        "SELECT GET_LOCK('x', 0), COUNT(*) FROM information_schema.TABLES",
    ] {
        assert_eq!(refused(&mut one, sql).await.0, 1235, "{sql}");
    }
}

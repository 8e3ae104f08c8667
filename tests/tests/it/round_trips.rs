//! How many round trips to its groups a transaction's client waits for, on every way to commit.

use std::time::{Duration, Instant};

use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use ostrakon_tests::cluster::{TestCluster, run};
use ostrakon_tests::groups::key_of_each_group;
use ostrakon_tests::slow_line::slow_line;

/// Long against what the node and the servers take, on a busy machine too.
const DELAY: Duration = Duration::from_millis(90);
/// The least of several tries counts: anything may take longer, nothing less. On an idle machine the second is as good as any.
const TRIES: usize = 12;

/// A cluster whose instances are far away, with a table over 4 groups, and a key for each group.
async fn far_away() -> (TestCluster, Conn, Vec<i64>) {
    let cluster = TestCluster::start();
    let mut client = cluster.database("app", "DBPARTITIONS 4").await;
    run(&mut client, "CREATE TABLE t (id INT PRIMARY KEY, v INT) DBPARTITION BY HASH(id)").await;
    run(&mut client, "CREATE TABLE copies (id INT PRIMARY KEY, v INT) BROADCAST").await;
    let rows: Vec<String> = (0..64).map(|id| format!("({id}, 0)")).collect();
    run(&mut client, &format!("INSERT INTO t VALUES {}", rows.join(","))).await;
    run(&mut client, "INSERT INTO copies VALUES (1, 1)").await;
    let keys = key_of_each_group(&mut client, "t", 4).await;
    let instances: Vec<mysql_async::Row> = client.query("SHOW INSTANCES").await.unwrap();
    for instance in instances {
        let name: String = instance.get("NAME").unwrap();
        let port: u16 = instance.get("PORT").unwrap();
        let far = slow_line(port, DELAY).await;
        run(&mut client, &format!("ALTER INSTANCE {name} PORT={far}")).await;
    }
    (cluster, client, keys)
}

/// Runs the statements, and gives how many round trips the last one took. It goes on as long as there are more than `expected`.
async fn round_trips(client: &mut Conn, statements: &[String], expected: u32) -> u32 {
    let count = |took: Duration| u32::try_from(took.as_millis() / DELAY.as_millis()).unwrap();
    let mut least = Duration::MAX;
    // The first try opens the connections.
    for attempt in 0..=TRIES {
        if attempt > 1 && count(least) <= expected {
            break;
        }
        let (last, before) = statements.split_last().unwrap();
        // What the transaction before has still to do in its groups is no part of this.
        tokio::time::sleep(DELAY * 2).await;
        for statement in before {
            run(client, statement).await;
        }
        let begun = Instant::now();
        run(client, last).await;
        least = least.min(begun.elapsed());
    }
    count(least)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_way_to_commit_waits_for_as_few_as_can_be() {
    let (_cluster, mut client, keys) = far_away().await;
    let write = |at: usize| format!("UPDATE t SET v = v + 1 WHERE id = {}", keys[at]);
    let read = |at: usize| format!("SELECT v FROM t WHERE id = {}", keys[at]);
    let text = str::to_owned;
    let begin = || text("BEGIN");
    let commit = || text("COMMIT");
    let ways: Vec<(&str, u32, Vec<String>)> = vec![
        ("BEGIN opens nothing", 0, vec![commit(), begin()]),
        ("a statement by itself", 1, vec![write(0)]),
        ("the first statement in a group brings its BEGIN along", 1, vec![commit(), begin(), write(0)]),
        ("so does the first in a further group", 1, vec![commit(), begin(), write(0), write(2)]),
        ("COMMIT of nothing", 0, vec![begin(), commit()]),
        ("COMMIT of one group", 1, vec![begin(), write(0), commit()]),
        ("COMMIT of reads in three groups", 1, vec![begin(), read(0), read(1), read(2), commit()]),
        (
            "COMMIT of one group that wrote, the first, and one that read",
            1,
            vec![begin(), write(0), read(2), commit()],
        ),
        (
            "COMMIT of one group that wrote, the second, and one that read",
            1,
            vec![begin(), read(0), write(2), commit()],
        ),
        ("COMMIT of two groups", 2, vec![begin(), write(0), write(2), commit()]),
        ("COMMIT of four groups", 2, vec![begin(), write(0), write(1), write(2), write(3), commit()]),
        (
            "COMMIT of two groups that wrote, after one that read",
            2,
            vec![begin(), read(0), write(1), write(2), commit()],
        ),
        ("ROLLBACK of four groups", 1, vec![begin(), text("UPDATE t SET v = 0"), text("ROLLBACK")]),
        ("a write in four groups by itself: the write and two", 3, vec![text("UPDATE t SET v = v + 1")]),
        ("copies: the first group's, the others', and two", 4, vec![text("UPDATE copies SET v = v + 1")]),
    ];
    let rows: Vec<String> = keys.iter().map(|key| format!("({key}, 1)")).collect();
    let ways = ways.into_iter().chain([
        (
            "rows for four groups by themselves: with what makes them ready, and one",
            2,
            vec![format!("REPLACE INTO t VALUES {}", rows.join(", "))],
        ),
        (
            "a write in four groups by itself that is known to be quick",
            2,
            // The last but one is over when the last one begins.
            [vec![text("UPDATE t SET v = 2"); 9], vec![text("DO SLEEP(0.3)"), text("UPDATE t SET v = 2")]]
                .concat(),
        ),
    ]);
    let mut wrong = Vec::new();
    for (name, expected, statements) in ways {
        let counted = round_trips(&mut client, &statements, expected).await;
        println!("{counted} round trips: {name}");
        if counted != expected {
            wrong.push(format!("{name}: {counted} round trips, not {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

//! Packets as they are: the same answers with and without DEPRECATE_EOF, and executions in every form that clients send them in.

use ostrakon_tests::cluster::run;
use ostrakon_tests::pair::Pair;
use ostrakon_tests::raw::{Answer, Raw};

/// A client of each kind to each side: node, then plain server.
async fn both(pair: &Pair, deprecates_eof: bool) -> [Raw; 2] {
    [
        Raw::log_in(pair.cluster.port(), "app", deprecates_eof).await,
        Raw::log_in(pair.plain_server.port(), "app", deprecates_eof).await,
    ]
}

async fn filled() -> Pair {
    let mut pair = Pair::start().await;
    let table = "CREATE TABLE t (id INT NOT NULL PRIMARY KEY, a VARCHAR(300), b BIGINT, c DOUBLE, d DATETIME(3), e BLOB)";
    pair.create(table, "DBPARTITION BY HASH(id)").await;
    let long = "x".repeat(260);
    let rows: Vec<String> = (1..20)
        .map(|id| {
            format!(
                "({id}, {}, {}, {id}.5, '2024-01-{id:02} 01:02:03.456', x'00FF')",
                ["NULL", "''", &format!("'{long}'")][id % 3],
                id * 1000
            )
        })
        .collect();
    pair.prepare(&format!("INSERT INTO t VALUES {}", rows.join(","))).await;
    pair
}

/// Rows, the errno, and how many columns there are: what must be the same on both sides and in both modes.
fn content(answer: &Answer) -> (Vec<Vec<u8>>, Option<u16>, usize) {
    (answer.rows.clone(), answer.errno(), answer.columns.len())
}

/// One route each: a pass, a merge, a gather, rows of the node's own, no row, no table, an error before and among rows, and no rows at all.
const ROUTES: &[&str] = &[
    "SELECT * FROM t WHERE id = 3",
    "SELECT * FROM t ORDER BY id",
    "SELECT id, a FROM t ORDER BY id LIMIT 0",
    "SELECT a, COUNT(*) FROM t GROUP BY a ORDER BY 2, 1",
    "SELECT x.id, y.b FROM t x JOIN t y ON y.id = x.id + 1 ORDER BY 1",
    "SELECT id FROM t WHERE id = 1000",
    "SELECT NULL, '', 1",
    "SELECT nothing FROM t",
    "SHOW TABLES",
    "UPDATE t SET b = b + 0 WHERE id = 3",
    "DO 1",
];

#[tokio::test]
async fn answers_are_the_same_with_and_without_deprecate_eof() {
    let pair = filled().await;
    for sql in ROUTES {
        let mut seen = Vec::new();
        for deprecates_eof in [true, false] {
            for (side, client) in both(&pair, deprecates_eof).await.iter_mut().enumerate() {
                let text = client.query(sql).await;
                let binary = match client.prepare(sql).await {
                    Ok(prepared) => {
                        let executed = client.execute(prepared.id, &[]).await;
                        // Rows of the node's own are described when they come.
                        let told = prepared.columns.len();
                        assert!(told == executed.columns.len() || told == 0 && side == 0, "{sql}");
                        Some(content(&executed))
                    }
                    Err(error) => {
                        assert_eq!(ostrakon_tests::raw::errno(&error), text.errno(), "{sql}");
                        None
                    }
                };
                seen.push((side, deprecates_eof, content(&text), binary));
            }
        }
        for other in &seen[1..] {
            assert_eq!((&other.2, &other.3), (&seen[0].2, &seen[0].3), "{sql}: {other:?}");
        }
    }
}

/// Executions of `INSERT ... VALUES (?, ?, ...)` and others in forms that libraries send.
#[tokio::test]
async fn executions_of_every_form_are_read_as_by_a_server() {
    let pair = filled().await;
    for deprecates_eof in [true, false] {
        let mut answers = Vec::new();
        for client in &mut both(&pair, deprecates_eof).await {
            let mut mine = Vec::new();
            // No parameters: nothing behind the count, or the empty list of a library that sends one.
            let none = client.prepare("SELECT id, a, c, d FROM t WHERE id = 5").await.unwrap();
            assert!(none.parameters.is_empty());
            for rest in [&[][..], &[0], &[1]] {
                mine.push(content(&client.execute(none.id, rest).await));
            }
            // Nine parameters: a bitmap of two bytes. Bit n of it says that parameter n is NULL.
            let nine = client.prepare("SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?").await.unwrap();
            assert_eq!(nine.parameters.len(), 9);
            let types: Vec<u8> = [8u8; 9].iter().flat_map(|kind| [*kind, 0]).collect();
            for nulls in [[0u8, 0], [0b0101_0101, 0], [0b1010_1010, 1], [0xFF, 1]] {
                let mut rest = nulls.to_vec();
                rest.push(1);
                rest.extend_from_slice(&types);
                for number in 0..9u64 {
                    if nulls[number as usize / 8] & (1 << (number % 8)) == 0 {
                        rest.extend_from_slice(&(number + 1000).to_le_bytes());
                    }
                }
                mine.push(content(&client.execute(nine.id, &rest).await));
            }
            // Types are sent once: the second execution has none, and means those of the first.
            let two = client.prepare("SELECT id, b FROM t WHERE id = ? AND b > ?").await.unwrap();
            let first = [&[0, 1, 3, 0, 8, 0][..], &7u32.to_le_bytes(), &5u64.to_le_bytes()].concat();
            mine.push(content(&client.execute(two.id, &first).await));
            let second = [&[0, 0][..], &8u32.to_le_bytes(), &5u64.to_le_bytes()].concat();
            mine.push(content(&client.execute(two.id, &second).await));
            // A NULL in it, and the types again.
            let third = [&[0b10, 1, 3, 0, 6, 0][..], &8u32.to_le_bytes()].concat();
            mine.push(content(&client.execute(two.id, &third).await));
            // A statement that is not there.
            mine.push(content(&client.execute(9_999, &[]).await));
            answers.push(mine);
        }
        let [node, plain] = [answers.remove(0), answers.remove(0)];
        for (at, (node, plain)) in node.iter().zip(&plain).enumerate() {
            assert_eq!(node, plain, "execution {at}, deprecates EOF: {deprecates_eof}");
        }
    }
}

/// What is cut short or runs over is an error of that command, and the client is served on.
#[tokio::test]
async fn executions_that_are_cut_short_are_errors_and_no_more() {
    let mut pair = filled().await;
    let mut client = Raw::log_in(pair.cluster.port(), "app", true).await;
    let insert = client.prepare("INSERT INTO t (id, a) VALUES (?, ?)").await.unwrap();
    let whole = [&[0, 1, 3, 0, 0xFD, 0][..], &900u32.to_le_bytes(), &[3], b"abc"].concat();
    for length in 0..whole.len() {
        let answer = client.execute(insert.id, &whole[..length]).await;
        assert!(answer.errno().is_some(), "{length} bytes of {}: {answer:?}", whole.len());
    }
    for wrong in [
        // A length of text that no packet has.
        [&whole[..whole.len() - 4], &[0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]].concat(),
        // A type that there is not.
        [&[0, 1, 99, 0, 0xFD, 0][..], &whole[6..]].concat(),
    ] {
        assert!(client.execute(insert.id, &wrong).await.errno().is_some(), "{wrong:?}");
    }
    assert_eq!(client.execute(insert.id, &whole).await.errno(), None);
    run(&mut pair.plain, "INSERT INTO t (id, a) VALUES (900, 'abc')").await;
    pair.same("SELECT id, a FROM t WHERE id = 900").await;
}

//! Micro benchmark of the lexer: `cargo run --release -p ostrakon-router --example lex`.

use std::hint::black_box;
use std::time::Instant;

use ostrakon_router::lexer::{SqlMode, Template, scan, tokenize};

fn main() {
    let insert = format!(
        "INSERT INTO t (a,b,c,d,e,f,g,h,i,j) VALUES {}",
        vec!["(1001,'some text of a row',3.25,'2026-01-01 00:00:00',5,NULL,'x',8,'a longer piece of text which is here',10)"; 100].join(",")
    );
    let cases = [
        ("point select", "SELECT c FROM sbtest1 WHERE id=500234".to_owned()),
        ("join", "SELECT o.id, o.total, c.name, SUM(i.price * i.quantity) AS amount FROM orders o JOIN customers c ON c.id = o.customer_id JOIN order_items i ON i.order_id = o.id WHERE o.created_at >= '2026-01-01' AND c.country = 'CH' GROUP BY o.id, o.total, c.name HAVING amount > 100 ORDER BY amount DESC LIMIT 20".to_owned()),
        ("100-row insert", insert),
    ];
    for (name, text) in cases {
        let mut template = Template::default();
        let scan_ns = best(|| {
            scan(black_box(text.as_bytes()), SqlMode::default(), &mut template).expect("valid SQL");
            black_box(template.hash);
        });
        let token_ns = best(|| {
            black_box(tokenize(black_box(text.as_bytes()), SqlMode::default()).expect("valid SQL").len());
        });
        let bytes = text.len() as f64;
        println!(
            "{name}: {} bytes, scan {scan_ns:.0} ns ({:.2} ns/byte), tokenize {token_ns:.0} ns",
            text.len(),
            scan_ns / bytes
        );
    }
}

/// Nanoseconds of one call: the best of 30 rounds.
fn best(mut call: impl FnMut()) -> f64 {
    let rounds = (0..30).map(|_| {
        let start = Instant::now();
        for _ in 0..5_000 {
            call();
        }
        start.elapsed().as_nanos() as f64 / 5_000.0
    });
    rounds.fold(f64::INFINITY, f64::min)
}

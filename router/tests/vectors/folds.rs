//! Folds against a server's own equality, recorded from MariaDB 10.11.

use ostrakon_router::sharding::fold::CollationFold;

use super::fixture;

const COLLATIONS: [&str; 4] =
    ["utf8mb4_general_ci", "utf8mb4_unicode_ci", "utf8mb4_unicode_520_ci", "latin1_swedish_ci"];

#[test]
fn strings_that_the_server_calls_equal_have_one_fold() {
    for collation in COLLATIONS {
        let path = format!("{}/tests/data/folds/{collation}.fold", env!("CARGO_MANIFEST_DIR"));
        let bytes = std::fs::read(path).expect("the folds are part of the crate");
        let fold = CollationFold::decode(&bytes).expect("a fold");
        assert_eq!(fold.collation(), collation);
        assert_eq!(fold.encode(), bytes);
        let (mut equal, mut different) = (0, 0);
        for record in fixture::data(&format!("folds/{collation}.csv")).records() {
            let record = record.expect("a pair");
            let (left, right) = (text(&record[0]), text(&record[1]));
            let same = fold.fold(&left) == fold.fold(&right);
            match &record[2] {
                "1" => equal += 1,
                _ => different += 1,
            }
            // These collations pad, so the fold is exactly as fine as the collation.
            assert_eq!(same, &record[2] == "1", "{collation}: {record:?}");
        }
        assert!(equal > 400 && different > 100, "{collation}: {equal} equal, {different} different");
    }
}

fn text(codes: &str) -> String {
    let code =
        |hex: &str| char::from_u32(u32::from_str_radix(hex, 16).expect("hexadecimal")).expect("a character");
    codes.split_whitespace().map(code).collect()
}

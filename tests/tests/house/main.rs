//! The house rules, checked: the order of the crates, and what every source file must and must not hold; links in documents lead somewhere.

mod links;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Longest source file, in lines.
const LINES_MAX: usize = 600;

/// For each crate, the crates of ours that it may use. Whatever is not listed is an upward import.
const LAYERS: [(&str, &[&str]); 9] = [
    ("ostrakon-protocol", &[]),
    ("ostrakon-conf", &[]),
    ("ostrakon-catalog", &[]),
    ("ostrakon-router", &["ostrakon-catalog"]),
    ("ostrakon-merge", &["ostrakon-protocol", "ostrakon-router"]),
    ("ostrakon-meta", &["ostrakon-catalog"]),
    (
        "ostrakon",
        &[
            "ostrakon-protocol",
            "ostrakon-conf",
            "ostrakon-catalog",
            "ostrakon-router",
            "ostrakon-merge",
            "ostrakon-meta",
        ],
    ),
    (
        "ostrakon-tests",
        &[
            "ostrakon",
            "ostrakon-protocol",
            "ostrakon-conf",
            "ostrakon-catalog",
            "ostrakon-router",
            "ostrakon-meta",
        ],
    ),
    (
        "ostrakon-bench",
        &[
            "ostrakon",
            "ostrakon-protocol",
            "ostrakon-catalog",
            "ostrakon-router",
            "ostrakon-merge",
            "ostrakon-meta",
        ],
    ),
];

/// Outside crates that a crate of ours must not use, with the reason.
const FORBIDDEN: [(&str, &[&str], &str); 5] = [
    (
        "ostrakon-router",
        &["tokio", "mio", "socket2", "rand", "rocksdb", "raft"],
        "the router does no IO and reads no clock",
    ),
    ("ostrakon-merge", &["tokio", "sqlparser", "rocksdb", "raft"], "the merge does no IO and knows no SQL"),
    ("ostrakon-catalog", &["tokio", "rocksdb", "raft", "rand"], "the catalog is a pure state machine"),
    ("ostrakon-protocol", &["sqlparser", "rocksdb", "raft", "ostrakon-router"], "the protocol knows no SQL"),
    ("ostrakon", &["rocksdb", "raft"], "only the metadata node knows its store"),
];

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ stands in the repository").to_owned()
}

/// Direct dependencies (not those of tests only) of each crate of the workspace.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(repository())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value =
        serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let packages = metadata["packages"].as_array().expect("packages");
    let uses = |package: &serde_json::Value| {
        let list = package["dependencies"].as_array().expect("dependencies").iter();
        list.filter(|one| one["kind"].is_null()).map(|one| text(&one["name"])).collect()
    };
    packages.iter().map(|package| (text(&package["name"]), uses(package))).collect()
}

#[test]
fn no_crate_imports_upward() {
    let all = dependencies();
    let known: BTreeMap<_, _> =
        LAYERS.iter().map(|(name, below)| (*name, below.iter().collect::<BTreeSet<_>>())).collect();
    for (name, uses) in &all {
        let Some(below) = known.get(name.as_str()) else {
            panic!("{name} has no place in the order of the crates: give it one here")
        };
        for other in uses.iter().filter(|other| all.contains_key(*other)) {
            assert!(
                below.contains(&other.as_str()),
                "{name} imports {other}, which stands above or beside it"
            );
        }
    }
    assert_eq!(all.len(), LAYERS.len(), "a crate of the list is gone");
}

#[test]
fn no_crate_uses_what_its_layer_must_not_know() {
    let all = dependencies();
    for (name, forbidden, reason) in FORBIDDEN {
        for other in forbidden {
            assert!(!all[name].contains(*other), "{name} uses {other}: {reason}");
        }
    }
}

/// Files of the repository with this extension, but for what is built or downloaded.
fn files_ending(folder: &Path, wanted: &str, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a readable folder").flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        if path.is_dir()
            && name != "target"
            && !name.to_string_lossy().starts_with('.')
            && name != "node_modules"
        {
            files_ending(&path, wanted, found);
        } else if path.extension().is_some_and(|extension| extension == wanted) {
            found.push(path);
        }
    }
}

/// Every fault of one file, in words.
fn faults(path: &Path, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if !text.starts_with("//! ") {
        faults.push("its first line does not say what it holds (//!)".to_owned());
    }
    let lines = text.lines().count();
    if lines > LINES_MAX {
        faults.push(format!("{lines} lines, more than {LINES_MAX}: split it along its ideas"));
    }
    if matches!(&*name, "mod.rs" | "utils.rs" | "util.rs" | "helpers.rs" | "common.rs" | "misc.rs") {
        faults.push("its name says nothing of its idea".to_owned());
    }
    // Written apart, so that this file passes its own test.
    for banned in [concat!("#[", "ignore"), concat!("FIX", "ME")] {
        for (number, line) in text.lines().enumerate() {
            if line.contains(banned) {
                faults.push(format!("line {}: {banned}", number + 1));
            }
        }
    }
    faults
}

#[test]
fn every_source_file_keeps_the_house_rules() {
    let mut files = Vec::new();
    files_ending(&repository(), "rs", &mut files);
    assert!(files.len() > 20, "only {} source files were found", files.len());
    let mut all = Vec::new();
    for path in files {
        let text = std::fs::read_to_string(&path).expect("source is UTF-8");
        all.extend(faults(&path, &text).into_iter().map(|fault| format!("{}: {fault}", path.display())));
    }
    assert!(all.is_empty(), "\n{}", all.join("\n"));
}

#[test]
fn a_file_without_a_heading_or_with_an_empty_name_is_a_fault() {
    assert_eq!(faults(Path::new("a/idea.rs"), "//! One idea.\n"), Vec::<String>::new());
    assert_eq!(faults(Path::new("a/idea.rs"), "fn x() {}\n").len(), 1);
    assert_eq!(faults(Path::new("a/mod.rs"), "//! One idea.\n").len(), 1);
    assert_eq!(faults(Path::new("a/idea.rs"), &format!("//! x\n{}", "\n".repeat(700))).len(), 1);
}

//! Links in the documents: every relative one leads to a file or folder, and to a heading where it names one.

use std::path::{Path, PathBuf};

use super::{files_ending, repository};

/// Targets of `[text](target)` outside of code.
fn targets(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut in_block = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        }
        if in_block {
            continue;
        }
        // Every second part stands between backticks.
        let prose: String = line.split('`').step_by(2).collect::<Vec<_>>().join("code");
        for part in prose.split("](").skip(1) {
            found.extend(part.split(')').next().map(str::to_owned));
        }
    }
    found
}

/// The anchor of a heading, as the code host makes it.
fn anchor(heading: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    heading.trim().to_lowercase().chars().filter(kept).map(|c| if c == ' ' { '-' } else { c }).collect()
}

fn has_anchor(text: &str, wanted: &str) -> bool {
    text.lines()
        .filter(|line| line.starts_with('#'))
        .any(|line| anchor(line.trim_start_matches('#')) == wanted)
}

/// Why a link of `document` leads nowhere; `None` for one that does, and for links to other sites.
fn fault(document: &Path, text: &str, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (path, heading) = target.split_once('#').unwrap_or((target, ""));
    let file: PathBuf = match path {
        "" => document.to_owned(),
        path => document.parent()?.join(path),
    };
    if !file.exists() {
        return Some(format!("{target}: there is no such file"));
    }
    if heading.is_empty() {
        return None;
    }
    let read = if path.is_empty() { Ok(text.to_owned()) } else { std::fs::read_to_string(&file) };
    match read {
        Ok(text) if has_anchor(&text, heading) => None,
        _ => Some(format!("{target}: there is no such heading")),
    }
}

#[test]
fn every_relative_link_in_a_document_leads_somewhere() {
    let mut documents = Vec::new();
    files_ending(&repository(), "md", &mut documents);
    assert!(documents.len() > 10, "only {} documents were found", documents.len());
    let mut all = Vec::new();
    let mut checked = 0;
    for path in documents {
        let text = std::fs::read_to_string(&path).expect("documents are UTF-8");
        let targets = targets(&text);
        checked += targets.len();
        let faults = targets.iter().filter_map(|target| fault(&path, &text, target));
        all.extend(faults.map(|fault| format!("{}: {fault}", path.display())));
    }
    assert!(all.is_empty(), "\n{}", all.join("\n"));
    assert!(checked > 20, "only {checked} links were found");
}

#[test]
fn a_link_that_leads_nowhere_is_a_fault() {
    let document = repository().join("README.md");
    let text =
        "# A title, with `code`\n[a](docs) [b](#a-title-with-code) `[c](nowhere)`\n```\n[d](nowhere)\n```\n";
    assert_eq!(targets(text), ["docs", "#a-title-with-code"]);
    assert!(targets(text).iter().all(|target| fault(&document, text, target).is_none()));
    assert!(fault(&document, text, "nowhere.md").is_some());
    assert!(fault(&document, text, "#another-title").is_some());
    assert!(fault(&document, text, "https://example.org/nowhere.md").is_none());
}

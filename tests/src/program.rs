//! Programs that tests run: clients of other languages, sysbench.

use std::process::{Command, Output};

/// What a program wrote to both its outputs.
pub fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The number after `transactions:`, `queries:` and so on in sysbench's report.
pub fn figure(report: &str, name: &str) -> Option<u64> {
    let line = report.lines().find_map(|line| line.trim_start().strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Runs a program that must be there and end well; gives all that it wrote.
pub fn must(command: &mut Command) -> String {
    let shown = format!("{command:?}");
    let output = command.output().unwrap_or_else(|error| {
        panic!("{shown}: {error}. `tools/setup test` installs what the tests need");
    });
    let said = text(&output);
    assert!(output.status.success(), "{shown} ended with {}:\n{said}", output.status);
    said
}

//! Prometheus' text format, version 0.0.4: families of samples, each with its HELP and TYPE lines.

use std::fmt::{Display, Write};

/// The content type of the text.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What a family's values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Grows until the process ends.
    Counter,
    Gauge,
}

/// The text, as far as it is written.
#[derive(Debug, Default)]
pub struct Exposition {
    text: String,
}

impl Exposition {
    /// Begins a family. A name is there once, and its samples are added before the next family begins.
    pub fn family(&mut self, name: &'static str, kind: Kind, help: &'static str) -> Family<'_> {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
        };
        // In HELP a quote stays as it is.
        let help = help.replace('\\', "\\\\").replace('\n', "\\n");
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        Family { text: &mut self.text, name }
    }

    pub fn into_text(self) -> String {
        self.text
    }
}

/// Adds samples to one family.
#[derive(Debug)]
pub struct Family<'e> {
    text: &'e mut String,
    name: &'static str,
}

impl Family<'_> {
    /// The only sample of a family without labels.
    pub fn value(self, value: impl Display) {
        let _ = writeln!(self.text, "{} {value}", self.name);
    }

    /// A sample with a label.
    pub fn with(&mut self, label: &str, label_value: &str, value: impl Display) {
        let _ = writeln!(self.text, "{}{{{label}=\"{}\"}} {value}", self.name, escaped(label_value));
    }
}

/// A label's value as it stands between quotes.
fn escaped(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '\\' => escaped.push_str("\\\\"),
            '"' => escaped.push_str("\\\""),
            '\n' => escaped.push_str("\\n"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_have_help_type_and_samples() {
        let mut exposition = Exposition::default();
        exposition.family("a_total", Kind::Counter, "One \"thing\" \\ of\ntwo lines.").value(7);
        let mut family = exposition.family("b_seconds", Kind::Gauge, "Ages.");
        family.with("instance", "i1", 0.25);
        family.with("instance", "i2", 3);
        let text = "# HELP a_total One \"thing\" \\\\ of\\ntwo lines.\n# TYPE a_total counter\na_total 7\n\
                    # HELP b_seconds Ages.\n# TYPE b_seconds gauge\nb_seconds{instance=\"i1\"} 0.25\n\
                    b_seconds{instance=\"i2\"} 3\n";
        assert_eq!(exposition.into_text(), text);
    }

    #[test]
    fn a_label_cannot_end_its_line_or_its_quotes() {
        let mut exposition = Exposition::default();
        exposition.family("a", Kind::Gauge, "A.").with("instance", "x\"} 1\ny{z=\"\\ Zürich", 1);
        let text = exposition.into_text();
        assert_eq!(text.lines().count(), 3);
        assert_eq!(text.lines().last(), Some("a{instance=\"x\\\"} 1\\ny{z=\\\"\\\\ Zürich\"} 1"));
    }
}

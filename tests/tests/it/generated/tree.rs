//! A statement as a tree whose parts can be left out, so that a case that fails can be made small.

use mysql_async::Value;

/// A piece of a statement.
#[derive(Clone, Debug, PartialEq)]
pub enum Tree {
    Text(String),
    /// A literal; its value is a parameter's when the statement is prepared.
    Literal(String, Value),
    All(Vec<Tree>),
    /// May be left out.
    Maybe(Box<Tree>),
    /// Items with a separator; this many at least must stay.
    List(Vec<Tree>, &'static str, usize),
    /// May be replaced by one of the simpler ones.
    Or(Box<Tree>, Vec<Tree>),
}

impl From<&str> for Tree {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Tree {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// Pieces in a row.
macro_rules! tree {
    ($($piece:expr),+ $(,)?) => { Tree::All(vec![$(Tree::from($piece)),+]) };
}
pub(super) use tree;

impl Tree {
    /// Nothing.
    pub fn none() -> Self {
        Self::Text(String::new())
    }

    pub fn maybe(self) -> Self {
        Self::Maybe(Box::new(self))
    }

    /// One item or more, with a separator.
    pub fn list(items: Vec<Self>, separator: &'static str) -> Self {
        Self::List(items, separator, 1)
    }

    /// Replaceable by simpler ones.
    pub fn or(self, simpler: Vec<Self>) -> Self {
        Self::Or(Box::new(self), simpler)
    }

    /// The statement with its literals in it.
    pub fn text(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, &mut None);
        out
    }

    /// The statement with `?` for literals, and their values.
    pub fn prepared(&self) -> (String, Vec<Value>) {
        let (mut out, mut values) = (String::new(), Some(Vec::new()));
        self.write(&mut out, &mut values);
        (out, values.unwrap_or_default())
    }

    fn write(&self, out: &mut String, values: &mut Option<Vec<Value>>) {
        match self {
            Self::Text(text) => out.push_str(text),
            Self::Literal(text, value) => match values {
                Some(values) => {
                    out.push('?');
                    values.push(value.clone());
                }
                None => out.push_str(text),
            },
            Self::All(pieces) => pieces.iter().for_each(|piece| piece.write(out, values)),
            Self::Maybe(piece) | Self::Or(piece, _) => piece.write(out, values),
            Self::List(items, separator, _) => {
                for (number, item) in items.iter().enumerate() {
                    if number > 0 {
                        out.push_str(separator);
                    }
                    item.write(out, values);
                }
            }
        }
    }

    /// All trees that are one step smaller; the biggest steps first.
    pub fn smaller(&self) -> Vec<Self> {
        let mut found = Vec::new();
        match self {
            Self::Text(_) | Self::Literal(..) => {}
            Self::All(pieces) => {
                for (at, piece) in pieces.iter().enumerate() {
                    for less in piece.smaller() {
                        let mut made = pieces.clone();
                        made[at] = less;
                        found.push(Self::All(made));
                    }
                }
            }
            Self::Maybe(piece) => {
                found.push(Self::none());
                found.extend(piece.smaller().into_iter().map(Self::maybe));
            }
            Self::List(items, separator, least) => {
                for at in (0..items.len()).filter(|_| items.len() > *least) {
                    let mut made = items.clone();
                    made.remove(at);
                    found.push(Self::List(made, separator, *least));
                }
                for (at, item) in items.iter().enumerate() {
                    for less in item.smaller() {
                        let mut made = items.clone();
                        made[at] = less;
                        found.push(Self::List(made, separator, *least));
                    }
                }
            }
            Self::Or(piece, simpler) => {
                found.extend(simpler.iter().cloned());
                found.extend(piece.smaller().into_iter().map(|less| less.or(simpler.clone())));
            }
        }
        found
    }
}

#[test]
fn a_tree_gets_smaller_step_by_step() {
    let list = Tree::list(vec![tree!["a"], tree!["b"].or(vec!["1".into()])], ", ");
    let statement =
        tree!["SELECT ", list, tree![" WHERE x = ", Tree::Literal("5".to_owned(), 5.into())].maybe()];
    assert_eq!(statement.text(), "SELECT a, b WHERE x = 5");
    assert_eq!(statement.prepared(), ("SELECT a, b WHERE x = ?".to_owned(), vec![5.into()]));
    let smaller: Vec<String> = statement.smaller().iter().map(Tree::text).collect();
    assert_eq!(
        smaller,
        ["SELECT b WHERE x = 5", "SELECT a WHERE x = 5", "SELECT a, 1 WHERE x = 5", "SELECT a, b"]
    );
}

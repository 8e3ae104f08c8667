//! A physical table's definition as SHOW CREATE TABLE tells it, without its name and AUTO_INCREMENT: compared element by element.

use ostrakon_router::sharding::topology::quote;

/// Stands for the physical name where a server builds other names from it.
const OWN_NAME: char = '\u{1}';

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ElementKind {
    Column,
    Key,
    Constraint,
}

/// One line between the parentheses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    pub kind: ElementKind,
    /// As the server quotes it, or `PRIMARY KEY`.
    pub name: String,
    /// The whole line, without the comma.
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    pub elements: Vec<Element>,
    /// `ENGINE=InnoDB`, `DEFAULT CHARSET=utf8mb4` and so on.
    pub options: Vec<String>,
}

/// What one definition has other than the reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    Missing(Element),
    Extra(Element),
    Changed {
        here: Element,
        there: Element,
    },
    /// The columns are the same, in another order; the first that is out of its place.
    Order(String),
    Options {
        here: Vec<String>,
        there: Vec<String>,
    },
}

impl Definition {
    /// Reads what SHOW CREATE TABLE printed for the physical table of this name. `None`: it is no table.
    pub fn read(text: &str, physical: &str) -> Option<Self> {
        let mut lines = text.lines();
        if !lines.next()?.starts_with("CREATE TABLE ") {
            return None;
        }
        let (mut elements, mut options) = (Vec::new(), Vec::new());
        for line in lines {
            if !options.is_empty() {
                options.push(line.trim().to_owned());
            } else if let Some(rest) = line.strip_prefix(')') {
                options = split_options(rest);
            } else {
                let line = line.trim();
                elements.push(element(line.strip_suffix(',').unwrap_or(line), physical));
            }
        }
        Some(Self { elements, options })
    }

    /// The CREATE TABLE for another physical table.
    pub fn create(&self, quoted: &str, physical: &str) -> String {
        let lines: Vec<String> =
            self.elements.iter().map(|e| format!("  {}", with_name(&e.text, physical))).collect();
        format!("CREATE TABLE {quoted} (\n{}\n) {}", lines.join(",\n"), self.options.join(" "))
    }

    fn find(&self, other: &Element) -> Option<&Element> {
        self.elements.iter().find(|e| e.kind == other.kind && e.name == other.name)
    }

    /// Names of the columns, quoted, in order.
    fn columns(&self) -> impl Iterator<Item = &Element> {
        self.elements.iter().filter(|e| e.kind == ElementKind::Column)
    }

    /// What this one has other than the reference.
    pub fn differences(&self, reference: &Self) -> Vec<Difference> {
        let mut found = Vec::new();
        for there in &reference.elements {
            match self.find(there) {
                None => found.push(Difference::Missing(there.clone())),
                Some(here) if here.text != there.text => {
                    found.push(Difference::Changed { here: here.clone(), there: there.clone() });
                }
                Some(_) => {}
            }
        }
        let extra = self.elements.iter().filter(|e| reference.find(e).is_none());
        found.extend(extra.cloned().map(Difference::Extra));
        let common = |of: &Self, other: &Self| -> Vec<String> {
            of.columns().filter(|e| other.find(e).is_some()).map(|e| e.name.clone()).collect()
        };
        let (here, there) = (common(self, reference), common(reference, self));
        if let Some((_, moved)) = here.iter().zip(&there).find(|(a, b)| a != b) {
            found.push(Difference::Order(moved.clone()));
        }
        let only = |of: &[String], other: &[String]| -> Vec<String> {
            of.iter().filter(|o| !other.contains(o)).cloned().collect()
        };
        let (here, there) =
            (only(&self.options, &reference.options), only(&reference.options, &self.options));
        if !here.is_empty() || !there.is_empty() {
            found.push(Difference::Options { here, there });
        }
        found
    }

    /// The clause of ALTER TABLE that brings one difference to the reference, for the physical table of this name; `Err`: why none is proposed.
    pub fn clause(&self, difference: &Difference, physical: &str) -> Result<String, String> {
        let text = |e: &Element| with_name(&e.text, physical);
        match difference {
            Difference::Missing(e) if e.kind == ElementKind::Column => {
                Ok(format!("ADD COLUMN {}{}", text(e), self.place(&e.name)))
            }
            Difference::Missing(e) => Ok(format!("ADD {}", text(e))),
            Difference::Changed { there, .. } if there.kind == ElementKind::Column => {
                Ok(format!("MODIFY COLUMN {}", text(there)))
            }
            Difference::Changed { here, there } => {
                Ok(format!("{}, ADD {}", drop_clause(here, physical), text(there)))
            }
            Difference::Extra(e) if e.kind == ElementKind::Column => Err(format!(
                "column {0} is there only: save its values if they are needed, then ALTER TABLE ... DROP COLUMN {0}",
                e.name
            )),
            Difference::Extra(e) => Ok(drop_clause(e, physical)),
            Difference::Order(name) => match self.columns().find(|e| e.name == *name) {
                Some(e) => Ok(format!("MODIFY COLUMN {}{}", text(e), self.place(name))),
                None => Err(format!("the order of column {name} cannot be mended")),
            },
            Difference::Options { here, there } => {
                let mut clauses = there.clone();
                for option in here {
                    let name = option_name(option);
                    if there.iter().any(|other| option_name(other) == name) {
                        continue;
                    }
                    match name {
                        "COMMENT" => clauses.push("COMMENT=''".to_owned()),
                        "ROW_FORMAT" => clauses.push("ROW_FORMAT=DEFAULT".to_owned()),
                        "KEY_BLOCK_SIZE" => clauses.push("KEY_BLOCK_SIZE=0".to_owned()),
                        _ => return Err(format!("how table option {option} is taken back is not known")),
                    }
                }
                Ok(clauses.join(" "))
            }
        }
    }

    /// FIRST, or AFTER the column that stands before it here.
    fn place(&self, name: &str) -> String {
        let columns: Vec<&Element> = self.columns().collect();
        match columns.iter().position(|e| e.name == name).and_then(|at| at.checked_sub(1)) {
            Some(before) => columns.get(before).map(|e| format!(" AFTER {}", e.name)).unwrap_or_default(),
            None => " FIRST".to_owned(),
        }
    }
}

impl Difference {
    /// In words: what it is here, and what it is elsewhere.
    pub fn describe(&self) -> String {
        let kind = |e: &Element| match e.kind {
            ElementKind::Column => "column",
            ElementKind::Key => "key",
            ElementKind::Constraint => "constraint",
        };
        match self {
            Self::Missing(e) => format!("{} {} is missing", kind(e), e.name),
            Self::Extra(e) => format!("{} {} should not be there", kind(e), e.name),
            Self::Changed { here, there } => {
                let own =
                    |e: &Element| with_name(e.text.strip_prefix(&e.name).unwrap_or(&e.text).trim(), "...");
                format!("{} {} is {}, elsewhere {}", kind(here), here.name, own(here), own(there))
            }
            Self::Order(name) => format!("column {name} is in another place"),
            Self::Options { here, there } => {
                let list = |options: &[String]| match options.is_empty() {
                    true => "not given".to_owned(),
                    false => options.join(" "),
                };
                format!("table option is {}, elsewhere {}", list(here), list(there))
            }
        }
    }
}

fn drop_clause(element: &Element, physical: &str) -> String {
    let name = with_name(&element.name, physical);
    match element.kind {
        ElementKind::Key if name == "PRIMARY KEY" => "DROP PRIMARY KEY".to_owned(),
        ElementKind::Column => format!("DROP COLUMN {name}"),
        ElementKind::Key => format!("DROP KEY {name}"),
        ElementKind::Constraint => format!("DROP CONSTRAINT {name}"),
    }
}

fn with_name(text: &str, physical: &str) -> String {
    text.replace(OWN_NAME, &physical.replace('`', "``"))
}

fn element(line: &str, physical: &str) -> Element {
    let quoted_word = |text: &str| -> String {
        // A backtick inside is doubled.
        let bytes = text.as_bytes();
        let mut at = 1;
        while let Some(found) = text.get(at..).and_then(|rest| rest.find('`')) {
            at += found + 1;
            if bytes.get(at) != Some(&b'`') {
                break;
            }
            at += 1;
        }
        text.get(..at).unwrap_or(text).to_owned()
    };
    if line.starts_with('`') {
        return Element { kind: ElementKind::Column, name: quoted_word(line), text: line.to_owned() };
    }
    if line.starts_with("CONSTRAINT ") {
        let own = quote(physical);
        let own = own.strip_suffix('`').unwrap_or(&own);
        let text = line.replacen(&format!("{own}_"), &format!("`{OWN_NAME}_"), 1);
        let name = text.find('`').and_then(|at| text.get(at..)).map(quoted_word).unwrap_or_default();
        return Element { kind: ElementKind::Constraint, name, text };
    }
    if line.starts_with("PRIMARY KEY") {
        return Element { kind: ElementKind::Key, name: "PRIMARY KEY".to_owned(), text: line.to_owned() };
    }
    let kind = if line.starts_with("CHECK") { ElementKind::Constraint } else { ElementKind::Key };
    let name = line.find('`').and_then(|at| line.get(at..)).map(quoted_word).unwrap_or_default();
    Element { kind, name, text: line.to_owned() }
}

/// Splits ` ENGINE=InnoDB AUTO_INCREMENT=7 DEFAULT CHARSET=utf8mb4 COMMENT='a b'`; AUTO_INCREMENT is left out.
fn split_options(text: &str) -> Vec<String> {
    let (mut options, mut current, mut quoted) = (Vec::<String>::new(), String::new(), false);
    for c in text.trim().chars().chain([' ']) {
        if c == '\'' {
            quoted = !quoted;
        }
        if c != ' ' || quoted {
            current.push(c);
        } else if !current.is_empty() {
            let word = std::mem::take(&mut current);
            match options.last_mut() {
                Some(before) if before == "DEFAULT" => *before = format!("DEFAULT {word}"),
                _ => options.push(word),
            }
        }
    }
    options.retain(|o| !o.starts_with("AUTO_INCREMENT="));
    options
}

fn option_name(option: &str) -> &str {
    option.split('=').next().unwrap_or(option)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "CREATE TABLE `t_ab_0` (\n  `id` bigint(20) NOT NULL AUTO_INCREMENT,\n  `a``,b` varchar(10) DEFAULT 'x, y',\n  \
                        PRIMARY KEY (`id`),\n  UNIQUE KEY `by_a` (`a``,b`),\n  CONSTRAINT `t_ab_0_chk_1` CHECK (`id` > 0)\n) ENGINE=InnoDB \
                        AUTO_INCREMENT=17 DEFAULT CHARSET=utf8mb4 COMMENT='a b'";

    fn read(change: impl Fn(&str) -> String) -> Definition {
        Definition::read(&change(TEXT), "t_ab_0").unwrap()
    }

    #[test]
    fn names_and_auto_increment_do_not_count() {
        let other = TEXT.replace("t_ab_0", "t_ab_1").replace("=17", "=99");
        let other = Definition::read(&other, "t_ab_1").unwrap();
        let one = read(str::to_owned);
        assert_eq!(one.differences(&other), []);
        assert_eq!(one.options, ["ENGINE=InnoDB", "DEFAULT CHARSET=utf8mb4", "COMMENT='a b'"]);
        let made = other.create("`d`.`t_ab_7`", "t_ab_7");
        assert_eq!(Definition::read(&made.replace("`d`.", ""), "t_ab_7").unwrap(), one);
        assert!(made.contains("`t_ab_7_chk_1`"), "{made}");
    }

    #[test]
    fn each_difference_is_told_and_has_its_clause() {
        let reference = read(str::to_owned);
        for (from, to, told, clause) in [
            (
                "varchar(10)",
                "varchar(20)",
                "is varchar(20) DEFAULT 'x, y', elsewhere varchar(10)",
                "MODIFY COLUMN `a``,b` varchar(10)",
            ),
            ("  `a``,b` varchar(10) DEFAULT 'x, y',\n", "", "column `a``,b` is missing", "AFTER `id`"),
            ("  UNIQUE KEY `by_a` (`a``,b`),\n", "", "key `by_a` is missing", "ADD UNIQUE KEY `by_a`"),
            ("UNIQUE KEY", "KEY", "elsewhere UNIQUE KEY", "DROP KEY `by_a`, ADD UNIQUE KEY `by_a`"),
            (
                "PRIMARY KEY (`id`)",
                "PRIMARY KEY (`a``,b`)",
                "elsewhere (`id`)",
                "DROP PRIMARY KEY, ADD PRIMARY KEY (`id`)",
            ),
            ("InnoDB", "Aria", "is ENGINE=Aria, elsewhere ENGINE=InnoDB", "ENGINE=InnoDB"),
            ("COMMENT='a b'", "COMMENT='a b' ROW_FORMAT=DYNAMIC", "ROW_FORMAT=DYNAMIC", "ROW_FORMAT=DEFAULT"),
            (
                "`id` > 0",
                "`id` > 1",
                "constraint",
                "DROP CONSTRAINT `t_ab_0_chk_1`, ADD CONSTRAINT `t_ab_0_chk_1`",
            ),
        ] {
            let differences = read(|text| text.replace(from, to)).differences(&reference);
            let [difference] = differences.as_slice() else { panic!("{to}: {differences:?}") };
            assert!(difference.describe().contains(told), "{}", difference.describe());
            let found = reference.clause(difference, "t_ab_0").unwrap();
            assert!(found.contains(clause), "{found}");
        }
        let extra =
            read(|text| text.replace("  PRIMARY", "  `more` int(11),\n  PRIMARY")).differences(&reference);
        assert!(reference.clause(&extra[0], "t_ab_0").is_err());
        let swapped = "  `a``,b` varchar(10) DEFAULT 'x, y',\n";
        let moved =
            read(|text| text.replace(swapped, "").replace("(\n  `id`", &format!("(\n{swapped}  `id`")));
        let differences = moved.differences(&reference);
        assert_eq!(differences, [Difference::Order("`id`".into())]);
    }
}

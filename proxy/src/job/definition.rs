//! The definition of a physical table, comparable with another's: SHOW CREATE TABLE without what differs by nature.

use std::collections::BTreeMap;

use ostrakon_router::sharding::topology::quote;

use crate::backend::connection::Connection;
use crate::error::SqlError;

/// Stands for the physical table's own name in the names of its constraints.
const OWN_NAME: &str = "<table>";

/// Columns, keys and options of a physical table as the server prints them, without its name and its AUTO_INCREMENT counter.
/// Keys are in the order of their text: the order in which they were made says nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    pub columns: Vec<String>,
    pub keys: Vec<String>,
    pub options: String,
}

/// Definitions by the version of the server that printed them: servers of different versions print the same table differently.
pub type ByVersion = BTreeMap<String, Definition>;

impl Definition {
    /// Reads what SHOW CREATE TABLE printed for the physical table `name`; `None` when it is no CREATE TABLE.
    pub fn parse(text: &str, name: &str) -> Option<Self> {
        let mut lines = text.split('\n');
        if !lines.next()?.starts_with("CREATE TABLE ") {
            return None;
        }
        let mut parts: Vec<String> = Vec::new();
        let mut options: Option<String> = None;
        for line in lines {
            match (&mut options, line) {
                (Some(options), _) => {
                    options.push('\n');
                    options.push_str(line);
                }
                (None, _) if line.starts_with(')') => options = Some(line.to_owned()),
                (None, _) if line.starts_with("  ") => parts.push(line.trim_start().to_owned()),
                // A line break inside of a literal.
                (None, _) => {
                    let last = parts.last_mut()?;
                    last.push('\n');
                    last.push_str(line);
                }
            }
        }
        let (mut columns, mut keys) = (Vec::new(), Vec::new());
        for part in parts {
            let part = part.strip_suffix(',').unwrap_or(&part);
            match part.starts_with('`') {
                true => columns.push(part.to_owned()),
                false => keys.push(own_name_out(part, name)),
            }
        }
        keys.sort_unstable();
        Some(Self { columns, keys, options: without_counter(&options?) })
    }

    /// The text that `decode` reads.
    pub fn encode(&self) -> String {
        let part = |text: &String| format!("  {text},\n");
        let parts: String = self.columns.iter().chain(&self.keys).map(part).collect();
        format!("CREATE TABLE {OWN_NAME} (\n{parts}{}", self.options)
    }

    /// The statement that makes a table like this one.
    pub fn create(&self, quoted: &str, name: &str) -> String {
        let parts: Vec<String> =
            self.columns.iter().chain(&self.keys).map(|part| Self::own_name_in(part, name)).collect();
        format!("CREATE TABLE {quoted} ({}\n{}", parts.join(",\n"), self.options)
    }

    pub fn decode(text: &str) -> Option<Self> {
        Self::parse(text, OWN_NAME)
    }

    /// A part of a definition, for the physical table `name`.
    pub fn own_name_in(part: &str, name: &str) -> String {
        part.replace(&format!("`{OWN_NAME}"), &format!("`{}", name.replace('`', "``")))
    }
}

/// `CONSTRAINT `t_0_chk_1`` and so on: MySQL makes these names from the table's.
fn own_name_out(part: &str, name: &str) -> String {
    let own = format!("CONSTRAINT `{}", name.replace('`', "``"));
    match part.strip_prefix(&own) {
        Some(rest) if rest.starts_with("_chk_") || rest.starts_with("_ibfk_") => {
            format!("CONSTRAINT `{OWN_NAME}{rest}")
        }
        _ => part.to_owned(),
    }
}

/// The options without `AUTO_INCREMENT=n`, which stands before any literal.
fn without_counter(options: &str) -> String {
    const COUNTER: &str = " AUTO_INCREMENT=";
    let literal = options.find('\'').unwrap_or(options.len());
    let Some(at) = options.get(..literal).and_then(|before| before.find(COUNTER)) else {
        return options.to_owned();
    };
    let (before, counter) = options.split_at(at);
    let digits = counter.get(COUNTER.len()..).unwrap_or_default();
    format!("{before}{}", digits.trim_start_matches(|c: char| c.is_ascii_digit()))
}

/// Reads the definition of a physical table. The connection must have the settings `Run::reading`, or others that quote by backticks.
pub async fn read(connection: &mut Connection, database: &str, name: &str) -> Result<Definition, SqlError> {
    let answer = connection.query(&format!("SHOW CREATE TABLE {}.{}", quote(database), quote(name))).await?;
    let text = answer.text(0, 1);
    match Definition::parse(&text, name) {
        Some(definition) => Ok(definition),
        None => Err(SqlError::other(format!("'{name}' is no table, or its definition cannot be read"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOWN: &str = "CREATE TABLE `t_Ab12_03` (\n  `id` bigint(20) NOT NULL AUTO_INCREMENT,\n  `v` varchar(20) DEFAULT 'a,\nb' COMMENT 'x',\n  PRIMARY KEY (`id`),\n  KEY `b` (`v`),\n  KEY `a` (`v`),\n  CONSTRAINT `t_Ab12_03_chk_1` CHECK (`id` > 0)\n) ENGINE=InnoDB AUTO_INCREMENT=17 DEFAULT CHARSET=utf8mb4 COMMENT='no AUTO_INCREMENT=5 here'";

    #[test]
    fn what_differs_by_nature_is_left_out() {
        let definition = Definition::parse(SHOWN, "t_Ab12_03").unwrap();
        assert_eq!(definition.columns.len(), 2);
        assert_eq!(definition.columns[1], "`v` varchar(20) DEFAULT 'a,\nb' COMMENT 'x'");
        let keys = ["CONSTRAINT `<table>_chk_1` CHECK (`id` > 0)", "KEY `a` (`v`)", "KEY `b` (`v`)"];
        assert_eq!(definition.keys[..3], keys);
        assert_eq!(
            definition.options,
            ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT='no AUTO_INCREMENT=5 here'"
        );
        let other = SHOWN.replace("t_Ab12_03", "t_Ab12_04").replace("=17", "=23");
        assert_eq!(Definition::parse(&other, "t_Ab12_04").unwrap(), definition);
    }

    #[test]
    fn the_text_that_is_kept_is_read_back() {
        let definition = Definition::parse(SHOWN, "t_Ab12_03").unwrap();
        assert_eq!(Definition::decode(&definition.encode()).unwrap(), definition);
        let made = definition.create("`d`.`q`", "q").replace("`d`.`q` (", "`q` (\n").replace("\n`", "\n  `");
        assert!(made.contains("CONSTRAINT `q_chk_1`") && !made.contains(OWN_NAME), "{made}");
        assert_eq!(
            Definition::own_name_in(&definition.keys[0], "q"),
            "CONSTRAINT `q_chk_1` CHECK (`id` > 0)"
        );
    }

    #[test]
    fn what_is_no_table_is_not_taken_for_one() {
        assert_eq!(Definition::parse("CREATE VIEW v AS SELECT 1", "v"), None);
        assert_eq!(Definition::parse("", "v"), None);
    }
}

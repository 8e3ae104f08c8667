//! What an instance says of itself: version, and collations by number.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use crate::backend::pool::Pooled;
use crate::error::SqlError;
use crate::node::ServerInfo;
use crate::worker::Worker;

/// One collation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collation {
    pub id: u16,
    pub name: String,
    pub charset: String,
    /// The character set's default.
    pub is_default: bool,
}

/// Collations by number.
#[derive(Clone, Debug, Default)]
pub struct Collations {
    by_id: BTreeMap<u16, Collation>,
}

impl Collations {
    /// SQL literals for character set and collation of a client that logged in with this number. `None`: the number is not known, so the session
    /// starts with utf8mb4, as a server falls back to its own.
    ///
    /// Errors: the name of a character set whose multi-byte characters can hold ASCII bytes. Its texts cannot be read, and taking them for another
    /// set's would store wrong text.
    pub fn client_charset(&self, id: u16) -> Result<Option<(String, String)>, String> {
        const UNSAFE: [&str; 8] = ["gbk", "sjis", "big5", "cp932", "gb18030", "ucs2", "utf16", "utf32"];
        let Some(collation) = self.by_id.get(&id) else { return Ok(None) };
        if UNSAFE.contains(&collation.charset.as_str()) {
            return Err(collation.charset.clone());
        }
        Ok(Some((format!("'{}'", collation.charset), format!("'{}'", collation.name))))
    }

    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// The default collation of a character set.
    pub fn default_of(&self, charset: &str) -> Option<&str> {
        self.by_id.values().find(|c| c.is_default && c.charset == charset).map(|c| c.name.as_str())
    }
}

/// Asks the first instance that answers. False when none did, or there is none to ask.
pub async fn learn_server(worker: &Rc<Worker>) -> bool {
    let catalog = worker.node.meta.catalog();
    for instance in catalog.instances.values() {
        let mut connection = match worker.pool(instance).acquire(false).await {
            Ok(connection) => connection,
            Err(e) => {
                tracing::warn!(instance = %instance.name, error = %e.message, "instance does not answer");
                continue;
            }
        };
        match ask(&mut connection, &worker.node.server.load()).await {
            Ok(None) => return true,
            Ok(Some(info)) => {
                tracing::info!(instance = %instance.name, version = %info.version, "learnt the server's version");
                worker.node.server.store(Arc::new(info));
                return true;
            }
            Err(e) => {
                tracing::warn!(instance = %instance.name, error = %e.message, "instance does not describe itself")
            }
        }
    }
    false
}

/// Reads version and collations. `None`: it is of the version that is known, whose collations are.
async fn ask(connection: &mut Pooled, known: &ServerInfo) -> Result<Option<ServerInfo>, SqlError> {
    let version = connection.query("SELECT VERSION()").await?.text(0, 0);
    let told = format!("{version}-ostrakon");
    if told == known.version && !known.is_assumed() {
        return Ok(None);
    }
    let answer = connection
        .query("SELECT ID, COLLATION_NAME, CHARACTER_SET_NAME, IS_DEFAULT FROM information_schema.COLLATIONS WHERE ID IS NOT NULL")
        .await?;
    let mut by_id = BTreeMap::new();
    for row in 0..answer.rows.len() {
        if let Ok(id) = answer.text(row, 0).parse() {
            by_id.insert(
                id,
                Collation {
                    id,
                    name: answer.text(row, 1).to_ascii_lowercase(),
                    charset: answer.text(row, 2).to_ascii_lowercase(),
                    is_default: answer.text(row, 3) == "Yes",
                },
            );
        }
    }
    let parsed = ServerInfo::parse_version(&version);
    // What was known of weights was another version's.
    let weights = Arc::default();
    Ok(Some(ServerInfo { version: told, parsed, collations: Arc::new(Collations { by_id }), weights }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_set_with_ascii_bytes_inside_of_characters_is_refused_at_login() {
        let collation = |id, name: &str, charset: &str| {
            (id, Collation { id, name: name.into(), charset: charset.into(), is_default: true })
        };
        let by_id = [collation(28, "gbk_chinese_ci", "gbk"), collation(8, "latin1_swedish_ci", "latin1")];
        let collations = Collations { by_id: by_id.into() };
        assert_eq!(collations.client_charset(28), Err("gbk".to_owned()));
        let latin1 = ("'latin1'".to_owned(), "'latin1_swedish_ci'".to_owned());
        assert_eq!(collations.client_charset(8), Ok(Some(latin1)));
        assert_eq!(collations.client_charset(999), Ok(None));
    }
}

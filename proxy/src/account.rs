//! Accounts of clients at work: who a login is, what it may do, what is known of its password, how many of its connections there are.

pub mod connections;
pub mod host;
pub mod node_key;
pub mod proof;
pub mod rights;

use std::net::IpAddr;
use std::sync::Arc;

use ostrakon_catalog::Catalog;
use ostrakon_catalog::user::User;
use ostrakon_conf::Config;

use host::HostPattern;

/// What a node keeps of accounts while it runs.
#[derive(Debug)]
pub struct Accounts {
    pub proofs: proof::Proofs,
    pub key: node_key::NodeKey,
    pub connections: Arc<connections::Connections>,
}

impl Accounts {
    /// The error says what is wrong with the configured key.
    pub fn open(config: &Config) -> Result<Self, String> {
        let key = node_key::NodeKey::open(config.login_key_file.as_deref(), &config.data_directory)?;
        Ok(Self { proofs: proof::Proofs::default(), key, connections: Arc::default() })
    }
}

/// The account that a login by that name from that address is: the most specific host decides, then the name before none.
pub fn find(catalog: &Catalog, name: &str, peer: IpAddr) -> Option<Arc<User>> {
    let of_name = of_name(catalog, name).map(|user| (user, true));
    let anonymous = of_name_unless(catalog, name).map(|user| (user, false));
    let matching = of_name.chain(anonymous).filter_map(|(user, is_named)| {
        let host = HostPattern::parse(&user.host).filter(|host| host.matches(peer))?;
        Some((host.rank(), is_named, user))
    });
    matching.max_by_key(|(rank, is_named, _)| (*rank, *is_named)).map(|(.., user)| Arc::clone(user))
}

/// Accounts of one name, for any host.
fn of_name<'c>(catalog: &'c Catalog, name: &'c str) -> impl Iterator<Item = &'c Arc<User>> {
    let from = catalog.users.range(name.to_owned()..);
    let until = from.take_while(move |(key, _)| key.starts_with(name));
    until.map(|(_, user)| user).filter(move |user| user.name == name)
}

/// Anonymous accounts, where the name is not theirs already.
fn of_name_unless<'c>(catalog: &'c Catalog, name: &str) -> impl Iterator<Item = &'c Arc<User>> {
    let is_other = !name.is_empty();
    // Their keys are before all others': the empty one, and those that begin with the zero byte.
    let first = catalog.users.range(String::new()..);
    first.map(|(_, user)| user).take_while(move |user| is_other && user.name.is_empty())
}

#[cfg(test)]
mod tests {
    use ostrakon_catalog::Command;
    use ostrakon_catalog::user::UserChange;

    use super::*;

    fn catalog(accounts: &[(&str, &str)]) -> Catalog {
        let mut catalog = Catalog::default();
        let user = |(name, host): &(&str, &str)| {
            UserChange::Create(User {
                name: (*name).to_owned(),
                host: (*host).to_owned(),
                plugin: String::new(),
                authentication: String::new(),
                grants: None,
                locked: false,
                requires_tls: false,
                max_connections: 0,
            })
        };
        let changes = accounts.iter().map(user).collect();
        catalog.apply(&Command::ChangeUsers { changes }).unwrap();
        catalog
    }

    #[test]
    fn the_most_specific_host_wins_then_the_name() {
        let catalog = catalog(&[
            ("app", "%"),
            ("app", "10.%"),
            ("app", "10.1.0.0/16"),
            ("app", "10.1.2.3"),
            ("apple", "10.1.2.3"),
            ("", "10.9.9.9"),
            ("", "%"),
            ("local", "localhost"),
        ]);
        for (name, peer, expected) in [
            ("app", "10.1.2.3", Some(("app", "10.1.2.3"))),
            ("app", "::ffff:10.1.2.3", Some(("app", "10.1.2.3"))),
            ("app", "10.1.2.4", Some(("app", "10.1.0.0/16"))),
            ("app", "10.2.2.4", Some(("app", "10.%"))),
            ("app", "11.2.2.4", Some(("app", "%"))),
            // As on a server: the host decides before the name.
            ("app", "10.9.9.9", Some(("", "10.9.9.9"))),
            ("nobody", "1.1.1.1", Some(("", "%"))),
            ("", "1.1.1.1", Some(("", "%"))),
            ("local", "127.0.0.1", Some(("local", "localhost"))),
            ("local", "::1", Some(("local", "localhost"))),
            ("local", "10.0.0.1", Some(("", "%"))),
        ] {
            let found = find(&catalog, name, peer.parse().unwrap());
            let found = found.as_ref().map(|user| (user.name.as_str(), user.host.as_str()));
            assert_eq!(found, expected, "{name} {peer}");
        }
    }
}

//! Login: greeting, TLS, authentication. Before it succeeds exactly one shape of packet is accepted at each step, and any failure closes.

use std::net::SocketAddr;

use ostrakon_conf::{AuthPlugin, User};
use ostrakon_protocol::auth::server::{Credential, Login, ServerAuth, ServerStep};
use ostrakon_protocol::auth::{Plugin, caching_sha2, native};
use ostrakon_protocol::handshake::{Greeting, HandshakeResponse, is_ssl_request};
use ostrakon_protocol::response::{ErrPacket, OkPacket};
use ostrakon_protocol::{Capabilities, Status};

use crate::error::SqlError;
use crate::frontend::{Frontend, Stream};
use crate::worker::Worker;

/// Largest packet before login, in bytes.
pub const MAX_LOGIN_PACKET: usize = 16 << 10;
/// Packets that a login may take.
const MAX_LOGIN_PACKETS: usize = 6;

/// Who logged in.
pub struct Account {
    pub user: String,
    pub database: Option<String>,
    /// Character set and collation that the handshake asked for, as SQL literals; `None` where the number is not known.
    pub charset: Option<(String, String)>,
}

/// What Ostrakon offers to clients. Session tracking, compression and LOCAL INFILE are not there.
fn offered() -> Capabilities {
    Capabilities::LONG_PASSWORD
        | Capabilities::FOUND_ROWS
        | Capabilities::LONG_FLAG
        | Capabilities::CONNECT_WITH_DB
        | Capabilities::IGNORE_SPACE
        | Capabilities::PROTOCOL_41
        | Capabilities::INTERACTIVE
        | Capabilities::SSL
        | Capabilities::TRANSACTIONS
        | Capabilities::SECURE_CONNECTION
        | Capabilities::MULTI_STATEMENTS
        | Capabilities::MULTI_RESULTS
        | Capabilities::PS_MULTI_RESULTS
        | Capabilities::PLUGIN_AUTH
        | Capabilities::CONNECT_ATTRS
        | Capabilities::PLUGIN_AUTH_LENENC
        | Capabilities::DEPRECATE_EOF
}

/// Runs the login. `None`: the client was told why (or is gone), close.
pub async fn login(worker: &Worker, client: &mut Frontend, id: u32, peer: SocketAddr) -> Option<Account> {
    match attempt(worker, client, id).await {
        Ok(account) => Some(account),
        Err(error) => {
            tracing::debug!(%peer, error = %error.message, "login failed");
            refuse(client, &error).await;
            None
        }
    }
}

/// Sends an error and no more.
pub async fn refuse(client: &mut Frontend, error: &SqlError) {
    let packet = ErrPacket::with_state(error.errno, &error.sqlstate, &error.message);
    let mut scratch = Vec::new();
    client.packet_with(&mut scratch, |out| packet.encode(out));
    let _ = client.flush().await;
}

async fn attempt(worker: &Worker, client: &mut Frontend, id: u32) -> Result<Account, SqlError> {
    let salt = salt();
    let default_plugin = default_plugin(&worker.node.config.users);
    let greeting = Greeting {
        protocol: 10,
        server_version: worker.node.version(),
        connection_id: id,
        salt,
        capabilities: offered(),
        charset: 45,
        status: Status::AUTOCOMMIT,
        plugin: default_plugin.name().to_owned(),
    };
    let mut scratch = Vec::new();
    client.packet_with(&mut scratch, |out| greeting.encode(out));
    client.flush().await.map_err(gone)?;
    let mut payload = Vec::new();
    read(client, &mut payload).await?;
    let mut secure = false;
    if is_ssl_request(&payload) {
        let Stream::Plain(stream) = std::mem::replace(&mut client.stream, Stream::Closed) else {
            return Err(handshake_error("TLS was asked for twice"));
        };
        let tls = worker.node.tls.accept(stream).await.map_err(gone)?;
        client.stream = Stream::Tls(Box::new(tls));
        secure = true;
        read(client, &mut payload).await?;
    }
    let response = HandshakeResponse::decode(&payload).map_err(|e| handshake_error(&e.to_string()))?;
    client.capabilities = response.capabilities & offered();
    let user = response.username.clone();
    // The configuration file first: a DBA can always get in by it.
    let configured = worker.node.config.users.iter().find(|u| u.name == user).map(credential);
    let credential = configured.or_else(|| {
        let catalog = worker.node.meta.load();
        catalog.users.get(&user).and_then(|account| stored_credential(account))
    });
    let (mut auth, mut step) = ServerAuth::begin(Login {
        credential: credential.as_ref(),
        default_plugin,
        client_plugin: response.plugin.as_deref(),
        response: &response.auth_response,
        salt,
        switch_salt: self::salt(),
        secure,
    });
    for _ in 0..MAX_LOGIN_PACKETS {
        match step {
            ServerStep::Accept => return accept(worker, client, user, &response),
            ServerStep::AcceptAfter(reply) => {
                client.packet(&reply);
                return accept(worker, client, user, &response);
            }
            ServerStep::Deny => break,
            ServerStep::Send(reply) => {
                client.packet(&reply);
                client.flush().await.map_err(gone)?;
                read(client, &mut payload).await?;
                step = auth.reply(&payload);
            }
        }
    }
    let with = if response.auth_response.is_empty() { "NO" } else { "YES" };
    Err(SqlError::new(1045, "28000", format!("Access denied for user '{user}' (using password: {with})")))
}

fn accept(
    worker: &Worker,
    client: &mut Frontend,
    user: String,
    response: &HandshakeResponse,
) -> Result<Account, SqlError> {
    let database = response.database.as_ref().filter(|d| !d.is_empty());
    let database = database.cloned();
    if let Some(name) = &database
        && worker.node.meta.catalog().database(name).is_none()
    {
        return Err(ostrakon_router::RouterError::unknown_database(name).into());
    }
    let collations = std::sync::Arc::clone(&worker.node.server.load().collations);
    let charset = collations.client_charset(u16::from(response.charset)).map_err(|charset| {
        SqlError::new(
            1231,
            "42000",
            format!("Variable 'character_set_client' can't be set to the value of '{charset}'; use utf8mb4"),
        )
    })?;
    let ok = OkPacket { status: Status::AUTOCOMMIT, ..OkPacket::default() };
    let mut scratch = Vec::new();
    let capabilities = client.capabilities;
    client.packet_with(&mut scratch, |out| ok.encode(out, capabilities));
    Ok(Account { user, database, charset })
}

async fn read(client: &mut Frontend, payload: &mut Vec<u8>) -> Result<(), SqlError> {
    client.expect_reply();
    client
        .read_payload(payload)
        .await
        .map_err(|_| handshake_error("the connection ended or sent a malformed packet"))
}

fn gone(e: std::io::Error) -> SqlError {
    handshake_error(&e.to_string())
}

/// ER_HANDSHAKE_ERROR 1043.
fn handshake_error(why: &str) -> SqlError {
    SqlError::new(1043, "08S01", format!("Bad handshake: {why}"))
}

/// 20 bytes from the operating system's generator, none of them 0 or `$`.
fn salt() -> [u8; 20] {
    let mut salt: [u8; 20] = rand::random();
    for byte in &mut salt {
        *byte = match *byte & 0x7F {
            b if b < 0x21 => b + 0x21,
            b'$' => b'%',
            b => b,
        };
    }
    salt
}

fn credential(user: &User) -> Credential {
    match (user.password.as_str(), user.plugin) {
        ("", _) => Credential::Empty,
        (password, AuthPlugin::Native) => Credential::Native(native::double_hash(password.as_bytes())),
        (password, AuthPlugin::CachingSha2) => {
            Credential::Sha2(caching_sha2::double_hash(password.as_bytes()))
        }
    }
}

/// Before the digits of caching_sha2_password's hash in the catalog.
const SHA2_FORM: &str = "sha256x2:";

/// What the catalog keeps of a password: MySQL's own form of the native hash; for caching_sha2_password SHA256(SHA256(password)), which MySQL's
/// servers keep in memory. With its salted form a first login would need TLS.
pub fn authentication(plugin: Plugin, password: &[u8]) -> String {
    match plugin {
        Plugin::Native => {
            format!("*{}", crate::secret::hex(&native::double_hash(password)).to_ascii_uppercase())
        }
        Plugin::CachingSha2 => {
            format!("{SHA2_FORM}{}", crate::secret::hex(&caching_sha2::double_hash(password)))
        }
    }
}

/// How an account of the catalog proves itself. `None`, which lets nobody in, for a form that this version does not know.
fn stored_credential(account: &ostrakon_catalog::user::User) -> Option<Credential> {
    match Plugin::from_name(&account.plugin)? {
        Plugin::Native => from_hex(account.authentication.strip_prefix('*')?).map(Credential::Native),
        Plugin::CachingSha2 => {
            from_hex(account.authentication.strip_prefix(SHA2_FORM)?).map(Credential::Sha2)
        }
    }
}

fn from_hex<const N: usize>(digits: &str) -> Option<[u8; N]> {
    if digits.len() != 2 * N || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, at) in bytes.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// The plugin in the greeting: what most accounts use, so that most logins need no switch.
fn default_plugin(users: &[User]) -> Plugin {
    let native = users.iter().filter(|u| u.plugin == AuthPlugin::Native).count();
    if native * 2 > users.len() { Plugin::Native } else { Plugin::CachingSha2 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_catalog_keeps_is_what_checks_the_password() {
        let account = |plugin: Plugin| ostrakon_catalog::user::User {
            name: "a".into(),
            plugin: plugin.name().into(),
            authentication: authentication(plugin, b"secret"),
        };
        assert_eq!(account(Plugin::Native).authentication, "*14E65567ABDB5135D0CFD9A70B3032C179A49EE7");
        let native = stored_credential(&account(Plugin::Native));
        assert_eq!(native, Some(Credential::Native(native::double_hash(b"secret"))));
        let sha2 = stored_credential(&account(Plugin::CachingSha2));
        assert_eq!(sha2, Some(Credential::Sha2(caching_sha2::double_hash(b"secret"))));
    }

    #[test]
    fn a_form_that_is_not_known_lets_nobody_in() {
        for (plugin, authentication) in [
            ("mysql_native_password", ""),
            ("mysql_native_password", "*14E65567ABDB5135D0CFD9A70B3032C179A49E"),
            ("mysql_native_password", "*+4E65567ABDB5135D0CFD9A70B3032C179A49EE7x"),
            ("caching_sha2_password", "$A$005$salt"),
            ("client_ed25519", "x"),
        ] {
            let account = ostrakon_catalog::user::User {
                name: "a".into(),
                plugin: plugin.into(),
                authentication: authentication.into(),
            };
            assert_eq!(stored_credential(&account), None, "{plugin} {authentication}");
        }
    }
}

//! Login: greeting, TLS, authentication, and again as another user. Before it succeeds exactly one shape of packet is accepted at each step, and any failure closes.

mod exchange;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ostrakon_catalog::Catalog;
use ostrakon_catalog::user::{AccountName, User as CatalogUser};
use ostrakon_conf::{AuthPlugin, User};
use ostrakon_protocol::auth::server::{Credential, Login};
use ostrakon_protocol::auth::{Plugin, SALT_LENGTH, caching_sha2, native};
use ostrakon_protocol::compression::Algorithm;
use ostrakon_protocol::handshake::{Attribute, ChangeUser, Greeting, HandshakeResponse, is_ssl_request};
use ostrakon_protocol::response::{ErrPacket, OkPacket};
use ostrakon_protocol::{Capabilities, Status};
use ostrakon_router::access::Need;

use super::information_schema::usable_database;
use super::tracking;
use crate::account;
use crate::account::connections::Counted;
use crate::account::rights::Rights;
use crate::backend::settings::Settings;
use crate::door::Wait;
use crate::error::SqlError;
use crate::frontend::{Frontend, ReadError, Stream};
use crate::session::authorize::no_database_access;
use crate::worker::Worker;

/// Largest packet before login, in bytes.
pub const MAX_LOGIN_PACKET: usize = 16 << 10;
/// zstd's level for a client that names none.
const ZSTD_LEVEL: u8 = 3;

/// Who logged in.
pub struct Account {
    /// As the client calls itself.
    pub user: String,
    pub rights: Rights,
    /// Its place among the account's connections; none is counted for accounts of the configuration file.
    pub counted: Option<Counted>,
    pub database: Option<String>,
    /// Character set and collation that the handshake asked for, as SQL literals; `None` where the number is not known.
    pub charset: Option<(String, String)>,
    /// How both sides compress from now on.
    pub compression: Option<Algorithm>,
    /// What the client says of itself.
    pub attributes: Vec<Attribute>,
}

impl Account {
    /// What a session begins with.
    pub fn settings(&self) -> Settings {
        let settings = Settings::default();
        let Some((charset, collation)) = &self.charset else { return settings };
        settings
            .with("character_set_client", charset.clone())
            .with("character_set_results", charset.clone())
            .with("collation_connection", collation.clone())
    }
}

/// So long a login may take.
pub fn limit(worker: &Worker) -> Duration {
    Duration::from_millis(worker.node.config.limits.login_timeout_ms)
}

/// Who asks to be let in, and how it proves who it is.
struct Claim {
    user: String,
    /// The plugin that the proof is of; see [`Login::client_plugin`].
    plugin: Option<String>,
    proof: Vec<u8>,
    database: Option<String>,
    /// Number of the client's collation.
    charset: Option<u16>,
}

/// What Ostrakon offers to clients.
fn offered() -> Capabilities {
    Capabilities::LONG_PASSWORD
        | Capabilities::FOUND_ROWS
        | Capabilities::LONG_FLAG
        | Capabilities::CONNECT_WITH_DB
        | Capabilities::LOCAL_FILES
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
        | Capabilities::COMPRESS
        | Capabilities::ZSTD_COMPRESSION
        | Capabilities::SESSION_TRACK
}

/// What a client has asked for; of both zlib, as servers choose.
fn compression(capabilities: Capabilities, zstd_level: Option<u8>) -> Option<Algorithm> {
    if capabilities.contains(Capabilities::COMPRESS) {
        return Some(Algorithm::Zlib);
    }
    let zstd = Algorithm::Zstd(zstd_level.unwrap_or(ZSTD_LEVEL));
    capabilities.contains(Capabilities::ZSTD_COMPRESSION).then_some(zstd)
}

/// Runs the login. `None`: the client was told why (or is gone), close.
pub async fn login(worker: &Worker, client: &mut Frontend, id: u32) -> Option<Account> {
    match attempt(worker, client, id).await {
        Ok(account) => Some(account),
        Err(error) => {
            tracing::debug!(peer = %client.peer, error = %error.message, "login failed");
            if error.errno == BAD_HANDSHAKE {
                worker.node.door.hosts.failed(client.peer.ip());
            }
            refuse(client, &error).await;
            None
        }
    }
}

/// COM_CHANGE_USER: a login over the connection that is there. `payload` is what follows the command's byte. `None`, as [`login`] has it.
pub async fn change_user(worker: &Worker, client: &mut Frontend, payload: &[u8]) -> Option<Account> {
    let changed = match ChangeUser::decode(payload, client.capabilities) {
        Ok(change) => {
            // A proof for the greeting's salt could be that of the login, heard and sent again: a client that can be switched to a new salt is.
            let plugin = client.capabilities.contains(Capabilities::PLUGIN_AUTH).then(String::new);
            let (user, proof) = (change.username, change.auth_response);
            let claim = Claim { user, plugin, proof, database: change.database, charset: change.charset };
            let account = authenticate(worker, client, claim).await;
            account.map(|account| Account { attributes: change.attributes, ..account })
        }
        Err(e) => Err(handshake_error(&e.to_string())),
    };
    match changed {
        Ok(account) => Some(account),
        Err(error) => {
            tracing::debug!(error = %error.message, "COM_CHANGE_USER failed");
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
    let greeting = Greeting {
        protocol: 10,
        server_version: worker.node.version(),
        connection_id: id,
        salt: client.salt,
        capabilities: offered(),
        charset: 45,
        status: Status::AUTOCOMMIT,
        plugin: default_plugin(&worker.node.config.users).name().to_owned(),
    };
    let mut scratch = Vec::new();
    client.packet_with(&mut scratch, |out| greeting.encode(out));
    client.flush().await.map_err(gone)?;
    let mut payload = Vec::new();
    read(client, &mut payload).await?;
    if is_ssl_request(&payload) {
        let Stream::Plain(stream) = std::mem::replace(&mut client.stream, Stream::Closed) else {
            return Err(handshake_error("TLS was asked for twice"));
        };
        let tls = worker.turns.run(worker.node.tls.accept(stream)).await.map_err(|e| match e.kind() {
            std::io::ErrorKind::InvalidData => handshake_error(&format!("TLS: {e}")),
            _ => gone(e),
        })?;
        client.stream = Stream::Tls(Box::new(tls));
        read(client, &mut payload).await?;
    }
    let response = HandshakeResponse::decode(&payload).map_err(|e| handshake_error(&e.to_string()))?;
    // On loopback nobody listens, and the command line's own client has no TLS.
    if worker.node.config.tls.required && !is_secure(client) && !client.peer.ip().is_loopback() {
        // MySQL's words, for who looks them up.
        let message = "Connections using insecure transport are prohibited while --require_secure_transport=ON. \
                       Use TLS: tls.required is set on this node";
        return Err(SqlError::new(3159, "HY000", message));
    }
    client.capabilities = response.capabilities & offered();
    let claim = Claim {
        user: response.username,
        plugin: response.plugin,
        proof: response.auth_response,
        database: response.database.filter(|name| !name.is_empty()),
        charset: Some(response.charset.into()),
    };
    let account = authenticate(worker, client, claim).await?;
    let compression = compression(client.capabilities, response.zstd_level);
    Ok(Account { compression, attributes: response.attributes, ..account })
}

/// Whose login it is.
enum Whose {
    Nobodys,
    /// Of the configuration file.
    Configured,
    Catalogs(Arc<CatalogUser>),
}

/// Lets the client prove itself, and queues the OK.
///
/// Errors: 1045; what [`accept`] says.
async fn authenticate(worker: &Worker, client: &mut Frontend, claim: Claim) -> Result<Account, SqlError> {
    await_turn(worker, client, &claim).await?;
    let peer = client.peer.ip();
    let node = &worker.node;
    let users = &node.config.users;
    let catalog = node.meta.catalog();
    // The configuration file first: a DBA can always get in by it.
    let configured = users.iter().find(|user| user.name == claim.user);
    let (whose, credential) = match configured {
        // As if there were no such user, like a server.
        Some(user) if user.require_tls && !is_secure(client) => (Whose::Nobodys, None),
        Some(user) => (Whose::Configured, Some(credential(user))),
        None => match account::find(&catalog, &claim.user, peer) {
            Some(user) => {
                let credential = node.accounts.proofs.credential(&user);
                (Whose::Catalogs(user), credential)
            }
            None => (Whose::Nobodys, None),
        },
    };
    let with = &mut !claim.proof.is_empty();
    let login = Login {
        credential: credential.as_ref(),
        default_plugin: default_plugin(users),
        client_plugin: claim.plugin.as_deref(),
        response: &claim.proof,
        salt: client.salt,
        switch_salt: salt(),
        secure: is_secure(client),
    };
    let salted = match &whose {
        Whose::Catalogs(user) => Some((&**user, &*catalog)),
        Whose::Nobodys | Whose::Configured => None,
    };
    let has_proved = exchange::prove(node, client, login, salted, with).await?;
    let with = *with;
    if !has_proved {
        worker.node.door.failures.failed(&claim.user, peer, Instant::now());
        return Err(denied(&claim, peer, with));
    }
    let (rights, counted) = match whose {
        Whose::Nobodys => return Err(denied(&claim, peer, with)),
        Whose::Configured => (Rights::configured(&claim.user), None),
        Whose::Catalogs(user) => {
            if user.requires_tls && !is_secure(client) {
                return Err(denied(&claim, peer, with));
            }
            admit(worker, &catalog, &user, peer)?
        }
    };
    accept(worker, client, claim, rights, counted)
}

/// Who has failed too often waits first, and does so beside those who log in.
///
/// Errors: 1045 when too many of this user and address wait already.
async fn await_turn(worker: &Worker, client: &mut Frontend, claim: &Claim) -> Result<(), SqlError> {
    match worker.node.door.failures.wait(&claim.user, client.peer.ip(), Instant::now()) {
        Wait::Nothing => Ok(()),
        Wait::For(delay, _waiting) => {
            client.place = None;
            tokio::time::sleep(delay).await;
            Ok(())
        }
        Wait::Refused => {
            let error = denied(claim, client.peer.ip(), !claim.proof.is_empty());
            let why = "; too many failed logins of this user and address wait already (limits.failed_login_delay_ms)";
            Err(SqlError { message: error.message + why, ..error })
        }
    }
}

fn denied(claim: &Claim, peer: IpAddr, with_password: bool) -> SqlError {
    let with = if with_password { "YES" } else { "NO" };
    let message = format!("Access denied for user '{}'@'{peer}' (using password: {with})", claim.user);
    SqlError::new(1045, "28000", message)
}

/// The connection is encrypted.
fn is_secure(client: &Frontend) -> bool {
    matches!(client.stream, Stream::Tls(_))
}

/// An account that has proved itself, if it may come in.
///
/// Errors: 3118 for one that is locked (MariaDB: 4151), 1226 for one that has as many connections as it may.
fn admit(
    worker: &Worker,
    catalog: &Catalog,
    user: &CatalogUser,
    peer: IpAddr,
) -> Result<(Rights, Option<Counted>), SqlError> {
    let name = &user.name;
    if user.locked {
        return Err(match worker.node.server.load().parsed.mariadb {
            true => SqlError::new(4151, "HY000", "Access denied, this account is locked"),
            false => SqlError::new(
                3118,
                "HY000",
                format!("Access denied for user '{name}'@'{peer}'. Account is locked."),
            ),
        });
    }
    let limit = user.max_connections;
    let counted = worker.node.accounts.connections.enter(user.key(), limit).ok_or_else(|| {
        SqlError::new(
            1226,
            "42000",
            format!(
                "User '{name}' has exceeded the 'max_user_connections' resource (current value: {limit})"
            ),
        )
    })?;
    let account = AccountName { name: name.clone(), host: user.host.clone() };
    Ok((Rights::of(catalog, account), Some(counted)))
}

/// Errors: 1044 and 1049 for the database, 1231 for a character set that no client may have.
fn accept(
    worker: &Worker,
    client: &mut Frontend,
    claim: Claim,
    rights: Rights,
    counted: Option<Counted>,
) -> Result<Account, SqlError> {
    worker.node.door.failures.succeeded(&claim.user, client.peer.ip());
    let Claim { user, database, .. } = claim;
    if let Some(name) = &database {
        let need = Need::see_database(Some(name));
        rights.allow(&need, None).map_err(|_| no_database_access(&rights.account, name))?;
    }
    let catalog = worker.node.meta.catalog();
    let database = database.map(|name| usable_database(&catalog, &name)).transpose()?;
    let collations = Arc::clone(&worker.node.server.load().collations);
    let asked = claim.charset.map(|number| collations.client_charset(number)).transpose();
    let charset = asked.map_err(|charset| {
        SqlError::new(
            1231,
            "42000",
            format!("Variable 'character_set_client' can't be set to the value of '{charset}'; use utf8mb4"),
        )
    })?;
    let mut session_state = Vec::new();
    if database.is_some() {
        tracking::push_database(&mut session_state, database.as_deref());
    }
    let ok = OkPacket { status: Status::AUTOCOMMIT, session_state: &session_state, ..OkPacket::default() };
    let mut scratch = Vec::new();
    let capabilities = client.capabilities;
    client.packet_with(&mut scratch, |out| ok.encode(out, capabilities));
    Ok(Account {
        user,
        rights,
        counted,
        database,
        charset: charset.flatten(),
        compression: None,
        attributes: Vec::new(),
    })
}

async fn read(client: &mut Frontend, payload: &mut Vec<u8>) -> Result<(), SqlError> {
    client.expect_reply();
    client.read_payload(payload).await.map_err(|e| match e {
        ReadError::Gone => gone(std::io::ErrorKind::UnexpectedEof.into()),
        ReadError::Packet(e) => handshake_error(&e.to_string()),
        ReadError::Uncompress | ReadError::ProxyHeader(_) => handshake_error("a malformed packet"),
    })
}

/// The client has left, which is nothing to hold against it.
fn gone(e: std::io::Error) -> SqlError {
    SqlError::new(1158, "08S01", format!("Got an error reading communication packets: {e}"))
}

/// ER_HANDSHAKE_ERROR: what is no login.
const BAD_HANDSHAKE: u16 = 1043;

pub fn handshake_error(why: &str) -> SqlError {
    SqlError::new(BAD_HANDSHAKE, "08S01", format!("Bad handshake: {why}"))
}

/// 20 bytes from the operating system's generator, none of them 0 or `$`.
pub fn salt() -> [u8; SALT_LENGTH] {
    let mut salt: [u8; SALT_LENGTH] = rand::random();
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

/// The plugin in the greeting: what most accounts use, so that most logins need no switch.
fn default_plugin(users: &[User]) -> Plugin {
    let native = users.iter().filter(|u| u.plugin == AuthPlugin::Native).count();
    if native * 2 > users.len() { Plugin::Native } else { Plugin::CachingSha2 }
}

//! How a client proves who it is: the packets of an authentication, until it is accepted or denied.

use ostrakon_catalog::Catalog;
use ostrakon_catalog::user::User;
use ostrakon_protocol::auth::server::{Login, ServerAuth, ServerStep, public_key};

use super::{gone, read};
use crate::error::SqlError;
use crate::frontend::Frontend;
use crate::node::Node;

/// Packets that a login may take.
const MAX_LOGIN_PACKETS: usize = 6;

/// Whether the client has proved it. `salted` is the account of the catalog, where it is one; `with` becomes true when a password was sent.
///
/// Errors: 1158 for a client that is gone, 1043 for packets that are none, 1105 where the node has no RSA key for a client that needs it.
pub(super) async fn prove(
    node: &Node,
    client: &mut Frontend,
    login: Login<'_>,
    salted: Option<(&User, &Catalog)>,
    with: &mut bool,
) -> Result<bool, SqlError> {
    let (mut auth, mut step) = ServerAuth::begin(login);
    let mut payload = Vec::new();
    for _ in 0..MAX_LOGIN_PACKETS {
        match step {
            ServerStep::Accept => return Ok(true),
            ServerStep::AcceptAfter(reply) => {
                client.packet(&reply);
                return Ok(true);
            }
            ServerStep::Deny => return Ok(false),
            ServerStep::Compare(password) => {
                let Some((user, catalog)) = salted else { return Ok(false) };
                return Ok(node.accounts.proofs.compare(user, password.0, catalog).await);
            }
            ServerStep::Open { ciphertext, salt } => {
                let Some((user, catalog)) = salted else { return Ok(false) };
                let key = login_key(node).await?;
                return Ok(node.accounts.proofs.open(user, key, ciphertext, salt, catalog).await);
            }
            ServerStep::Send(reply) => client.packet(&reply),
            ServerStep::SendPublicKey => client.packet(&public_key(login_key(node).await?.public_pem())),
        }
        client.flush().await.map_err(gone)?;
        read(client, &mut payload).await?;
        *with |= !payload.is_empty();
        step = auth.reply(&payload);
    }
    Ok(false)
}

/// Clients are told no more than that there is none: the log says which file and why.
async fn login_key(
    node: &Node,
) -> Result<std::sync::Arc<ostrakon_protocol::auth::login_key::LoginKey>, SqlError> {
    node.accounts.key.get().await.map_err(|error| {
        tracing::error!(%error, "a client without TLS cannot log in");
        SqlError::other(
            "this node could not make its RSA key for clients without TLS (its log says why); use TLS",
        )
    })
}

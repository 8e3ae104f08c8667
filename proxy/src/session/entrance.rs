//! The way in: past the door, as whom a balancer says, among those who log in, and through the login. All of it together takes no longer than
//! `limits.login_timeout_ms`.

use tokio::time::{Instant, timeout_at};

use super::login::{self, Account};
use crate::door::{Place, places_are_taken};
use crate::error::SqlError;
use crate::frontend::{Frontend, ReadError};
use crate::registry::Registration;
use crate::worker::Worker;

/// Takes a client in. `None`: it was told why not (or is gone), close.
pub async fn enter(worker: &Worker, mut client: Frontend) -> Option<(Frontend, Registration, Account)> {
    let until = Instant::now() + login::limit(worker);
    if *worker.node.draining.borrow() {
        login::refuse(&mut client, &SqlError::new(1053, "08S01", "Server shutdown in progress")).await;
        return None;
    }
    let registration = match admit(worker, &mut client, until).await {
        Ok(registration) => registration,
        Err(error) => {
            tracing::debug!(peer = %client.peer, error = %error.message, "not admitted");
            login::refuse(&mut client, &error).await;
            return None;
        }
    };
    let hosts = &worker.node.door.hosts;
    let login = login::login(worker, &mut client, registration.entry.id);
    let Ok(account) = timeout_at(until, login).await else {
        hosts.failed(client.peer.ip());
        return None;
    };
    let mut account = account?;
    hosts.succeeded(client.peer.ip());
    registration.describe(&std::mem::take(&mut account.attributes));
    client.flush().await.ok()?;
    Some((client, registration, account))
}

/// Up to the greeting.
///
/// Errors: 1043 for a balancer that does not say who comes, 1129, 1040.
async fn admit(worker: &Worker, client: &mut Frontend, until: Instant) -> Result<Registration, SqlError> {
    let node = &worker.node;
    if node.config.proxy_protocol.as_ref().is_some_and(|balancers| balancers.are_at(client.peer.ip())) {
        let _place = place(worker, None, until).await?;
        let read = timeout_at(until, client.read_proxy_header()).await;
        let why = match read {
            Ok(Ok(())) => None,
            Ok(Err(ReadError::ProxyHeader(e))) => Some(e.to_string()),
            Ok(Err(_)) => Some("the connection ended before its PROXY protocol header".to_owned()),
            Err(_) => Some("no PROXY protocol header came in time".to_owned()),
        };
        if let Some(why) = why {
            let why = format!("{why}; proxy_protocol.from lists this address as a load balancer");
            return Err(login::handshake_error(&why));
        }
    }
    node.door.hosts.check(client.peer.ip())?;
    client.place = Some(Box::new(place(worker, Some(client.peer.ip()), until).await?));
    let registration = node.registry.register(client.peer.to_string());
    registration.ok_or_else(|| SqlError::new(1040, "08004", "Too many connections"))
}

async fn place(
    worker: &Worker,
    address: Option<std::net::IpAddr>,
    until: Instant,
) -> Result<Place, SqlError> {
    timeout_at(until, worker.node.door.places.take(address)).await.unwrap_or_else(|_| Err(places_are_taken()))
}

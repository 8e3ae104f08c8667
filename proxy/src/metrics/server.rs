//! `GET /metrics` over HTTP/1: one request for each connection, and little patience with clients.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

use super::exposition;
use crate::node::Node;

/// Connections at once. One more ends the oldest, which has had its time: who only holds connections keeps nobody out.
const CONNECTIONS_MAX: usize = 32;
/// So long a connection may last, from its first byte to the last one of the answer.
const CONNECTION_LIMIT: Duration = Duration::from_secs(10);
/// Bytes of a request's head.
const HEAD_MAX: usize = 16 << 10;

/// Answers until the node stops.
pub async fn run(node: Arc<Node>, listener: std::net::TcpListener) {
    let listener = match TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(e) => {
            tracing::error!(error = %e, "the listener of the metrics is not usable");
            return;
        }
    };
    let mut stop = node.stop.subscribe();
    // Dropped with this function, and its tasks with it.
    let mut tasks = JoinSet::new();
    let mut oldest_first: VecDeque<AbortHandle> = VecDeque::new();
    loop {
        let accepted = tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            Some(_) = tasks.join_next() => {
                oldest_first.retain(|task| !task.is_finished());
                continue;
            }
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                if oldest_first.len() >= CONNECTIONS_MAX
                    && let Some(oldest) = oldest_first.pop_front()
                {
                    oldest.abort();
                }
                let node = Arc::clone(&node);
                oldest_first.push_back(tasks.spawn(async move { serve(&node, stream).await }));
            }
            Err(e) => {
                // Out of file descriptors, mostly: wait for clients to leave rather than spin.
                tracing::warn!(error = %e, "cannot accept a client of the metrics");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn serve(node: &Node, stream: TcpStream) {
    let service = service_fn(|request: Request<_>| {
        let answer = answer(request.method(), request.uri().path(), || super::text(node));
        std::future::ready(Ok::<_, Infallible>(answer))
    });
    let connection = http1::Builder::new()
        // The limit below is for all of it.
        .header_read_timeout(None)
        .keep_alive(false)
        .max_buf_size(HEAD_MAX)
        .serve_connection(TokioIo::new(stream), service);
    match tokio::time::timeout(CONNECTION_LIMIT, connection).await {
        Ok(Ok(())) => {}
        Ok(Err(e)) => tracing::debug!(error = %e, "a client of the metrics"),
        Err(_) => tracing::debug!("a client of the metrics was too slow"),
    }
}

/// What a request gets. `text` is asked for when it is needed.
fn answer(method: &Method, path: &str, text: impl FnOnce() -> String) -> Response<Full<Bytes>> {
    let (status, header, body) = match (path, method) {
        ("/metrics", &Method::GET) => (StatusCode::OK, (CONTENT_TYPE, exposition::CONTENT_TYPE), text()),
        ("/metrics", _) => (StatusCode::METHOD_NOT_ALLOWED, (ALLOW, "GET"), "Only GET.\n".to_owned()),
        _ => (
            StatusCode::NOT_FOUND,
            (CONTENT_TYPE, "text/plain; charset=utf-8"),
            "There is /metrics only.\n".to_owned(),
        ),
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(header.0, HeaderValue::from_static(header.1));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_get_of_metrics_is_answered_with_them() {
        let status =
            |method: Method, path: &str| answer(&method, path, || "text".to_owned()).status().as_u16();
        assert_eq!(status(Method::GET, "/metrics"), 200);
        assert_eq!(status(Method::POST, "/metrics"), 405);
        assert_eq!(status(Method::HEAD, "/metrics"), 405);
        for path in ["/", "/metrics/", "/metrics/x", "*", ""] {
            assert_eq!(status(Method::GET, path), 404, "{path}");
            assert_eq!(status(Method::POST, path), 404, "{path}");
        }
        let refused = answer(&Method::PUT, "/metrics", String::new);
        assert_eq!(refused.headers()[ALLOW], "GET");
    }
}

//! Calls from node to node: bytes there, bytes back. What they mean is the handler's own matter.

use std::pin::Pin;

/// A future that can be kept and sent.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Answers the calls of other nodes, and of this one. Runs on the transport's thread: it must not block.
pub trait CallHandler: Send + Sync + 'static {
    /// `Err` is text for whoever called.
    fn call(&self, from: u64, request: Vec<u8>) -> BoxFuture<'static, Result<Vec<u8>, String>>;
}

//! Errors with their causes as one line: what gRPC prints alone ("transport error") says nothing.

use std::error::Error;

pub(super) fn whole(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text
}

/// A status as one line.
pub(super) fn status(status: &tonic::Status) -> String {
    match (status.message(), status.source()) {
        ("", None) => status.code().to_string(),
        ("", Some(cause)) => whole(cause),
        (message, None) => message.to_owned(),
        (message, Some(cause)) if message.contains("transport error") => whole(cause),
        (message, Some(_)) => message.to_owned(),
    }
}

//! Why a node can't be run.

/// Why a node can't be run as a configuration says.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {message}")]
pub struct NodeError {
    /// Where the configuration says it: `workers[0].transports[1].endpoint`.
    pub place: String,
    /// What is wrong.
    pub message: String,
}

impl NodeError {
    pub(super) fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place: place.into(), message: message.into() }
    }
}

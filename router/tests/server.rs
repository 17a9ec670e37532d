//! Listeners: TLS, unix sockets, several protocols at one port, limits, and paths that change.

#![allow(clippy::unwrap_used, reason = "what fails in a helper fails the test")]

mod common;

#[path = "server/limits.rs"]
mod limits;
#[path = "server/paths.rs"]
mod paths;
#[path = "server/tls.rs"]
mod tls;
#[path = "server/websocket.rs"]
mod websocket;

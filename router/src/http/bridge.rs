//! The HTTP bridge: WAMP for programs that speak only HTTP, as Crossbar.io has it, and events as
//! a stream that curl can read.

pub(crate) mod caller;
mod denied;
pub(crate) mod events;
mod gate;
mod github;
pub(crate) mod publisher;
mod replays;
mod seat;
mod service;
mod settings;
mod signature;
pub(crate) mod webhook;

pub(crate) use settings::{Acting, Credentials, Requirements};

#[cfg(test)]
mod tests;

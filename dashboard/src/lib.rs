//! A fleet of machines, live on one screen.
//!
//! The way of a machine's figures through this crate, in the order a reader meets it:
//!
//! - [`fleet`]: what is known of every machine, a state machine without sockets or clock;
//! - [`settings`]: what can be chosen for a machine, and what a value may be;
//! - [`store`]: the settings on disk;
//! - [`service`]: both together, as a WAMP client that the page and the agents call;
//! - [`access`]: who that may be, and what each of them may do;
//! - [`http`]: the page, and the settings for agents that speak only HTTP.

pub mod access;
pub mod fleet;
pub mod http;
pub mod limits;
pub mod machine_id;
pub mod service;
pub mod settings;
pub mod store;

pub use machine_id::MachineId;
pub use settings::Settings;

//! The program `wamp-router`, run by configuration files and spoken to by real clients.

#![allow(clippy::unwrap_used, reason = "what fails in a helper fails the test")]

mod authentication;
mod bridge;
#[path = "../common/mod.rs"]
mod common;
mod configuration;
mod methods;
mod operations;
mod program;
mod reload;
mod remembered;
mod running;
mod tls;
mod web;

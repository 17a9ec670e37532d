//! The program `wamp`: the real binary against the real router.

#![allow(clippy::unwrap_used, reason = "this is a test")]

mod calls;
mod events;
mod failures;
mod files;
mod identity;
mod rates;
mod realm;
mod register;
mod support;
mod terminal;

//! The agent from outside: in a fleet, as a program, and on the wire.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail like the test itself")]

mod enrol;
mod fleet;
mod program;
mod support;
mod wire;

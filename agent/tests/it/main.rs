//! The agent from outside: in a fleet, as a program, and on the wire.

mod fleet;
mod program;
mod support;
mod wire;

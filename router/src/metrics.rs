//! What the router counts of itself, for Prometheus.
//!
//! The counts are those of the process: several routers in one share them. What there is of
//! sessions, registrations and the like is not counted but looked up in a router's realms when
//! somebody asks.
//!
//! Counting costs a message a few plain additions: each [`Burst`](crate::burst::Burst) has
//! counters of its own ([`tally`]), which nobody else writes to. What is rare is counted in
//! atomics that all threads share ([`rare`]). No label takes a value a client has made up, but the
//! procedures of the call latencies, of which there are only so many ([`latency`]).

pub(crate) mod latency;
mod process;
pub(crate) mod rare;
mod scrape;
pub(crate) mod tally;
mod text;

pub(crate) use scrape::scrape;
pub(crate) use text::CONTENT_TYPE;

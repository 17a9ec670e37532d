//! The router's core without sockets: messages in, messages out, in virtual time.
//!
//! Messages are written as JSON whatever the client's serializer. Session ids stand as the
//! client's name, publication ids as `#1`, `#2` … in the order they first come up.

mod alike;
mod authentication;
mod authorization;
mod calls;
mod canceling;
mod concurrency;
mod cookies;
mod dynamic_authentication;
mod dynamic_authorization;
mod expiry;
mod force_reregister;
mod history;
mod limits;
mod meta;
mod parallel;
mod passthru;
mod patterns;
mod peer;
mod progressive_invocations;
mod properties;
mod publication_keys;
mod publish_subscribe;
mod receivers;
mod reflection;
mod registration_meta;
mod registrations;
mod retention;
mod sessions;
mod subscription_meta;
mod testaments;
mod trust_levels;
mod waiting;
mod watcher;
pub(crate) mod world;

//! The attribute macros of wamp-client.

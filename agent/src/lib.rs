//! Measures a machine and publishes it over WAMP.

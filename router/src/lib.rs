//! A WAMP router.

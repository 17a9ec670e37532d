//! That the crates compile with each set of features which somebody might want, without a warning.

use crate::checkout::Checkout;
use crate::command::{cargo, run};

/// A crate, and the features that are switched on, in the place of those that are by default.
///
/// Each feature is there alone, as far as it can be, so that none relies on another by chance.
const SETS: [(&str, &str); 12] = [
    ("wamp-proto", ""),
    ("wamp-proto", "index"),
    ("wamp-proto", "auth"),
    ("wamp-proto", "json"),
    ("wamp-proto", "msgpack"),
    ("wamp-proto", "cbor"),
    ("wamp-client", "rawsocket,json"),
    ("wamp-client", "rawsocket,msgpack"),
    ("wamp-client", "websocket,cbor"),
    ("wamp-client", "tls,json,msgpack"),
    ("wamp-client", "rawsocket,auth,json"),
    // Without what the other programs switch on: so it is built where a machine is added.
    ("wamp-agent", ""),
];

/// Checks each set. It takes seconds: little more than the crates themselves is compiled anew.
///
/// # Errors
/// When one does not compile, or has a warning.
pub(crate) fn check(checkout: &Checkout) -> anyhow::Result<()> {
    for (package, features) in SETS {
        let arguments = ["clippy", "--package", package, "--no-default-features", "--features", features];
        run(cargo(checkout, &arguments).args(["--", "--deny", "warnings"]))?;
    }
    Ok(())
}

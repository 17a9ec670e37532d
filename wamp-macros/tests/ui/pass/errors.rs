//! Enums of error URIs that must go on compiling, under the strictest lints of a user's crate.

#![forbid(unsafe_code)]
#![deny(missing_docs, missing_debug_implementations, unreachable_pub, unused, clippy::all)]

use wamp_client::{TypedError, WampError};

/// With `thiserror`.
#[derive(Debug, thiserror::Error, WampError)]
#[wamp(prefix = "com.calc.error")]
pub enum CalcError {
    /// Nothing in it.
    #[error("zero")]
    #[wamp(".zero")]
    Zero,
    /// Positional, of a type whose name is also that of a module.
    #[error("{0} {error:?}", error = .1)]
    #[wamp(".overflow",)]
    Overflow(i64, Option<std::string::String>),
    /// Named like what the derived code itself has names for.
    #[error("{error}")]
    #[wamp("wamp.error.invalid_argument")]
    Named {
        /// An error.
        error: String,
        /// A raw identifier.
        r#type: Vec<u8>,
    },
    /// No fields, but braces and parentheses.
    #[error("braces")]
    #[wamp(".braces")]
    Braces {},
    /// All others.
    #[error(transparent)]
    #[wamp(other)]
    Other(#[from] WampError),
}

/// By hand.
#[derive(Debug, wamp_client::WampError)]
enum ByHand {
    #[wamp("com.example.error.by_hand")]
    One,
}

impl std::fmt::Display for ByHand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("one")
    }
}

impl std::error::Error for ByHand {}

fn main() {
    let error = CalcError::Named { error: "a".to_owned(), r#type: vec![1] };
    let travelled = error.to_wamp();
    assert!(matches!(CalcError::from_wamp(&travelled), Some(CalcError::Named { r#type, .. }) if r#type == [1]));
    let travelled = WampError::from(CalcError::Overflow(1, None));
    assert!(matches!(CalcError::from_wamp(&travelled), Some(CalcError::Overflow(1, None))));
    let travelled = CalcError::Braces {}.to_wamp();
    assert!(matches!(CalcError::from_wamp(&travelled), Some(CalcError::Braces {})));
    assert!(ByHand::from_wamp(&ByHand::One.to_wamp()).is_some());
    assert_eq!(ByHand::One.to_wamp().message(), Some("one"));
}

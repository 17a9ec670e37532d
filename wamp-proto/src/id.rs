//! Ids. Specification: "IDs" (basic profile).

use std::fmt;

/// What the ids have in common: integers from 1 to 2^53, so that a double holds them.
pub trait Id: Copy {
    /// The largest id.
    const MAX: u64 = MAX;

    /// The id of this number.
    ///
    /// # Errors
    /// [`IdOutOfRange`] for 0 and for what is above 2^53.
    fn new(value: u64) -> Result<Self, IdOutOfRange>;

    /// The number.
    fn get(self) -> u64;
}

/// A number that is no id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no id: ids are integers from 1 to 2^53")]
pub struct IdOutOfRange(pub u64);

const MAX: u64 = 1 << 53;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident from $least:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u64);

        impl $name {
            /// The id of this number, for a constant or a counter that is known to be in range.
            ///
            /// # Panics
            /// When it is not.
            pub const fn known(value: u64) -> Self {
                assert!(matches!(value, $least..=MAX), "ids are integers from 1 to 2^53");
                Self(value)
            }

            /// The id of this number; see [`Id::new`].
            ///
            /// # Errors
            /// [`IdOutOfRange`] outside the range of ids.
            pub const fn new(value: u64) -> Result<Self, IdOutOfRange> {
                if matches!(value, $least..=MAX) { Ok(Self(value)) } else { Err(IdOutOfRange(value)) }
            }

            /// The number.
            pub const fn get(self) -> u64 {
                self.0
            }
        }

        impl Id for $name {
            fn new(value: u64) -> Result<Self, IdOutOfRange> {
                Self::new(value)
            }

            fn get(self) -> u64 {
                self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        #[cfg(feature = "codec")]
        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_u64(self.0)
            }
        }

        #[cfg(feature = "codec")]
        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = u64::deserialize(deserializer)?;
                Self::new(value).map_err(::serde::de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// A session. Global scope: drawn at random.
    SessionId from 1;
    /// A publication. Global scope: drawn at random.
    PublicationId from 1;
    /// A subscription, shared by all sessions that subscribed the same topic with the same match policy. Router scope.
    SubscriptionId from 1;
    /// A registration. Router scope.
    RegistrationId from 1;
    /// A request. Session scope: 1, 2, 3 … in each direction. 0 stands in the UNREGISTERED and UNSUBSCRIBED that a
    /// router sends unasked.
    RequestId from 0;
}

impl RequestId {
    /// The one before the first: what a counter starts from.
    pub const ZERO: Self = Self(0);

    /// The one that follows.
    ///
    /// # Panics
    /// After 2^53, which at a million requests a second is reached in 285 years.
    #[must_use]
    pub const fn next(self) -> Self {
        Self::known(self.0 + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_from_one_to_two_to_the_53() {
        assert_eq!(SessionId::new(0), Err(IdOutOfRange(0)));
        assert_eq!(SessionId::new(1).map(SessionId::get), Ok(1));
        assert_eq!(SessionId::new(1 << 53).map(SessionId::get), Ok(1 << 53));
        assert_eq!(SessionId::new((1 << 53) + 1), Err(IdOutOfRange((1 << 53) + 1)));
    }

    #[test]
    fn requests_count_from_one() {
        assert_eq!(RequestId::ZERO.next(), RequestId::known(1));
    }
}

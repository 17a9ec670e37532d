//! Roles and the features announced for them. Specification: "Feature Announcement" (advanced profile).

use std::borrow::Cow;
use std::fmt;

use crate::codec::{DecodeError, Read, Token, Write};
use crate::message::dict::Field;

macro_rules! features {
    ($($(#[$doc:meta])* $constant:ident = $name:literal;)*) => {
        impl Features {
            features!(@constants 0u32; $($(#[$doc])* $constant,)*);

            const NAMES: &[&str] = &[$($name),*];
        }
    };
    (@constants $index:expr; $(#[$doc:meta])* $constant:ident, $($rest:tt)*) => {
        $(#[$doc])*
        pub const $constant: Self = Self(1 << $index);
        features!(@constants $index + 1; $($rest)*);
    };
    (@constants $index:expr;) => {};
}

/// A set of features one role of a peer announces.
///
/// Names the specification does not know are passed over when a set is decoded.
#[derive(Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Features(u32);

features! {
    /// Progressive results of a call.
    PROGRESSIVE_CALL_RESULTS = "progressive_call_results";
    /// Calls whose arguments come in pieces.
    PROGRESSIVE_CALL_INVOCATIONS = "progressive_call_invocations";
    /// Calls with a timeout.
    CALL_TIMEOUT = "call_timeout";
    /// Calls that can be canceled.
    CALL_CANCELING = "call_canceling";
    /// Callers who disclose who they are.
    CALLER_IDENTIFICATION = "caller_identification";
    /// A trust level on calls.
    CALL_TRUSTLEVELS = "call_trustlevels";
    /// Procedures and events about registrations.
    REGISTRATION_META_API = "registration_meta_api";
    /// Registrations by prefix and wildcard.
    PATTERN_BASED_REGISTRATION = "pattern_based_registration";
    /// Several callees for one procedure.
    SHARED_REGISTRATION = "shared_registration";
    /// Registrations the router can take back.
    REGISTRATION_REVOCATION = "registration_revocation";
    /// Publications limited to some subscribers.
    SUBSCRIBER_BLACKWHITE_LISTING = "subscriber_blackwhite_listing";
    /// Publishers who can receive their own publications.
    PUBLISHER_EXCLUSION = "publisher_exclusion";
    /// Publishers who disclose who they are.
    PUBLISHER_IDENTIFICATION = "publisher_identification";
    /// A trust level on publications.
    PUBLICATION_TRUSTLEVELS = "publication_trustlevels";
    /// Procedures and events about subscriptions.
    SUBSCRIPTION_META_API = "subscription_meta_api";
    /// Subscriptions by prefix and wildcard.
    PATTERN_BASED_SUBSCRIPTION = "pattern_based_subscription";
    /// Subscriptions the router can take back.
    SUBSCRIPTION_REVOCATION = "subscription_revocation";
    /// Publications kept for those who subscribe later.
    EVENT_RETENTION = "event_retention";
    /// Publications kept to be asked for.
    EVENT_HISTORY = "event_history";
    /// Procedures and events about sessions.
    SESSION_META_API = "session_meta_api";
    /// Publications made when the session is gone.
    TESTAMENT_META_API = "testament_meta_api";
    /// Payloads in an encoding of the application's own.
    PAYLOAD_PASSTHRU_MODE = "payload_passthru_mode";
    /// Procedures that tell what procedures, topics and errors are. The only one that the specification wants beside
    /// the other features, as `roles.broker.reflection`, and that is announced there.
    REFLECTION = "reflection";
}

impl Features {
    /// None.
    pub const NONE: Self = Self(0);

    /// Whether all of `features` are in the set.
    pub const fn contains(self, features: Self) -> bool {
        self.0 & features.0 == features.0
    }

    /// The set with `features` added.
    #[must_use]
    pub const fn with(self, features: Self) -> Self {
        Self(self.0 | features.0)
    }

    /// The set without `features`.
    #[must_use]
    pub const fn without(self, features: Self) -> Self {
        Self(self.0 & !features.0)
    }

    /// The names of the features in the set, as peers announce them.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES.iter().enumerate().filter(move |(bit, _)| self.0 >> bit & 1 == 1).map(|(_, name)| *name)
    }

    fn by_name(name: &str) -> Self {
        // The chapter on canceling has both spellings.
        let name = if name == "call_cancelling" { "call_canceling" } else { name };
        Self::NAMES.iter().position(|known| *known == name).map_or(Self::NONE, |bit| Self(1 << bit))
    }
}

impl fmt::Debug for Features {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

/// The roles a peer plays, each with the features it announces for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Roles {
    /// Publishes events.
    pub publisher: Option<Features>,
    /// Receives events.
    pub subscriber: Option<Features>,
    /// Calls procedures.
    pub caller: Option<Features>,
    /// Offers procedures.
    pub callee: Option<Features>,
    /// Routes events.
    pub broker: Option<Features>,
    /// Routes calls.
    pub dealer: Option<Features>,
}

impl Roles {
    /// Whether the peer plays no role at all, which the specification forbids.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn by_name(&mut self, name: &str) -> Option<&mut Option<Features>> {
        Some(match name {
            "publisher" => &mut self.publisher,
            "subscriber" => &mut self.subscriber,
            "caller" => &mut self.caller,
            "callee" => &mut self.callee,
            "broker" => &mut self.broker,
            "dealer" => &mut self.dealer,
            _ => return None,
        })
    }

    fn named(&self) -> impl Iterator<Item = (&'static str, Features)> {
        [
            ("publisher", self.publisher),
            ("subscriber", self.subscriber),
            ("caller", self.caller),
            ("callee", self.callee),
            ("broker", self.broker),
            ("dealer", self.dealer),
        ]
        .into_iter()
        .filter_map(|(name, features)| Some((name, features?)))
    }
}

impl<'a> Field<'a> for Roles {
    fn read<R: Read<'a>>(reader: &mut R) -> Result<Self, DecodeError> {
        let mut roles = Self::default();
        each_entry(reader, |name, reader| {
            let features = role_features(reader)?;
            if let Some(role) = roles.by_name(name) {
                *role = Some(features);
            }
            Ok(())
        })?;
        Ok(roles)
    }

    fn write<W: Write>(&self, writer: &mut W) {
        let roles = writer.map(Some(self.named().count()));
        for (name, features) in self.named() {
            writer.name(name);
            let reflection = features.contains(Features::REFLECTION);
            let features = features.without(Features::REFLECTION);
            let entries = usize::from(features != Features::NONE) + usize::from(reflection);
            let role = writer.map(Some(entries));
            if features != Features::NONE {
                writer.name("features");
                let open = writer.map(Some(features.names().count()));
                for feature in features.names() {
                    writer.name(feature);
                    writer.bool(true);
                }
                writer.close(open, features.names().count());
            }
            if reflection {
                writer.name("reflection");
                writer.bool(true);
            }
            writer.close(role, entries);
        }
        writer.close(roles, self.named().count());
    }
}

fn role_features<'a>(reader: &mut impl Read<'a>) -> Result<Features, DecodeError> {
    let mut features = Features::NONE;
    each_entry(reader, |key, reader| {
        if key == "reflection" {
            if let Token::Bool(true) = scalar(reader)? {
                features = features.with(Features::REFLECTION);
            }
            return Ok(());
        }
        if key != "features" {
            return reader.skip().map(drop);
        }
        each_entry(reader, |name, reader| {
            if let Token::Bool(true) = scalar(reader)? {
                features = features.with(Features::by_name(name));
            }
            Ok(())
        })
    })?;
    Ok(features)
}

/// The next value where it is a scalar; null in place of a container, which is passed over.
fn scalar<'a>(reader: &mut impl Read<'a>) -> Result<Token<'a>, DecodeError> {
    let token = reader.token()?;
    match token {
        Token::Array(mut items) => {
            while reader.more(&mut items)? {
                reader.skip()?;
            }
            Ok(Token::Null)
        }
        Token::Map(mut items) => {
            while reader.more(&mut items)? {
                reader.key()?;
                reader.skip()?;
            }
            Ok(Token::Null)
        }
        scalar => Ok(scalar),
    }
}

/// Reads a dict, with `entry` reading each value. Null stands for an empty dict.
fn each_entry<'a, R: Read<'a>>(
    reader: &mut R,
    mut entry: impl FnMut(&str, &mut R) -> Result<(), DecodeError>,
) -> Result<(), DecodeError> {
    let mut items = match reader.token()? {
        Token::Map(items) => items,
        Token::Null => return Ok(()),
        other => return Err(reader.expected("a dict", &other)),
    };
    while reader.more(&mut items)? {
        let key: Cow<'a, str> = match reader.key()? {
            Token::Str(key) => key,
            other => return Err(reader.expected("a string as key", &other)),
        };
        entry(&key, reader)?;
    }
    Ok(())
}

//! URIs of realms, topics, procedures and errors. Specification: "URIs" (basic profile).

use std::borrow::Cow;
use std::fmt;

/// How URIs are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UriRules {
    /// Components are anything but white space, `#` and the dot that separates them. What every router must accept.
    #[default]
    Loose,
    /// Components are `[0-9a-z_]+`.
    Strict,
}

/// A URI that was checked: components separated by dots, none of them empty.
///
/// ```
/// use wamp_proto::Uri;
///
/// assert_eq!(Uri::parse("com.example.add")?.as_str(), "com.example.add");
/// assert!(Uri::parse("com..add").is_err());
/// assert!(Uri::parse("wamp.session.count")?.is_reserved());
/// # Ok::<(), wamp_proto::InvalidUri>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Uri<'a>(Cow<'a, str>);

/// Why a string is no URI.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidUri {
    /// There is nothing.
    #[error("a URI can't be empty")]
    Empty,
    /// Two dots in a row, or one at an end.
    #[error(
        "component {index} of {uri:?} is empty: a URI is components separated by single dots, like \"com.example.add\""
    )]
    EmptyComponent {
        /// The whole string.
        uri: String,
        /// Which component, from 1.
        index: usize,
    },
    /// A character that no component may have.
    #[error("{uri:?} has {character:?} in it: {allowed}")]
    Character {
        /// The whole string.
        uri: String,
        /// The offending character.
        character: char,
        /// What components consist of.
        allowed: &'static str,
    },
}

impl<'a> Uri<'a> {
    /// Checks a URI by the loose rules.
    ///
    /// # Errors
    /// [`InvalidUri`] says what is wrong with it.
    pub fn parse(uri: impl Into<Cow<'a, str>>) -> Result<Self, InvalidUri> {
        Self::parse_by(UriRules::Loose, uri)
    }

    /// Checks a URI by the given rules.
    ///
    /// # Errors
    /// [`InvalidUri`] says what is wrong with it.
    pub fn parse_by(rules: UriRules, uri: impl Into<Cow<'a, str>>) -> Result<Self, InvalidUri> {
        let uri = uri.into();
        check(rules, &uri, false)?;
        Ok(Self(uri))
    }

    /// A URI that was checked as something else.
    pub(crate) fn trusted(uri: &'a str) -> Self {
        Self(Cow::Borrowed(uri))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the first component is `wamp`, which is kept for the protocol itself: clients may not publish or
    /// register there.
    pub fn is_reserved(&self) -> bool {
        is_reserved(&self.0)
    }

    /// `text` as a URI, if it is this one, which spares checking it again.
    pub fn recognize<'b>(&self, text: &'b str) -> Option<Uri<'b>> {
        (self.0 == text).then_some(Uri(Cow::Borrowed(text)))
    }

    /// The same URI, borrowing nothing.
    pub fn into_owned(self) -> Uri<'static> {
        Uri(Cow::Owned(self.0.into_owned()))
    }
}

impl fmt::Display for Uri<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for Uri<'_> {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

pub(crate) fn is_reserved(uri: &str) -> bool {
    uri.strip_prefix("wamp").is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Checks the text of a URI or, with `empty_components`, of a pattern.
pub(crate) fn check(rules: UriRules, uri: &str, empty_components: bool) -> Result<(), InvalidUri> {
    let bytes = uri.as_bytes();
    if !empty_components {
        let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else {
            return Err(InvalidUri::Empty);
        };
        // No early exit: so many bytes are compared at once, here and below.
        let doubled =
            bytes.iter().zip(&bytes[1..]).fold(false, |any, (&dot, &next)| any | (dot == b'.') & (next == b'.'));
        if *first == b'.' || *last == b'.' || doubled {
            return Err(empty_component(uri));
        }
    }
    // Most URIs are plain ASCII.
    let plain = match rules {
        UriRules::Loose => all(bytes, |byte| (byte > b' ') & (byte != b'#') & (byte < 0x7f)),
        UriRules::Strict => {
            all(bytes, |byte| byte.is_ascii_digit() | byte.is_ascii_lowercase() | (byte == b'_') | (byte == b'.'))
        }
    };
    if plain { Ok(()) } else { check_characters(rules, uri) }
}

fn all(bytes: &[u8], holds: impl Fn(u8) -> bool) -> bool {
    bytes.iter().fold(true, |all, &byte| all & holds(byte))
}

#[cold]
fn empty_component(uri: &str) -> InvalidUri {
    let index = uri.split('.').position(str::is_empty).map_or(1, |index| index + 1);
    InvalidUri::EmptyComponent { uri: uri.to_owned(), index }
}

#[cold]
fn check_characters(rules: UriRules, uri: &str) -> Result<(), InvalidUri> {
    let (offending, allowed) = match rules {
        UriRules::Loose => (
            uri.chars().find(|&character| character.is_whitespace() || character == '#'),
            "white space and # are not allowed in a URI",
        ),
        UriRules::Strict => (
            uri.chars().find(|&character| !matches!(character, '0'..='9' | 'a'..='z' | '_' | '.')),
            "by the strict rules components consist of a-z, 0-9 and _",
        ),
    };
    match offending {
        Some(character) => Err(InvalidUri::Character { uri: uri.to_owned(), character, allowed }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loose_rules_take_all_but_white_space_hash_and_empty_components() {
        for uri in ["com", "com.example.add", "COM.Example", "com.exämple.日本", "a-b.c/d:e", "com.1", "\u{7f}"] {
            assert!(Uri::parse(uri).is_ok(), "{uri}");
        }
        for uri in ["", ".", "com.", ".com", "com..add", "com. add", "com.a#", "com.\u{a0}x", "com.\ttab", "\u{2003}"] {
            assert!(Uri::parse(uri).is_err(), "{uri}");
        }
    }

    #[test]
    fn strict_rules_take_lower_case_digits_and_underscores() {
        assert!(Uri::parse_by(UriRules::Strict, "com.my_app.add2").is_ok());
        for uri in ["com.Example", "com.my-app", "com.exämple", "com..x"] {
            assert!(Uri::parse_by(UriRules::Strict, uri).is_err(), "{uri}");
        }
    }

    #[test]
    fn a_uri_recognizes_itself_only() {
        let uri = Uri::parse("com.example.add").expect("it is a URI");
        assert_eq!(uri.recognize("com.example.add"), Some(uri.clone()));
        assert_eq!(uri.recognize("com.example.ad"), None);
        assert_eq!(uri.recognize("com..example"), None);
    }

    #[test]
    fn only_the_component_wamp_is_reserved() {
        assert!(is_reserved("wamp"));
        assert!(is_reserved("wamp.error"));
        assert!(!is_reserved("wampum.error"));
        assert!(!is_reserved("com.wamp"));
    }

    #[test]
    fn an_error_says_which_component_or_character() {
        let error = Uri::parse("com..add").expect_err("the second component is empty");
        assert_eq!(error, InvalidUri::EmptyComponent { uri: "com..add".to_owned(), index: 2 });
        let error = Uri::parse("com.my topic").expect_err("there is a space");
        assert!(matches!(error, InvalidUri::Character { character: ' ', .. }));
    }
}

//! What a machine is called.

use serde::{Deserialize, Serialize};

use crate::limits;

/// A machine's name: one line of visible characters, at most 64, possibly empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

/// Why a text can't be a [`Name`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidName {
    /// More than 64 characters.
    #[error("has {0} characters; allowed: at most 64")]
    TooLong(usize),
    /// A control character, or one that hides or reorders text.
    #[error("has the character {0:?} in it; allowed: visible text on one line")]
    Unprintable(char),
}

impl Name {
    /// Reads a name that somebody chose. Blanks around it don't count.
    ///
    /// # Errors
    /// When it is too long or not visible text.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        let text = text.trim();
        if let Some(unprintable) = text.chars().find(|c| !is_visible(*c)) {
            return Err(InvalidName::Unprintable(unprintable));
        }
        match text.chars().count() {
            0..=limits::NAME_CHARS => Ok(Self(text.to_owned())),
            count => Err(InvalidName::TooLong(count)),
        }
    }

    /// Makes a name of what a machine says it is called, leaving out what can't be shown:
    /// a machine with a strange host name must not be refused for it.
    pub fn reported(text: &str) -> Self {
        let visible = text.trim().chars().filter(|c| is_visible(*c));
        Self(visible.take(limits::NAME_CHARS).collect())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryFrom<String> for Name {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, InvalidName> {
        Self::parse(&text)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> String {
        name.0
    }
}

/// Control characters would break lines; the format characters listed here are invisible or
/// turn the text around them, which makes one machine look like another.
fn is_visible(c: char) -> bool {
    let hides = matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
    !c.is_control() && !hides
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_visible_text_is_a_name() {
        for text in ["web-1", "<script>", "Büro 東京", "", &"é".repeat(64)] {
            assert_eq!(Name::parse(text).unwrap().as_str(), text);
        }
        assert_eq!(Name::parse("  web 1 ").unwrap().as_str(), "web 1");
    }

    #[test]
    fn what_hides_or_breaks_the_line_is_none() {
        for (text, c) in [("a\nb", '\n'), ("a\u{202e}b", '\u{202e}'), ("a\u{0}", '\0')] {
            assert_eq!(Name::parse(text), Err(InvalidName::Unprintable(c)));
        }
        assert_eq!(Name::parse(&"a".repeat(65)), Err(InvalidName::TooLong(65)));
    }

    #[test]
    fn a_reported_name_is_cleaned_not_refused() {
        assert_eq!(Name::reported("we\u{0}b\u{202e}-1").as_str(), "web-1");
        assert_eq!(Name::reported(&"a".repeat(1000)).as_str().len(), 64);
    }
}

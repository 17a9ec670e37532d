//! Reading what a stranger sends.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};

use crate::limits;

/// Anything that can stand in a message, as much of it as is worth keeping.
///
/// A field of another kind than expected must not cost the rest of the sample, and a list of a
/// million numbers must not cost a million places: what is beyond the limits is skipped while
/// it is read, never stored.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) enum Loose {
    #[default]
    Nothing,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Loose>),
    Map(Vec<(String, Loose)>),
}

/// Lists within maps within a sample's field; what is deeper is skipped.
const DEPTH: usize = 2;

/// Whole numbers that every reader of JSON gets exactly.
const EXACT: f64 = 9_007_199_254_740_992.0;

impl Loose {
    pub(super) fn bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A number of bytes, seconds or the like: whole, not negative. Others are nonsense.
    pub(super) fn amount(&self) -> Option<u64> {
        match *self {
            Self::Number(value) if (0.0..=EXACT).contains(&value) => Some(value.round() as u64),
            _ => None,
        }
    }

    /// A number that isn't negative, as short as it is worth.
    pub(super) fn level(&self) -> Option<f32> {
        match *self {
            Self::Number(value) if (0.0..=1e9).contains(&value) => Some(value as f32),
            _ => None,
        }
    }

    pub(super) fn list(&self) -> Option<&[Loose]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    pub(super) fn map(&self) -> Option<&[(String, Loose)]> {
        match self {
            Self::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// Exactly `N` amounts.
    pub(super) fn amounts<const N: usize>(&self) -> Option<[u64; N]> {
        let amounts: Option<Vec<u64>> = self.list()?.iter().map(Self::amount).collect();
        amounts?.try_into().ok()
    }
}

impl<'de> Deserialize<'de> for Loose {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Levels(DEPTH).deserialize(deserializer)
    }
}

/// Reads a value with this many levels below it.
#[derive(Clone, Copy)]
struct Levels(usize);

impl<'de> DeserializeSeed<'de> for Levels {
    type Value = Loose;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Loose, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Levels {
    type Value = Loose;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Loose, E> {
        Ok(Loose::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Loose, E> {
        Ok(Loose::Number(value as f64))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Loose, E> {
        Ok(Loose::Number(value as f64))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Loose, E> {
        Ok(Loose::Number(value))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Loose, E> {
        Ok(Loose::Text(text[..text.floor_char_boundary(limits::TEXT_BYTES)].to_owned()))
    }

    fn visit_bytes<E: de::Error>(self, _: &[u8]) -> Result<Loose, E> {
        Ok(Loose::Nothing)
    }

    fn visit_unit<E: de::Error>(self) -> Result<Loose, E> {
        Ok(Loose::Nothing)
    }

    fn visit_none<E: de::Error>(self) -> Result<Loose, E> {
        Ok(Loose::Nothing)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Loose, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<Loose, D::Error> {
        inner.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Loose, A::Error> {
        let mut items = Vec::new();
        if let Some(below) = self.0.checked_sub(1) {
            while items.len() < limits::CORES {
                let Some(item) = seq.next_element_seed(Self(below))? else {
                    return Ok(Loose::List(items));
                };
                items.push(item);
            }
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Loose::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Loose, A::Error> {
        let mut entries = Vec::new();
        if let Some(below) = self.0.checked_sub(1) {
            while entries.len() < limits::MOUNTS {
                let Some(key) = map.next_key_seed(Self(0))? else {
                    return Ok(Loose::Map(entries));
                };
                let value = map.next_value_seed(Self(below))?;
                if let Loose::Text(key) = key {
                    entries.push((key, value));
                }
            }
        }
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Loose::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Loose {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn keeps_no_more_than_the_limits() {
        let zeros = format!("[{}0]", "0,".repeat(1_000_000));
        assert_eq!(read(&zeros).list().unwrap().len(), limits::CORES);

        let entries: Vec<String> = (0..1000).map(|n| format!(r#""/{n}":[1,2]"#)).collect();
        let map = read(&format!("{{{}}}", entries.join(",")));
        assert_eq!(map.map().unwrap().len(), limits::MOUNTS);

        let text = read(&format!("\"{}\"", "é".repeat(10_000)));
        assert_eq!(text.text().unwrap().len(), limits::TEXT_BYTES);
    }

    #[test]
    fn what_is_too_deep_is_skipped() {
        assert_eq!(read("[[[[1]]],2]"), Loose::List(vec![Loose::List(vec![Loose::List(vec![])]), Loose::Number(2.0),]));
    }

    #[test]
    fn nonsense_is_no_amount() {
        for json in ["-1", "1e300", "\"5\"", "null", "true", "[]", "{}"] {
            assert_eq!(read(json).amount(), None, "{json}");
        }
        assert_eq!(Loose::Number(f64::NAN).amount(), None);
        assert_eq!(Loose::Number(f64::INFINITY).level(), None);
        assert_eq!(read("2.6").amount(), Some(3));
        assert_eq!(read("[1,2]").amounts(), Some([1, 2]));
        assert_eq!(read("[1,-2]").amounts::<2>(), None);
        assert_eq!(read("[1,2,3]").amounts::<2>(), None);
    }
}

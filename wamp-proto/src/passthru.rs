//! Payloads that the router does not look into. Specification: "Payload Passthru Mode" (advanced profile).

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use serde::de::{self, Deserialize, Visitor};

use crate::codec::{DecodeError, Read, Token, Write as _, with_reader, with_writer};
use crate::message::dict::write_encoded;
use crate::message::options::Passthru;
use crate::{OwnedPayload, Payload, Serializer};

impl Passthru<'_> {
    /// Whether the payload is in passthru mode: a scheme is named.
    pub fn is_used(&self) -> bool {
        self.scheme.as_deref().is_some_and(|scheme| !scheme.is_empty())
    }

    /// The same, outliving its frame.
    pub fn to_static(&self) -> Passthru<'static> {
        let owned = |text: &Option<Cow<'_, str>>| text.as_deref().map(|text| Cow::Owned(text.to_owned()));
        Passthru {
            scheme: owned(&self.scheme),
            serializer: owned(&self.serializer),
            cipher: owned(&self.cipher),
            keyid: owned(&self.keyid),
        }
    }
}

impl Serializer {
    /// What it is called as `ppt_serializer`.
    pub const fn passthru_name(self) -> &'static str {
        match self {
            #[cfg(feature = "json")]
            Self::Json => "json",
            #[cfg(feature = "msgpack")]
            Self::MessagePack => "msgpack",
            #[cfg(feature = "cbor")]
            Self::Cbor => "cbor",
        }
    }
}

impl Payload<'_> {
    /// All arguments as one piece, `{"args": […], "kwargs": {…}}`, in this serializer: what the specification wants to
    /// be encrypted, or handed through as it is.
    ///
    /// ```
    /// use wamp_proto::{OwnedPayload, Payload, Serializer};
    ///
    /// let payload = Payload::new(Serializer::Json, Some(b"[2,3]"), None)?;
    /// let packed = payload.pack(Serializer::Cbor);
    /// let unpacked = OwnedPayload::unpack(Serializer::Cbor, packed)?;
    /// assert_eq!(unpacked.as_payload().args_reader().take()?, Some(2));
    /// # Ok::<(), wamp_proto::DecodeError>(())
    /// ```
    pub fn pack(&self, serializer: Serializer) -> Vec<u8> {
        let (args, kwargs) = (self.args(), self.kwargs());
        let mut out = Vec::with_capacity(24 + args.map_or(0, <[u8]>::len) + kwargs.map_or(0, <[u8]>::len));
        with_writer!(serializer, &mut out, |writer| {
            let packed = writer.map(Some(2));
            writer.key("args");
            match args {
                Some(args) => write_encoded(self.serializer(), args, &mut writer),
                None => {
                    let empty = writer.array(Some(0));
                    writer.close(empty, 0);
                }
            }
            writer.key("kwargs");
            match kwargs {
                Some(kwargs) => write_encoded(self.serializer(), kwargs, &mut writer),
                None => {
                    let empty = writer.map(Some(0));
                    writer.close(empty, 0);
                }
            }
            writer.close(packed, 2);
        });
        out
    }

    /// The one binary argument a payload in passthru mode usually is. Nothing, where there is another argument, or
    /// more.
    pub fn to_binary(&self) -> Option<Vec<u8>> {
        let mut args = self.args_reader();
        let Binary(binary) = args.take().ok()??;
        let has_kwargs = self.kwargs_reader().decode::<crate::Value>() != Ok(crate::Value::Map(Vec::new()));
        (matches!(args.take_raw(), Ok(None)) && !has_kwargs).then_some(binary)
    }
}

impl OwnedPayload {
    /// One binary argument, as a payload in passthru mode is.
    pub fn binary(serializer: Serializer, bytes: &[u8]) -> Self {
        let mut args = Vec::with_capacity(8 + bytes.len());
        with_writer!(serializer, &mut args, |writer| {
            let list = writer.array(Some(1));
            writer.bytes(bytes);
            writer.close(list, 1);
        });
        let length = args.len();
        Self::behind(serializer, args, length)
    }

    /// The arguments that [`Payload::pack`] made one piece of. Either kind may be missing or null.
    ///
    /// # Errors
    /// When it is no dict, or `args` is no list, or `kwargs` no dict.
    pub fn unpack(serializer: Serializer, packed: impl Into<Bytes>) -> Result<Self, DecodeError> {
        let packed = packed.into();
        let (mut args, mut kwargs) = (None, None);
        with_reader!(serializer, &packed, |reader| {
            let mut entries = match reader.token()? {
                Token::Map(entries) => entries,
                other => return Err(reader.expected("a dict of `args` and `kwargs`", &other)),
            };
            while reader.more(&mut entries)? {
                let key = match reader.key()? {
                    Token::Str(key) => key,
                    other => return Err(reader.expected("a string as key", &other)),
                };
                let part = match &*key {
                    "args" => &mut args,
                    "kwargs" => &mut kwargs,
                    _ => {
                        reader.skip()?;
                        continue;
                    }
                };
                *part = if reader.null() { None } else { Some(reader.skip()?) };
            }
            reader.end()?;
        });
        // Checks that they are a list and a dict.
        Ok(Payload::new(serializer, args, kwargs)?.own_in(&packed))
    }
}

/// A binary string.
struct Binary(Vec<u8>);

impl<'de> Deserialize<'de> for Binary {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_byte_buf(BinaryVisitor).map(Self)
    }
}

struct BinaryVisitor;

impl Visitor<'_> for BinaryVisitor {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a binary string")
    }

    fn visit_bytes<E>(self, value: &[u8]) -> Result<Vec<u8>, E> {
        Ok(value.to_owned())
    }

    fn visit_byte_buf<E>(self, value: Vec<u8>) -> Result<Vec<u8>, E> {
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{PayloadBuilder, Value};

    fn payload(serializer: Serializer) -> OwnedPayload {
        let mut payload = PayloadBuilder::new(serializer);
        payload.arg("text").expect("it has an encoding").arg(&Value::Bin(vec![0, 255])).expect("it has an encoding");
        payload.kwarg("count", &7).expect("it has an encoding");
        payload.finish()
    }

    #[test]
    fn what_is_packed_is_unpacked_in_every_serializer() {
        for from in Serializer::ALL {
            for to in Serializer::ALL {
                let packed = payload(from).as_payload().pack(to);
                assert_eq!(OwnedPayload::unpack(to, packed).expect("it is a piece"), payload(to), "{from} to {to}");
            }
        }
    }

    #[test]
    fn a_piece_has_both_keys() {
        assert_eq!(Payload::EMPTY.pack(Serializer::Json), br#"{"args":[],"kwargs":{}}"#);
    }

    #[test]
    fn what_others_leave_out_is_empty() {
        for text in ["{}", r#"{"args":null,"kwargs":null}"#, r#"{"more":[1]}"#] {
            let unpacked = OwnedPayload::unpack(Serializer::Json, text.as_bytes()).expect("it is a piece");
            assert!(unpacked.as_payload().is_empty(), "{text}");
        }
    }

    #[test]
    fn what_is_no_piece_is_refused() {
        for text in ["", "[1]", r#"{"args":{}}"#, r#"{"args":[],"kwargs":[]}"#, r#"{"args":[]}1"#, r#"{"args":[1"#] {
            assert!(OwnedPayload::unpack(Serializer::Json, text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn a_binary_argument_is_told_from_others() {
        for serializer in Serializer::ALL {
            let binary = OwnedPayload::binary(serializer, &[1, 2, 255]);
            assert_eq!(binary.as_payload().to_binary(), Some(vec![1, 2, 255]), "{serializer}");
            assert_eq!(payload(serializer).as_payload().to_binary(), None, "{serializer}");
        }
        let with = |args: &'static str, kwargs: Option<&'static str>| {
            let payload = Payload::new(Serializer::Json, Some(args.as_bytes()), kwargs.map(str::as_bytes));
            payload.expect("it is well-formed").to_binary()
        };
        assert_eq!(with(r#"["\u0000AQ=="]"#, Some("{}")), Some(vec![1]), "an empty dict is none");
        assert_eq!(with(r#"["\u0000AQ=="]"#, Some(r#"{"a":1}"#)), None);
        assert_eq!(with(r#"["\u0000AQ==",1]"#, None), None);
        assert_eq!(with("[[1,2]]", None), None, "a list of numbers is none");
        assert_eq!(with("[]", None), None);
    }
}

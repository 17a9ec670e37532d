//! Codecs for payload passthru mode: one that encrypts (as a toy does), and one for MQTT messages.

#![allow(dead_code, reason = "each test file uses its part")]

use wamp_client::{CodecError, EncodedPayload, OwnedPayload, Payload, PayloadCodec, PayloadContext, Serializer};

/// The keys both sides have.
pub(crate) const KEYS: [(&str, u64); 2] = [("blue", 0x9e37_79b9_7f4a_7c15), ("green", 0xbf58_476d_1ce4_e5b9)];

/// Encrypts, with a key that both sides know by name, and notices when it is another. No cipher for anything but tests.
pub(crate) struct Secret {
    key: Key,
    /// Read all the same.
    reads: Option<&'static str>,
}

enum Key {
    Named(&'static str),
    /// The last component of the URI names it, or the call that is answered.
    ByUri,
}

impl Secret {
    pub(crate) fn new(key: &'static str) -> Self {
        Self { key: Key::Named(key), reads: None }
    }

    pub(crate) fn by_uri() -> Self {
        Self { key: Key::ByUri, reads: None }
    }

    /// Reads what is encoded with this key, too.
    pub(crate) fn reading(mut self, key: &'static str) -> Self {
        self.reads = Some(key);
        self
    }

    fn keyid(&self, context: &PayloadContext<'_>) -> String {
        match (&self.key, context.request) {
            (Key::Named(name), _) => (*name).to_owned(),
            (Key::ByUri, Some(request)) => request.keyid.as_deref().unwrap_or_default().to_owned(),
            (Key::ByUri, None) => context.uri.rsplit('.').next().unwrap_or_default().to_owned(),
        }
    }
}

impl PayloadCodec for Secret {
    fn scheme(&self) -> &str {
        "x_secret"
    }

    fn encode(&self, context: &PayloadContext<'_>, arguments: Payload<'_>) -> Result<EncodedPayload, CodecError> {
        let keyid = self.keyid(context);
        // "red" is a key that only this side knows.
        let key = if keyid == "red" { 7 } else { key(&keyid)? };
        let mut bytes = arguments.pack(Serializer::Cbor);
        let tag = bytes.iter().fold(key, |tag, &byte| tag.rotate_left(5) ^ u64::from(byte));
        bytes.extend(tag.to_be_bytes());
        apply(key, &mut bytes);
        let keyid = if keyid == "red" { "blue".to_owned() } else { keyid };
        Ok(EncodedPayload::new(bytes).serializer("cbor").cipher("x_toy").keyid(keyid))
    }

    fn decode(&self, context: &PayloadContext<'_>, encoded: &EncodedPayload) -> Result<OwnedPayload, CodecError> {
        let keyid = encoded.attributes().keyid.as_deref().ok_or("no key is named")?;
        if keyid != self.keyid(context) && self.reads != Some(keyid) {
            return Err("it is not for this key".into());
        }
        let key = key(keyid)?;
        let mut bytes = encoded.binary()?;
        apply(key, &mut bytes);
        let (packed, tag) = bytes.split_last_chunk::<8>().ok_or("it is too short")?;
        if packed.iter().fold(key, |tag, &byte| tag.rotate_left(5) ^ u64::from(byte)) != u64::from_be_bytes(*tag) {
            return Err("it was not encoded with this key".into());
        }
        Ok(OwnedPayload::unpack(Serializer::Cbor, packed.to_owned())?)
    }
}

fn key(id: &str) -> Result<u64, CodecError> {
    let key = KEYS.iter().find(|(name, _)| *name == id).map(|(_, key)| *key);
    key.ok_or_else(|| format!("there is no key {id:?}").into())
}

/// Encrypts, and decrypts: a stream of bytes that follows from the key.
fn apply(mut key: u64, bytes: &mut [u8]) {
    for byte in bytes {
        key ^= key << 13;
        key ^= key >> 7;
        key ^= key << 17;
        *byte ^= key as u8;
    }
}

/// The specification's scheme for MQTT messages.
pub(crate) struct Mqtt {
    packs: bool,
}

impl Mqtt {
    /// The message as it is.
    pub(crate) fn native() -> Self {
        Self { packs: false }
    }

    /// The arguments as JSON.
    pub(crate) fn packed() -> Self {
        Self { packs: true }
    }
}

impl PayloadCodec for Mqtt {
    fn scheme(&self) -> &str {
        "mqtt"
    }

    fn encode(&self, _: &PayloadContext<'_>, arguments: Payload<'_>) -> Result<EncodedPayload, CodecError> {
        match self.packs {
            true => Ok(EncodedPayload::packed(arguments, Serializer::Json)),
            false => Ok(EncodedPayload::native(arguments)),
        }
    }

    fn decode(&self, _: &PayloadContext<'_>, encoded: &EncodedPayload) -> Result<OwnedPayload, CodecError> {
        match encoded.attributes().serializer.as_deref() {
            None | Some("native") => Ok(encoded.arguments()),
            Some("json") => Ok(OwnedPayload::unpack(Serializer::Json, encoded.binary()?)?),
            Some(other) => Err(format!("MQTT messages in {other} are not for this gateway").into()),
        }
    }
}

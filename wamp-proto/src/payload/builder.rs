//! Arguments and keyword arguments, encoded as they come.

use std::convert::Infallible;

use serde::Serialize;

use super::{OwnedPayload, Payload};
use crate::codec::{Open, Serializer, Write as _, with_writer};
use crate::message::Raw;
use crate::message::dict::write_encoded;
use crate::serde::{SerError, write_to};

/// Encodes arguments one by one.
///
/// ```
/// use wamp_proto::{PayloadBuilder, Serializer};
///
/// let mut arguments = PayloadBuilder::new(Serializer::Json);
/// arguments.arg(&2)?;
/// arguments.kwarg("unit", "metres")?;
/// let payload = arguments.finish();
/// assert_eq!(payload.as_payload().args(), Some(&b"[2]"[..]));
/// assert_eq!(payload.as_payload().kwargs(), Some(&br#"{"unit":"metres"}"#[..]));
/// # Ok::<(), wamp_proto::SerError>(())
/// ```
#[derive(Debug, Clone)]
pub struct PayloadBuilder {
    serializer: Serializer,
    args: List,
    kwargs: Vec<(String, Vec<u8>)>,
}

/// The list of the arguments, as far as there are any.
#[derive(Debug, Clone, Default)]
struct List {
    bytes: Vec<u8>,
    open: Option<Open>,
    len: usize,
}

/// As long as most lists of arguments are at most: they need no second piece of memory.
const USUAL: usize = 128;

impl List {
    /// Adds the item that `write` appends.
    fn push<E>(&mut self, serializer: Serializer, write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>) -> Result<(), E> {
        if self.open.is_none() {
            self.bytes.reserve(USUAL);
            self.open = Some(with_writer!(serializer, &mut self.bytes, |writer| writer.array(None)));
        }
        let end = self.bytes.len();
        // A writer of its own writes each item, and knows nothing of those before.
        if self.len > 0 && !serializer.is_binary() {
            self.bytes.push(b',');
        }
        let written = write(&mut self.bytes);
        match written {
            Ok(()) => self.len += 1,
            Err(_) => self.bytes.truncate(end),
        }
        written
    }

    /// The list, which is empty then.
    fn take(&mut self, serializer: Serializer) -> Option<Vec<u8>> {
        let Self { mut bytes, open, len } = std::mem::take(self);
        let open = open.filter(|_| len > 0)?;
        with_writer!(serializer, &mut bytes, |writer| writer.close(open, len));
        Some(bytes)
    }
}

impl PayloadBuilder {
    /// A payload for this serializer, empty so far.
    pub fn new(serializer: Serializer) -> Self {
        Self { serializer, args: List::default(), kwargs: Vec::new() }
    }

    /// Adds an argument.
    ///
    /// # Errors
    /// When the value has no encoding; nothing is added then.
    pub fn arg<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<&mut Self, SerError> {
        self.args.push(self.serializer, |out| write_to(self.serializer, value, out))?;
        Ok(self)
    }

    /// Adds a keyword argument, in place of an earlier one of the same key.
    ///
    /// # Errors
    /// When the value has no encoding; nothing is added then.
    pub fn kwarg<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) -> Result<&mut Self, SerError> {
        let mut bytes = Vec::new();
        write_to(self.serializer, value, &mut bytes)?;
        self.set(key, bytes);
        Ok(self)
    }

    /// Adds an argument that is encoded already, in whatever format.
    ///
    /// ```
    /// use wamp_proto::message::Raw;
    /// use wamp_proto::{PayloadBuilder, Serializer};
    ///
    /// let mut arguments = PayloadBuilder::new(Serializer::Json);
    /// arguments.arg_raw(&Raw::new(Serializer::MessagePack, &[0x92, 0x01, 0xc4, 0x01, 0xff])?);
    /// let payload = arguments.finish();
    /// assert_eq!(payload.as_payload().args(), Some(&br#"[[1,"\u0000/w=="]]"#[..]));
    /// # Ok::<(), wamp_proto::DecodeError>(())
    /// ```
    pub fn arg_raw(&mut self, value: &Raw<'_>) -> &mut Self {
        let Ok(()) = self.args.push(self.serializer, |out| {
            encode_into(self.serializer, value, out);
            Ok::<_, Infallible>(())
        });
        self
    }

    /// Adds a keyword argument that is encoded already, in place of an earlier one of the same key.
    pub fn kwarg_raw(&mut self, key: &str, value: &Raw<'_>) -> &mut Self {
        let mut bytes = Vec::with_capacity(value.bytes().len());
        encode_into(self.serializer, value, &mut bytes);
        self.set(key, bytes);
        self
    }

    /// Adds the arguments (those without a key) of a payload in whatever format.
    pub fn args_of(&mut self, payload: &Payload<'_>) -> &mut Self {
        let mut args = payload.args_reader();
        while let Ok(Some(arg)) = args.take_raw() {
            self.arg_raw(&Raw::trusted(payload.serializer, arg));
        }
        self
    }

    fn set(&mut self, key: &str, bytes: Vec<u8>) {
        match self.kwargs.iter_mut().find(|(known, _)| known == key) {
            Some((_, old)) => *old = bytes,
            None => self.kwargs.push((key.to_owned(), bytes)),
        }
    }

    /// A payload of one argument: the list of the arguments added here. The builder is empty then.
    ///
    /// ```
    /// use wamp_proto::{PayloadBuilder, Serializer};
    ///
    /// let mut items = PayloadBuilder::new(Serializer::Json);
    /// items.arg(&1)?.arg(&2)?;
    /// assert_eq!(items.finish_as_list().as_payload().args(), Some(&b"[[1,2]]"[..]));
    /// # Ok::<(), wamp_proto::SerError>(())
    /// ```
    pub fn finish_as_list(&mut self) -> OwnedPayload {
        let items = self.args.take(self.serializer);
        let mut out = Vec::with_capacity(items.as_ref().map_or(0, Vec::len) + 2);
        with_writer!(self.serializer, &mut out, |writer| {
            let open = writer.array(Some(1));
            match items {
                Some(items) => writer.raw(&items),
                None => {
                    let empty = writer.array(Some(0));
                    writer.close(empty, 0);
                }
            }
            writer.close(open, 1);
        });
        self.kwargs.clear();
        let args = out.len();
        OwnedPayload::behind(self.serializer, out, args)
    }

    /// The payload. The builder is empty then.
    pub fn finish(&mut self) -> OwnedPayload {
        let (bytes, args) = self.encode();
        OwnedPayload::behind(self.serializer, bytes, args)
    }

    /// Lends the payload to `read`, for one that is written at once. The builder is empty then.
    ///
    /// ```
    /// use wamp_proto::{PayloadBuilder, Serializer};
    ///
    /// let mut arguments = PayloadBuilder::new(Serializer::Json);
    /// arguments.arg(&2)?;
    /// assert_eq!(arguments.lend(|payload| payload.args().map(<[u8]>::len)), Some(3));
    /// # Ok::<(), wamp_proto::SerError>(())
    /// ```
    pub fn lend<T>(&mut self, read: impl FnOnce(Payload<'_>) -> T) -> T {
        let (bytes, args) = self.encode();
        let (args, kwargs) = bytes.split_at(args);
        let some = |part| Some(part).filter(|part: &&[u8]| !part.is_empty());
        read(Payload::trusted(self.serializer, some(args), some(kwargs)))
    }

    /// The list, and behind it the dict, and how long the list is. The builder is empty then.
    fn encode(&mut self) -> (Vec<u8>, usize) {
        if self.args.len == 0 && self.kwargs.is_empty() {
            // As of most handlers of events.
            return (Vec::new(), 0);
        }
        let mut out = self.args.take(self.serializer).unwrap_or_default();
        let args = out.len();
        if !self.kwargs.is_empty() {
            with_writer!(self.serializer, &mut out, |writer| {
                let open = writer.map(Some(self.kwargs.len()));
                for (key, value) in &self.kwargs {
                    writer.key(key);
                    writer.raw(value);
                }
                writer.close(open, self.kwargs.len());
            });
            self.kwargs.clear();
        }
        (out, args)
    }
}

/// Appends a value, in whatever format it is.
fn encode_into(serializer: Serializer, value: &Raw<'_>, out: &mut Vec<u8>) {
    with_writer!(serializer, out, |writer| write_encoded(value.serializer(), value.bytes(), &mut writer));
}

//! Messages whose details are empty: nearly all that a router passes on.

#[cfg(feature = "cbor")]
use crate::codec::cbor;
#[cfg(feature = "json")]
use crate::codec::json;
#[cfg(feature = "msgpack")]
use crate::codec::msgpack;
use crate::codec::{Write, with_writer};
use crate::{Payload, PublicationId, RegistrationId, RequestId, Serializer, SubscriptionId};

/// An EVENT, INVOCATION or RESULT with empty details, or a PUBLISH with empty options. It is encoded to the very bytes
/// its [`Message`](super::Message) is, in a fraction of the time: there are no keys to look for, and what comes before
/// the payload is short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bare<'a> {
    code: u8,
    first: u64,
    second: Option<u64>,
    /// What stands behind the details.
    uri: Option<&'a str>,
    payload: Payload<'a>,
}

impl<'a> Bare<'a> {
    /// An event.
    #[inline]
    pub const fn event(subscription: SubscriptionId, publication: PublicationId, payload: Payload<'a>) -> Self {
        Self { code: 36, first: subscription.get(), second: Some(publication.get()), uri: None, payload }
    }

    /// A call, for the callee.
    #[inline]
    pub const fn invocation(request: RequestId, registration: RegistrationId, payload: Payload<'a>) -> Self {
        Self { code: 68, first: request.get(), second: Some(registration.get()), uri: None, payload }
    }

    /// A result of a call.
    #[inline]
    pub const fn result(request: RequestId, payload: Payload<'a>) -> Self {
        Self { code: 50, first: request.get(), second: None, uri: None, payload }
    }

    /// A publication that asks for nothing.
    #[inline]
    pub const fn publish(request: RequestId, topic: &'a str, payload: Payload<'a>) -> Self {
        Self { code: 16, first: request.get(), second: None, uri: Some(topic), payload }
    }

    /// The number that stands for the message's type on the wire.
    #[inline]
    pub const fn code(&self) -> u64 {
        self.code as u64
    }

    /// How many elements there are besides the payload's.
    fn elements(&self) -> u8 {
        3 + u8::from(self.second.is_some()) + u8::from(self.uri.is_some())
    }

    fn write<F: Format>(&self, out: &mut Vec<u8>) {
        append::<F, 0>(self.elements(), self.uri, &self.payload, out, |head| {
            head.begin::<F>(self.code, self.first);
            if let Some(second) = self.second {
                F::id(head, second);
            }
        });
    }

    /// The same, where the payload is in another serializer, or the details tell the topic.
    #[inline(never)]
    fn write_with<W: Write>(&self, topic: Option<&str>, writer: &mut W) {
        use super::element::Element;
        let count = usize::from(self.elements()) + self.payload.count();
        let open = writer.array(Some(count));
        writer.uint(self.code());
        writer.uint(self.first);
        if let Some(second) = self.second {
            writer.uint(second);
        }
        let entries = usize::from(topic.is_some());
        let details = writer.map(Some(entries));
        if let Some(topic) = topic {
            writer.name("topic");
            writer.str(topic);
        }
        writer.close(details, entries);
        if let Some(uri) = self.uri {
            writer.str(uri);
        }
        self.payload.write(writer);
        writer.close(open, count);
    }
}

impl Serializer {
    /// Encodes a message whose details are empty, appending to `out`, as [`encode`](Self::encode) does any message.
    pub fn encode_bare(self, message: &Bare<'_>, out: &mut Vec<u8>) {
        if message.payload.serializer() != self && !message.payload.is_empty() {
            return with_writer!(self, out, |writer| message.write_with(None, &mut writer));
        }
        match self {
            #[cfg(feature = "json")]
            Self::Json => message.write::<Json>(out),
            #[cfg(feature = "msgpack")]
            Self::MessagePack => message.write::<MessagePack>(out),
            #[cfg(feature = "cbor")]
            Self::Cbor => message.write::<Cbor>(out),
        }
    }
}

/// What all EVENTs of one subscription begin with, encoded once for them.
#[derive(Debug, Clone)]
pub struct EventOpening {
    serializer: Serializer,
    subscription: SubscriptionId,
    bytes: [u8; Self::SIZE],
    length: u8,
}

impl EventOpening {
    /// There is room for the longest, of 20 bytes.
    const SIZE: usize = 24;

    /// The opening in one serializer.
    pub fn new(serializer: Serializer, subscription: SubscriptionId) -> Self {
        const EVENT: u8 = 36;
        let id = subscription.get();
        let mut room = [0; ROOM];
        let mut head = Head { bytes: &mut room, length: 0 };
        match serializer {
            #[cfg(feature = "json")]
            Serializer::Json => head.begin::<Json>(EVENT, id),
            #[cfg(feature = "msgpack")]
            Serializer::MessagePack => head.begin::<MessagePack>(EVENT, id),
            #[cfg(feature = "cbor")]
            Serializer::Cbor => head.begin::<Cbor>(EVENT, id),
        }
        let length = head.length as u8;
        let mut bytes = [0; Self::SIZE];
        bytes.copy_from_slice(&room[..Self::SIZE]);
        Self { serializer, subscription, bytes, length }
    }

    /// Encodes an event whose details are empty, appending to `out`: `GAP` bytes, at most 16, that are for the header of
    /// a frame, and the event.
    // Always inline: to call it is much of what there is to do.
    #[inline(always)]
    pub fn encode<const GAP: usize>(&self, publication: PublicationId, payload: &Payload<'_>, out: &mut Vec<u8>) {
        match self.serializer {
            _ if payload.serializer() != self.serializer && !payload.is_empty() => {
                self.transcode(GAP, publication, payload, out);
            }
            #[cfg(feature = "json")]
            Serializer::Json => self.write::<Json, GAP>(publication, payload, out),
            #[cfg(feature = "msgpack")]
            Serializer::MessagePack => self.write::<MessagePack, GAP>(publication, payload, out),
            #[cfg(feature = "cbor")]
            Serializer::Cbor => self.write::<Cbor, GAP>(publication, payload, out),
        }
    }

    #[inline(never)]
    fn transcode(&self, gap: usize, publication: PublicationId, payload: &Payload<'_>, out: &mut Vec<u8>) {
        out.resize(out.len() + gap, 0);
        self.serializer.encode_bare(&Bare::event(self.subscription, publication, *payload), out);
    }

    /// Encodes an event whose details tell the topic and nothing else, as those of a pattern do, appending to `out`.
    pub fn encode_with_topic(&self, publication: PublicationId, topic: &str, payload: &Payload<'_>, out: &mut Vec<u8>) {
        let event = Bare::event(self.subscription, publication, *payload);
        out.reserve(
            ROOM + topic.len() + payload.args().map_or(0, <[u8]>::len) + payload.kwargs().map_or(0, <[u8]>::len),
        );
        with_writer!(self.serializer, out, |writer| event.write_with(Some(topic), &mut writer));
    }

    #[inline(always)]
    fn write<F: Format, const GAP: usize>(&self, publication: PublicationId, payload: &Payload<'_>, out: &mut Vec<u8>) {
        append::<F, GAP>(4, None, payload, out, |head| {
            head.bytes[GAP..GAP + Self::SIZE].copy_from_slice(&self.bytes);
            head.length += usize::from(self.length);
            F::id(head, publication.get());
        });
    }
}

/// Appends, after a gap, a message: what `write` writes, empty details, and a URI if there is one, which are so many
/// elements, and the payload.
#[inline(always)]
fn append<F: Format, const GAP: usize>(
    elements: u8,
    uri: Option<&str>,
    payload: &Payload<'_>,
    out: &mut Vec<u8>,
    write: impl FnOnce(&mut Head<'_>),
) {
    const { assert!(GAP <= 16) };
    let (args, kwargs) = (payload.args(), payload.kwargs());
    let parts = if kwargs.is_some() { 2 } else { u8::from(args.is_some()) };
    let length = |part: Option<&[u8]>| part.map_or(0, <[u8]>::len);
    out.reserve(ROOM + uri.map_or(0, str::len) + length(args) + length(kwargs) + 8);
    let start = out.len();
    // Written where it is to be: to read in larger pieces what was just written makes the processor wait.
    out.extend_from_slice(&[0; ROOM]);
    let Some(bytes) = out.last_chunk_mut() else { return };
    let mut head = Head { bytes, length: GAP };
    write(&mut head);
    F::empty_dict(&mut head, uri.is_some() || parts > 0);
    head.bytes[GAP] |= F::count(elements + parts);
    let length = head.length;
    out.truncate(start + length);
    if let Some(uri) = uri {
        F::uri(uri, out);
        out.extend_from_slice(if parts > 0 { F::COMMA } else { &[] });
    }
    if parts > 0 {
        out.extend_from_slice(args.unwrap_or(F::EMPTY_LIST));
    }
    if let Some(kwargs) = kwargs {
        out.extend_from_slice(F::COMMA);
        out.extend_from_slice(kwargs);
    }
    out.extend_from_slice(F::CLOSE);
}

/// The longest piece of a head.
const PIECE: usize = 8;

/// There is room for the longest gap and the longest head, of 40 bytes, and at the end so much that all of a piece can be
/// written of which only some counts.
const ROOM: usize = 64 + PIECE;

/// What comes before the payload.
struct Head<'a> {
    bytes: &'a mut [u8; ROOM],
    length: usize,
}

impl Head<'_> {
    /// Writes that of a message of this type, up to its first id.
    #[inline]
    fn begin<F: Format>(&mut self, code: u8, id: u64) {
        F::open(self, code);
        F::id(self, id);
    }

    #[inline]
    fn put<const N: usize>(&mut self, bytes: [u8; N]) {
        self.put_some(bytes, N);
    }

    /// Adds as many of the bytes as count.
    #[inline]
    fn put_some<const N: usize>(&mut self, bytes: [u8; N], count: usize) {
        const { assert!(N <= PIECE) };
        debug_assert!(self.length < 64);
        // What the compiler sees to be within bounds it does not check.
        let at = self.length % 64;
        self.bytes[at..at + N].copy_from_slice(&bytes);
        self.length += count;
    }
}

/// How a serializer writes what is around a payload.
trait Format {
    const EMPTY_LIST: &'static [u8];
    const COMMA: &'static [u8];
    const CLOSE: &'static [u8];

    /// Begins a message of this type, whose elements are not counted yet.
    fn open(head: &mut Head<'_>, code: u8);

    /// What the count of the elements sets in the first byte.
    fn count(elements: u8) -> u8;

    /// Adds an id.
    fn id(head: &mut Head<'_>, id: u64);

    /// Adds a dict with nothing in it, which more may follow.
    fn empty_dict(head: &mut Head<'_>, more: bool);

    /// Appends a URI.
    fn uri(uri: &str, out: &mut Vec<u8>);
}

#[cfg(feature = "json")]
struct Json;

#[cfg(feature = "json")]
impl Format for Json {
    const EMPTY_LIST: &'static [u8] = b"[]";
    const COMMA: &'static [u8] = b",";
    const CLOSE: &'static [u8] = b"]";

    #[inline]
    fn open(head: &mut Head<'_>, code: u8) {
        head.put([b'[', b'0' + code / 10, b'0' + code % 10]);
    }

    #[inline]
    fn count(_: u8) -> u8 {
        0
    }

    #[inline]
    fn id(head: &mut Head<'_>, id: u64) {
        /// The first number of nine digits.
        const NINE: u64 = 100_000_000;
        head.put(*b",");
        if id < NINE {
            let (digits, count) = eight_digits(id);
            head.put_some(digits, count);
        } else {
            let (digits, count) = eight_digits(id / NINE);
            head.put_some(digits, count);
            head.put((digits_of(id % NINE) + ZEROS).to_le_bytes());
        }
    }

    #[inline]
    fn empty_dict(head: &mut Head<'_>, more: bool) {
        head.put_some(*b",{},", 3 + usize::from(more));
    }

    #[inline]
    fn uri(uri: &str, out: &mut Vec<u8>) {
        json::Writer::new(out).str(uri);
    }
}

#[cfg(feature = "json")]
const ZEROS: u64 = u64::from_le_bytes(*b"00000000");

/// The digits of a number of at most eight without leading zeros, and how many there are.
#[cfg(feature = "json")]
#[inline]
fn eight_digits(number: u64) -> ([u8; 8], usize) {
    let digits = digits_of(number);
    // Zero has one digit, too.
    let zeros = (digits | (1 << 56)).trailing_zeros() / 8;
    (((digits + ZEROS) >> (8 * zeros)).to_le_bytes(), 8 - zeros as usize)
}

/// The digits of a number of at most eight, one a byte, the first in the lowest: all are worked out at once, as pairs
/// in numbers that lie side by side.
#[cfg(feature = "json")]
#[inline]
const fn digits_of(number: u64) -> u64 {
    // Two numbers of four digits, then four of two, then eight of one.
    let fours = (number / 10_000) | ((number % 10_000) << 32);
    let hundreds = ((fours * 10_486) >> 20) & 0x0000_007f_0000_007f;
    let twos = hundreds | ((fours - 100 * hundreds) << 16);
    let tens = ((twos * 103) >> 10) & 0x000f_000f_000f_000f;
    tens | ((twos - 10 * tens) << 8)
}

#[cfg(feature = "msgpack")]
struct MessagePack;

#[cfg(feature = "msgpack")]
impl Format for MessagePack {
    const EMPTY_LIST: &'static [u8] = &[0x90];
    const COMMA: &'static [u8] = b"";
    const CLOSE: &'static [u8] = b"";

    #[inline]
    fn open(head: &mut Head<'_>, code: u8) {
        head.put([0x90, code]);
    }

    #[inline]
    fn count(elements: u8) -> u8 {
        elements
    }

    #[inline]
    fn id(head: &mut Head<'_>, id: u64) {
        match id {
            0..=0x7f => head.put([id as u8]),
            _ => put_sized(head, id, [0xcc, 0xcd, 0xce, 0xcf]),
        }
    }

    #[inline]
    fn empty_dict(head: &mut Head<'_>, _: bool) {
        head.put([0x80]);
    }

    #[inline]
    fn uri(uri: &str, out: &mut Vec<u8>) {
        msgpack::Writer::new(out).str(uri);
    }
}

#[cfg(feature = "cbor")]
struct Cbor;

#[cfg(feature = "cbor")]
impl Format for Cbor {
    const EMPTY_LIST: &'static [u8] = &[0x80];
    const COMMA: &'static [u8] = b"";
    const CLOSE: &'static [u8] = b"";

    #[inline]
    fn open(head: &mut Head<'_>, code: u8) {
        match code {
            0..=23 => head.put([0x80, code]),
            _ => head.put([0x80, 24, code]),
        }
    }

    #[inline]
    fn count(elements: u8) -> u8 {
        elements
    }

    #[inline]
    fn id(head: &mut Head<'_>, id: u64) {
        match id {
            0..=23 => head.put([id as u8]),
            _ => put_sized(head, id, [24, 25, 26, 27]),
        }
    }

    #[inline]
    fn empty_dict(head: &mut Head<'_>, _: bool) {
        head.put([0xa0]);
    }

    #[inline]
    fn uri(uri: &str, out: &mut Vec<u8>) {
        cbor::Writer::new(out).str(uri);
    }
}

/// A number after the marker that says that it takes one, two, four or eight bytes.
#[cfg(any(feature = "msgpack", feature = "cbor"))]
#[inline]
fn put_sized(head: &mut Head<'_>, number: u64, markers: [u8; 4]) {
    let (marker, size) = match number {
        0..=0xff => (markers[0], 1),
        0x100..=0xffff => (markers[1], 2),
        0x1_0000..=0xffff_ffff => (markers[2], 4),
        _ => (markers[3], 8),
    };
    head.put([marker]);
    head.put_some((number << (64 - 8 * size)).to_be_bytes(), size);
}

#[cfg(all(test, feature = "json"))]
mod tests {
    use super::*;

    #[test]
    fn the_digits_of_ids_are_those_of_their_numbers() {
        let edges = (0..54).map(|bits| 1 << bits).chain((0..16).map(|zeros| 10u64.pow(zeros)));
        let near = edges.flat_map(|edge| [edge - 1, edge, edge + 1, 7 * (edge / 3)]);
        for id in near.filter(|&id| id <= 1 << 53) {
            let mut head = Head { bytes: &mut [0; ROOM], length: 0 };
            Json::id(&mut head, id);
            assert_eq!(str::from_utf8(&head.bytes[..head.length]), Ok(&*format!(",{id}")));
        }
    }
}

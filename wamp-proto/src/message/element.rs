//! The elements of a message's list.

use std::borrow::Cow;

use super::dict::{Raw, id, integer, read_dict, write_dict, write_encoded};
use super::options::{
    CallOptions, CancelOptions, CloseDetails, ErrorDetails, EventDetails, HelloDetails, InterruptOptions,
    InvocationDetails, PublishOptions, RegisterOptions, ResultDetails, SubscribeOptions, UnregisteredDetails,
    UnsubscribedDetails, WelcomeDetails, YieldOptions,
};
use crate::codec::{DecodeError, DecodeErrorKind, Items, Read, Write};
use crate::{Payload, PublicationId, RegistrationId, RequestId, SessionId, SubscriptionId};

/// One element, or (the payload) the last few.
pub(crate) trait Element<'a>: Sized {
    fn read<R: Read<'a>>(reader: &mut R, items: &mut Items) -> Result<Self, DecodeError>;

    /// How many elements of the list it takes.
    fn count(&self) -> usize {
        1
    }

    fn write<W: Write>(&self, writer: &mut W);
}

/// The element must be there.
#[inline(always)]
fn due<'a>(reader: &mut impl Read<'a>, items: &mut Items) -> Result<(), DecodeError> {
    if reader.more(items)? { Ok(()) } else { Err(missing(reader.position())) }
}

#[cold]
fn missing(at: usize) -> DecodeError {
    DecodeError::new(DecodeErrorKind::MissingElement, at)
}

macro_rules! id_elements {
    ($($id:ident)*) => {$(
        impl<'a> Element<'a> for $id {
            #[inline(always)]
            fn read<R: Read<'a>>(reader: &mut R, items: &mut Items) -> Result<Self, DecodeError> {
                due(reader, items)?;
                id(reader)
            }

            fn write<W: Write>(&self, writer: &mut W) {
                writer.uint(self.get());
            }
        }
    )*};
}
id_elements!(SessionId PublicationId SubscriptionId RegistrationId RequestId);

impl<'a> Element<'a> for u64 {
    #[inline(always)]
    fn read<R: Read<'a>>(reader: &mut R, items: &mut Items) -> Result<Self, DecodeError> {
        due(reader, items)?;
        integer(reader)
    }

    fn write<W: Write>(&self, writer: &mut W) {
        writer.uint(*self);
    }
}

impl<'a> Element<'a> for Cow<'a, str> {
    #[inline(always)]
    fn read<R: Read<'a>>(reader: &mut R, items: &mut Items) -> Result<Self, DecodeError> {
        due(reader, items)?;
        reader.string()
    }

    fn write<W: Write>(&self, writer: &mut W) {
        writer.str(self);
    }
}

/// A string, or null.
impl<'a> Element<'a> for Option<Cow<'a, str>> {
    #[inline(always)]
    fn read<R: Read<'a>>(reader: &mut R, items: &mut Items) -> Result<Self, DecodeError> {
        due(reader, items)?;
        if reader.null() { Ok(None) } else { reader.string().map(Some) }
    }

    fn write<W: Write>(&self, writer: &mut W) {
        match self {
            Some(text) => writer.str(text),
            None => writer.null(),
        }
    }
}

/// `CHALLENGE.Extra` and `AUTHENTICATE.Extra`: dicts whose keys are the authentication method's own.
impl<'a> Element<'a> for Raw<'a> {
    #[inline(always)]
    fn read<R: Read<'a>>(reader: &mut R, items: &mut Items) -> Result<Self, DecodeError> {
        due(reader, items)?;
        Ok(Self::trusted(R::SERIALIZER, reader.skip()?))
    }

    fn write<W: Write>(&self, writer: &mut W) {
        write_encoded(self.serializer(), self.bytes(), writer);
    }
}

macro_rules! dict_elements {
    ($($dict:ident)*) => {$(
        impl<'a> Element<'a> for $dict<'a> {
            #[inline(always)]
            fn read<R: Read<'a>>(reader: &mut R, items: &mut Items) -> Result<Self, DecodeError> {
                due(reader, items)?;
                read_dict(reader)
            }

            fn write<W: Write>(&self, writer: &mut W) {
                write_dict(self, writer);
            }
        }
    )*};
}
dict_elements!(
    CloseDetails PublishOptions SubscribeOptions EventDetails CallOptions CancelOptions ResultDetails RegisterOptions
    InvocationDetails InterruptOptions YieldOptions ErrorDetails
);

/// The largest details, of messages that come once a session: no other message is to take as much room.
macro_rules! boxed_dict_elements {
    ($($dict:ident)*) => {$(
        impl<'a> Element<'a> for Box<$dict<'a>> {
            #[inline(always)]
            fn read<R: Read<'a>>(reader: &mut R, items: &mut Items) -> Result<Self, DecodeError> {
                due(reader, items)?;
                read_dict(reader).map(Box::new)
            }

            fn write<W: Write>(&self, writer: &mut W) {
                write_dict(&**self, writer);
            }
        }
    )*};
}
boxed_dict_elements!(HelloDetails WelcomeDetails);

/// Details that came late to the specification: absent in the message's older form.
macro_rules! optional_dict_elements {
    ($($dict:ident)*) => {$(
        impl<'a> Element<'a> for Option<$dict<'a>> {
            #[inline(always)]
            fn read<R: Read<'a>>(reader: &mut R, items: &mut Items) -> Result<Self, DecodeError> {
                if !reader.more(items)? {
                    return Ok(None);
                }
                read_dict(reader).map(Some)
            }

            fn count(&self) -> usize {
                usize::from(self.is_some())
            }

            fn write<W: Write>(&self, writer: &mut W) {
                if let Some(dict) = self {
                    write_dict(dict, writer);
                }
            }
        }
    )*};
}
optional_dict_elements!(UnsubscribedDetails UnregisteredDetails);

impl<'a> Element<'a> for Payload<'a> {
    #[inline(always)]
    fn read<R: Read<'a>>(reader: &mut R, items: &mut Items) -> Result<Self, DecodeError> {
        let args = part(reader, items, R::at_list, "a list of arguments")?;
        let kwargs = part(reader, items, R::at_dict, "a dict of keyword arguments")?;
        Ok(Self::trusted(R::SERIALIZER, args, kwargs))
    }

    fn count(&self) -> usize {
        match (self.args(), self.kwargs()) {
            (_, Some(_)) => 2,
            (Some(_), None) => 1,
            (None, None) => 0,
        }
    }

    fn write<W: Write>(&self, writer: &mut W) {
        match self.args() {
            Some(args) => write_encoded(self.serializer(), args, writer),
            None if self.kwargs().is_some() => {
                let open = writer.array(Some(0));
                writer.close(open, 0);
            }
            None => {}
        }
        if let Some(kwargs) = self.kwargs() {
            write_encoded(self.serializer(), kwargs, writer);
        }
    }
}

/// The arguments, or the keyword arguments: nothing, null, or a container of the right kind.
#[inline(always)]
fn part<'a, R: Read<'a>>(
    reader: &mut R,
    items: &mut Items,
    at_container: impl FnOnce(&mut R) -> bool,
    expected: &'static str,
) -> Result<Option<&'a [u8]>, DecodeError> {
    if !reader.more(items)? {
        return Ok(None);
    }
    if at_container(reader) {
        return reader.skip().map(Some);
    }
    if reader.null() {
        return Ok(None);
    }
    let found = reader.token()?;
    Err(reader.expected(expected, &found))
}

//! The messages. Specification: "Messages" (basic profile), "Additional Messages" (advanced profile).

mod bare;
pub(crate) mod dict;
mod element;
mod event;
mod opening;
pub mod options;

use std::borrow::Cow;

pub use self::bare::{Bare, EventOpening};
pub use self::dict::Raw;
use self::element::Element;
pub use self::event::PlainEvent;
pub use self::opening::PublishOpening;
use self::options::{
    CallOptions, CancelOptions, CloseDetails, ErrorDetails, EventDetails, HelloDetails, InterruptOptions,
    InvocationDetails, PublishOptions, RegisterOptions, ResultDetails, SubscribeOptions, UnregisteredDetails,
    UnsubscribedDetails, WelcomeDetails, YieldOptions,
};
#[cfg(feature = "json")]
use crate::codec::json;
use crate::codec::{DecodeError, DecodeErrorKind, Items, Read, Write, with_reader, with_writer};
use crate::{Payload, PublicationId, RegistrationId, RequestId, Serializer, SessionId, SubscriptionId};

/// Defines the message structs, the enum over them, and how each is read and written.
macro_rules! messages {
    ($(
        $(#[$doc:meta])*
        $code:literal $spec:literal $variant:ident($name:ident $(<$life:lifetime>)?) {
            $( $(#[$field_doc:meta])* $field:ident: $type:ty = $element:literal, )*
        }
    )*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, PartialEq)]
            pub struct $name $(<$life>)? {
                $( $(#[$field_doc])* pub $field: $type, )*
            }

            impl<'de $(: $life, $life: 'de)?> From<$name $(<$life>)?> for Message<'de> {
                fn from(message: $name $(<$life>)?) -> Self {
                    Self::$variant(message)
                }
            }
        )*

        /// A WAMP message, borrowing from the frame it came in.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Message<'a> {
            $( #[doc = $spec] $variant($name $(<$life>)?), )*
        }

        impl<'a> Message<'a> {
            /// The number that stands for the message's type on the wire.
            pub const fn code(&self) -> u64 {
                match self { $( Self::$variant(_) => $code, )* }
            }

            /// The message's name, as the specification has it.
            pub const fn name(&self) -> &'static str {
                match self { $( Self::$variant(_) => $spec, )* }
            }

            /// The name of the type a number stands for, if it stands for one.
            pub const fn name_of(code: u64) -> Option<&'static str> {
                match code {
                    $( $code => Some($spec), )*
                    _ => None,
                }
            }

            #[inline]
            fn read<R: Read<'a>>(reader: &mut R) -> Result<Self, DecodeError> {
                let (mut items, code) = match reader.plain_opening() {
                    Some(opening) => opening,
                    None => odd_opening(reader)?,
                };
                match code {
                    $( $code => read::$variant(reader, &mut items), )*
                    _ => Err(reader.error(DecodeErrorKind::UnknownMessageType(code))),
                }
            }

            fn write<W: Write>(&self, writer: &mut W) {
                match self {
                    $( Self::$variant(message) => {
                        let count = 1 $( + message.$field.count() )*;
                        let open = writer.array(Some(count));
                        writer.uint($code);
                        $( message.$field.write(writer); )*
                        writer.close(open, count);
                    } )*
                }
            }
        }

        /// Reading what follows the type's number. A function a type, which makes the message where it is to be.
        #[allow(non_snake_case, reason = "each is named as its message")]
        mod read {
            use super::*;

            $(
                #[inline(never)]
                pub(super) fn $variant<'a, R: Read<'a>>(
                    reader: &mut R,
                    items: &mut Items,
                ) -> Result<Message<'a>, DecodeError> {
                    $( let $field = Element::read(reader, items)
                        .map_err(|error: DecodeError| error.in_element($spec, $element))?; )*
                    if reader.more(items)? {
                        return Err(too_many_elements($spec, reader.position()));
                    }
                    reader.end()?;
                    Ok(Message::$variant($name { $( $field, )* }))
                }
            )*
        }
    };
}

messages! {
    /// Opens a session. Client to router.
    1 "HELLO" Hello(Hello<'a>) {
        /// The realm to join. Null where the client leaves it to the router, which may know it by who the client is.
        realm: Option<Cow<'a, str>> = "Realm",
        /// The client's roles, and who it is.
        details: Box<HelloDetails<'a>> = "Details",
    }
    /// The session is open. Router to client.
    2 "WELCOME" Welcome(Welcome<'a>) {
        /// The session.
        session: SessionId = "Session",
        /// The router's roles, and who the client is.
        details: Box<WelcomeDetails<'a>> = "Details",
    }
    /// The session is not to be. Never answered.
    3 "ABORT" Abort(Abort<'a>) {
        /// The reason for people to read.
        details: CloseDetails<'a> = "Details",
        /// The reason, a URI.
        reason: Cow<'a, str> = "Reason",
        /// More about the reason.
        payload: Payload<'a> = "Arguments",
    }
    /// Asks the client to prove who it is.
    4 "CHALLENGE" Challenge(Challenge<'a>) {
        /// The method.
        method: Cow<'a, str> = "AuthMethod",
        /// What the method needs, a dict.
        extra: Raw<'a> = "Extra",
    }
    /// The proof.
    5 "AUTHENTICATE" Authenticate(Authenticate<'a>) {
        /// The signature, ticket or proof.
        signature: Cow<'a, str> = "Signature",
        /// What the method needs besides, a dict.
        extra: Raw<'a> = "Extra",
    }
    /// Closes the session; answered with the same.
    6 "GOODBYE" Goodbye(Goodbye<'a>) {
        /// The reason for people to read.
        details: CloseDetails<'a> = "Details",
        /// The reason, a URI.
        reason: Cow<'a, str> = "Reason",
    }
    /// A request failed.
    8 "ERROR" Error(ErrorMessage<'a>) {
        /// The type of the request's message.
        request_type: u64 = "REQUEST.Type",
        /// The request.
        request: RequestId = "REQUEST.Request",
        /// Details.
        details: ErrorDetails<'a> = "Details",
        /// What failed, a URI.
        error: Cow<'a, str> = "Error",
        /// More about what failed.
        payload: Payload<'a> = "Arguments",
    }
    /// Publishes an event.
    16 "PUBLISH" Publish(Publish<'a>) {
        /// The request.
        request: RequestId = "Request",
        /// Options.
        options: PublishOptions<'a> = "Options",
        /// The topic.
        topic: Cow<'a, str> = "Topic",
        /// The event.
        payload: Payload<'a> = "Arguments",
    }
    /// The event was published.
    17 "PUBLISHED" Published(Published) {
        /// The request.
        request: RequestId = "PUBLISH.Request",
        /// The publication.
        publication: PublicationId = "Publication",
    }
    /// Asks for events.
    32 "SUBSCRIBE" Subscribe(Subscribe<'a>) {
        /// The request.
        request: RequestId = "Request",
        /// Options.
        options: SubscribeOptions<'a> = "Options",
        /// The topic, or a pattern of topics.
        topic: Cow<'a, str> = "Topic",
    }
    /// The session is subscribed.
    33 "SUBSCRIBED" Subscribed(Subscribed) {
        /// The request.
        request: RequestId = "SUBSCRIBE.Request",
        /// The subscription.
        subscription: SubscriptionId = "Subscription",
    }
    /// No more events.
    34 "UNSUBSCRIBE" Unsubscribe(Unsubscribe) {
        /// The request.
        request: RequestId = "Request",
        /// The subscription.
        subscription: SubscriptionId = "SUBSCRIBED.Subscription",
    }
    /// The session is no longer subscribed.
    35 "UNSUBSCRIBED" Unsubscribed(Unsubscribed<'a>) {
        /// The request; 0 where the broker took the subscription back.
        request: RequestId = "UNSUBSCRIBE.Request",
        /// Which subscription was taken back.
        details: Option<UnsubscribedDetails<'a>> = "Details",
    }
    /// An event.
    36 "EVENT" Event(Event<'a>) {
        /// The subscription it comes by.
        subscription: SubscriptionId = "SUBSCRIBED.Subscription",
        /// The publication.
        publication: PublicationId = "PUBLISHED.Publication",
        /// Details.
        details: EventDetails<'a> = "Details",
        /// The event.
        payload: Payload<'a> = "PUBLISH.Arguments",
    }
    /// Calls a procedure.
    48 "CALL" Call(Call<'a>) {
        /// The request.
        request: RequestId = "Request",
        /// Options.
        options: CallOptions<'a> = "Options",
        /// The procedure.
        procedure: Cow<'a, str> = "Procedure",
        /// The arguments.
        payload: Payload<'a> = "Arguments",
    }
    /// The caller wants the result no more.
    49 "CANCEL" Cancel(Cancel<'a>) {
        /// The call.
        request: RequestId = "CALL.Request",
        /// Options.
        options: CancelOptions<'a> = "Options",
    }
    /// A result of a call.
    50 "RESULT" Result(CallResult<'a>) {
        /// The call.
        request: RequestId = "CALL.Request",
        /// Details.
        details: ResultDetails<'a> = "Details",
        /// The result.
        payload: Payload<'a> = "YIELD.Arguments",
    }
    /// Offers a procedure.
    64 "REGISTER" Register(Register<'a>) {
        /// The request.
        request: RequestId = "Request",
        /// Options.
        options: RegisterOptions<'a> = "Options",
        /// The procedure, or a pattern of procedures.
        procedure: Cow<'a, str> = "Procedure",
    }
    /// The procedure is registered.
    65 "REGISTERED" Registered(Registered) {
        /// The request.
        request: RequestId = "REGISTER.Request",
        /// The registration.
        registration: RegistrationId = "Registration",
    }
    /// Takes an offer back.
    66 "UNREGISTER" Unregister(Unregister) {
        /// The request.
        request: RequestId = "Request",
        /// The registration.
        registration: RegistrationId = "REGISTERED.Registration",
    }
    /// The procedure is no longer registered.
    67 "UNREGISTERED" Unregistered(Unregistered<'a>) {
        /// The request; 0 where the dealer took the registration back.
        request: RequestId = "UNREGISTER.Request",
        /// Which registration was taken back.
        details: Option<UnregisteredDetails<'a>> = "Details",
    }
    /// A call, for the callee.
    68 "INVOCATION" Invocation(Invocation<'a>) {
        /// The invocation.
        request: RequestId = "Request",
        /// The registration it comes by.
        registration: RegistrationId = "REGISTERED.Registration",
        /// Details.
        details: InvocationDetails<'a> = "Details",
        /// The arguments.
        payload: Payload<'a> = "CALL.Arguments",
    }
    /// The caller wants the result no more, for the callee.
    69 "INTERRUPT" Interrupt(Interrupt<'a>) {
        /// The invocation.
        request: RequestId = "INVOCATION.Request",
        /// Options.
        options: InterruptOptions<'a> = "Options",
    }
    /// A result of an invocation.
    70 "YIELD" Yield(Yield<'a>) {
        /// The invocation.
        request: RequestId = "INVOCATION.Request",
        /// Options.
        options: YieldOptions<'a> = "Options",
        /// The result.
        payload: Payload<'a> = "Arguments",
    }
}

/// Enters a message, however it is written, and reads its type.
#[inline]
fn odd_opening<'a, R: Read<'a>>(reader: &mut R) -> Result<(Items, u64), DecodeError> {
    let mut items = reader.list("a list, as every WAMP message is one")?;
    let code = u64::read(reader, &mut items)?;
    Ok((items, code))
}

#[cold]
fn too_many_elements(message: &'static str, at: usize) -> DecodeError {
    DecodeError::new(DecodeErrorKind::TooManyElements, at).in_element(message, "end of the message")
}

impl Serializer {
    /// Decodes one message.
    ///
    /// Never panics, allocates no more than the frame's own size justifies, and checks the whole of the payload, so
    /// that it can be handed on as it is.
    ///
    /// # Errors
    /// [`DecodeError`] says what was wrong and where. A router answers any of them with ABORT
    /// `wamp.error.protocol_violation`.
    pub fn decode<'a>(self, frame: &'a [u8]) -> Result<Message<'a>, DecodeError> {
        with_reader!(self, frame, |reader| Message::read(&mut reader))
    }

    /// Decodes one message from a frame that is known to be UTF-8, as text frames are: where the serializer is JSON,
    /// that is not checked again.
    ///
    /// # Errors
    /// As for [`decode`](Self::decode).
    pub fn decode_text(self, frame: &str) -> Result<Message<'_>, DecodeError> {
        match self {
            #[cfg(feature = "json")]
            Self::Json => Message::read(&mut json::Reader::new(frame)),
            #[cfg(any(feature = "msgpack", feature = "cbor"))]
            _ => self.decode(frame.as_bytes()),
        }
    }

    /// Encodes one message, appending to `out`. A payload in this serializer is copied as it is; one in another is
    /// transcoded.
    pub fn encode(self, message: &Message<'_>, out: &mut Vec<u8>) {
        with_writer!(self, out, |writer| message.write(&mut writer));
    }
}

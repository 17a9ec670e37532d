//! What the meta procedures take and give.

use serde::{Deserialize, Serialize};
use wamp_proto::{OwnedPayload, Payload, PayloadBuilder, SerError, Serializer, error};

use crate::realm::Refused;

/// The first argument; `what` says what it must be.
pub(super) fn argument<'a, T: Deserialize<'a>>(payload: Payload<'a>, what: &str) -> Result<T, Refused> {
    payload.args_reader().take().ok().flatten().ok_or_else(|| invalid_argument(what))
}

pub(super) fn invalid_argument(why: &str) -> Refused {
    Refused::new(error::INVALID_ARGUMENT, why)
}

/// A result of one value.
pub(super) fn result<T: Serialize>(value: &T) -> Result<OwnedPayload, Refused> {
    arguments(&[value]).map_err(|error| Refused::new(error::RUNTIME_ERROR, error.to_string()))
}

/// Arguments in JSON; they are transcoded for receivers of other serializers.
pub(super) fn arguments<T: Serialize>(values: &[&T]) -> Result<OwnedPayload, SerError> {
    let mut arguments = PayloadBuilder::new(Serializer::Json);
    for value in values {
        arguments.arg(*value)?;
    }
    Ok(arguments.finish())
}

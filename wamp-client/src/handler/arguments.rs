//! A message on its way into a handler.

use std::any::type_name;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use wamp_proto::{Args, DecodeError, OwnedPayload, Payload, Serializer, error};

use super::travels::absent;
use super::{Argument, Details, Invocation, Origin, Received, Recipient, SessionContext};
use crate::WampError;

/// The cursor that a handler's parameters are taken from, one after the other.
#[derive(Debug)]
pub struct Arguments<'a> {
    origin: &'a Origin,
    received: &'a Received,
    args: Args<'a>,
    payload: Payload<'a>,
    /// The names of the parameters, where they are known: closures have none.
    names: &'static [&'static str],
    /// The parameter that is taken now, from 0.
    parameter: usize,
}

impl<'a> Arguments<'a> {
    pub(super) fn new(origin: &'a Origin, received: &'a Received, names: &'static [&'static str]) -> Self {
        let payload = received.payload.as_payload();
        Self { origin, received, args: payload.args_reader(), payload, names, parameter: 0 }
    }

    /// Takes the next parameter.
    pub(super) fn take<T: Argument<M>, M>(&mut self) -> Result<T, WampError> {
        let taken = T::take(self);
        self.parameter += 1;
        taken
    }

    /// Decodes the next positional argument.
    pub(super) fn next<T: DeserializeOwned>(&mut self) -> Result<T, WampError> {
        let position = self.args.position() + 1;
        match self.args.take::<T>() {
            Ok(Some(argument)) => Ok(argument),
            Ok(None) => absent().ok_or_else(|| {
                let expected = short_type_name::<T>();
                self.invalid(position, &format!("is missing: expected {expected}"))
            }),
            Err(error) => {
                Err(self.invalid(position, &format!("does not fit {}: {}", short_type_name::<T>(), error.kind())))
            }
        }
    }

    /// Decodes all positional arguments that are left.
    pub(super) fn rest<T: DeserializeOwned>(&mut self) -> Result<Vec<T>, WampError> {
        let mut rest = Vec::new();
        loop {
            let position = self.args.position() + 1;
            match self.args.take::<T>() {
                Ok(Some(argument)) => rest.push(argument),
                Ok(None) => return Ok(rest),
                Err(error) => {
                    return Err(
                        self.invalid(position, &format!("does not fit {}: {}", short_type_name::<T>(), error.kind()))
                    );
                }
            }
        }
    }

    /// All arguments, and how many of them have been taken. The others are gone from here.
    pub(super) fn take_rest(&mut self) -> Result<(OwnedPayload, usize), DecodeError> {
        let taken = self.args.position();
        while self.args.take_raw()?.is_some() {}
        Ok((self.received.payload.clone(), taken))
    }

    /// Decodes the keyword arguments.
    pub(super) fn kwargs<T: DeserializeOwned>(&self) -> Result<T, WampError> {
        self.payload.kwargs_reader().decode().map_err(|error| {
            let expected = short_type_name::<T>();
            WampError::new(error::INVALID_ARGUMENT)
                .arg(format!("the keyword arguments do not fit {expected}: {}", error.kind()))
        })
    }

    /// Decodes the keyword argument of this name.
    pub(super) fn named<T: DeserializeOwned>(&self, name: &'static str) -> Result<T, WampError> {
        let expected = short_type_name::<T>();
        let problem = match self.payload.kwargs_reader().get(name) {
            Ok(Some(argument)) => return Ok(argument),
            Ok(None) => match absent() {
                Some(argument) => return Ok(argument),
                None => format!("is missing: expected {expected}"),
            },
            Err(error) => format!("does not fit {expected}: {}", error.kind()),
        };
        Err(WampError::new(error::INVALID_ARGUMENT).arg(format!("keyword argument `{name}` {problem}")))
    }

    /// What the message is encoded in, and its answer has to be.
    pub fn serializer(&self) -> Serializer {
        self.origin.serializer()
    }

    /// Who gets what the handler returns.
    pub fn recipient(&self) -> Recipient {
        self.received.recipient(self.origin)
    }

    pub(super) fn context(&self) -> &SessionContext {
        &self.origin.context
    }

    pub(super) fn invocation(&self) -> Option<&Invocation> {
        self.received.invocation.as_deref()
    }

    pub(super) fn details(&self) -> Details {
        self.received.details(self.origin)
    }

    /// The topic or procedure.
    pub(super) fn uri(&self) -> &Arc<str> {
        &self.origin.uri
    }

    /// The error about the argument at `position`, which the current parameter was to be.
    fn invalid(&self, position: usize, problem: &str) -> WampError {
        let name = self.names.get(self.parameter).copied().filter(|name| !name.is_empty());
        let label = name.map(|name| format!(" (`{name}`)")).unwrap_or_default();
        WampError::new(error::INVALID_ARGUMENT).arg(format!("argument {position}{label} {problem}"))
    }
}

/// The type's name without the paths in it, as the program's author wrote it.
pub(crate) fn short_type_name<T>() -> String {
    let mut short = String::new();
    for part in type_name::<T>().split_inclusive(['<', '>', ',', ' ', '(', ')', '[', ']', '&', ';']) {
        short.push_str(part.rsplit("::").next().unwrap_or(part));
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn type_names_are_as_written() {
        assert_eq!(short_type_name::<i64>(), "i64");
        assert_eq!(short_type_name::<Option<String>>(), "Option<String>");
        assert_eq!(short_type_name::<Vec<(String, Option<u8>)>>(), "Vec<(String, Option<u8>)>");
    }

    #[test]
    fn only_an_option_may_be_absent() {
        assert_eq!(absent::<Option<String>>(), Some(None));
        assert_eq!(absent::<String>(), None);
        assert_eq!(absent::<i64>(), None);
        assert_eq!(absent::<Vec<u8>>(), None);
    }
}

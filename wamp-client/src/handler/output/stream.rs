//! A stream as what a handler returns: a result in parts.
//! Specification: "Progressive Call Results" (advanced profile).

use std::pin::pin;

use futures_util::{Stream, StreamExt};
use wamp_proto::{OwnedPayload, PayloadBuilder, Serializer, error};

use super::recipient::Wants;
use super::{Outcome, Output, Recipient, Returning, ViaError, ViaReport, ViaValue, to_wamp};
use crate::WampError;

/// How many bytes of parts are kept for a caller who wants them all at once.
const MOST_KEPT: usize = 16 << 20;

/// How many bytes a part takes besides its own.
const OVERHEAD: usize = 48;

/// Marks a stream of values, or of `Result`s with a value.
#[derive(Debug)]
pub struct ViaStream<M>(M);

/// The markers of what is one value: an item of a list can be no more.
pub trait Single {}

impl Single for ViaValue {}
impl<M: Single> Single for ViaError<M> {}
impl<M: Single> Single for ViaReport<M> {}

#[diagnostic::do_not_recommend]
impl<S, M> Output<ViaStream<M>> for S
where
    S: Stream<Item: Output<M>> + Send + 'static,
    M: Single + 'static,
{
    fn returning(self, to: Recipient) -> Returning {
        let serializer = to.serializer;
        let parts = self.map(move |part| part.returning(Recipient { serializer, wants: Wants::Whole }));
        Returning::Rest(Box::pin(deliver(parts, to)))
    }
}

/// Takes the parts to whoever wants them. The first error is the outcome, and ends them.
async fn deliver(parts: impl Stream<Item = Returning>, to: Recipient) -> Outcome {
    let Recipient { serializer, wants } = to;
    let mut parts = pin!(parts);
    let mut kept = Kept::new(serializer);
    while let Some(part) = parts.next().await {
        let part = part.outcome().await?;
        match &wants {
            Wants::Parts(caller) => caller.send(part).await.map_err(|error| to_wamp(&error))?,
            Wants::Whole => kept.push(&part)?,
            Wants::Nothing => {}
        }
    }
    Ok(match wants {
        Wants::Whole => kept.items.finish_as_list(),
        Wants::Parts(_) | Wants::Nothing => OwnedPayload::default(),
    })
}

/// All parts, for a caller who wants them as one list.
struct Kept {
    items: PayloadBuilder,
    bytes: usize,
}

impl Kept {
    fn new(serializer: Serializer) -> Self {
        Self { items: PayloadBuilder::new(serializer), bytes: 0 }
    }

    fn push(&mut self, part: &OwnedPayload) -> Result<(), WampError> {
        let part = part.as_payload();
        self.bytes += OVERHEAD + part.args().map_or(0, <[u8]>::len);
        if self.bytes > MOST_KEPT {
            let limit = MOST_KEPT >> 20;
            let text = format!("the result is too much for one message ({limit} MiB): ask for progressive results");
            return Err(WampError::new(error::PAYLOAD_SIZE_EXCEEDED).arg(text));
        }
        match part.args() {
            Some(_) => drop(self.items.args_of(&part)),
            // A `()`.
            None => {
                let null = self.items.arg(&());
                null.map_err(|problem| WampError::runtime(format_args!("a part has no encoding: {problem}")))?;
            }
        }
        Ok(())
    }
}

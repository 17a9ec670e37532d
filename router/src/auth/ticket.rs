//! Specification: "Ticket-based Authentication" (advanced profile).

use std::sync::Arc;

use wamp_proto::Value;
use wamp_proto::auth::same_secret;
use wamp_proto::message::Authenticate;

use super::decoy::Decoys;
use super::jwt::{Asked, Jwt};
use super::proved;
use crate::session::{Challenge, Exchange, Identity, Refusal, Verdict};

pub(super) const METHOD: &str = "ticket";

#[derive(Debug)]
struct Ticket {
    /// Nobody, where the authid is unknown.
    identity: Option<Identity>,
    ticket: Hidden,
    decoys: Decoys,
    /// What else will do.
    tokens: Option<(Arc<Jwt>, Asked)>,
}

/// A secret that does not show.
pub(super) struct Hidden(pub(super) String);

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

/// Asks for the ticket of a user, known (with the ticket) or not; or for one of the tokens that are tickets too.
pub(super) fn challenge(
    known: Option<(Identity, &str)>,
    authid: &str,
    decoys: &Decoys,
    tokens: Option<(Arc<Jwt>, Asked)>,
) -> Challenge {
    // Made for everybody, so that it takes as long for who is known.
    let decoy = decoys.secret(authid);
    let (identity, ticket) = match known {
        Some((identity, ticket)) => (Some(identity), ticket.to_owned()),
        None => (None, decoy),
    };
    let exchange = Box::new(Ticket { identity, ticket: Hidden(ticket), decoys: decoys.clone(), tokens });
    Challenge { method: METHOD, extra: Value::Map(Vec::new()), exchange }
}

impl Exchange for Ticket {
    fn answer(self: Box<Self>, answer: &Authenticate<'_>) -> Result<Verdict, Refusal> {
        let Hidden(ticket) = self.ticket;
        let is_right = same_secret(self.decoys.key(), answer.signature.as_bytes(), ticket.as_bytes());
        match (self.identity.filter(|_| is_right), self.tokens) {
            (Some(identity), _) => Ok(Verdict::Admit(proved(identity, &[ticket.as_bytes()]))),
            (None, Some((jwt, asked))) => jwt.admit(&answer.signature, METHOD, &asked).map(Verdict::Admit),
            (None, None) => Err(Refusal::wrong_credentials()),
        }
    }
}

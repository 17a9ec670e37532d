//! As whom the users of a list come in, and what that rests on: known by a cookie, they are known as long as the list
//! says the same.

use wamp_proto::auth::cryptosign::PublicKey;

use super::{User, Users};
use crate::auth::jwt;
use crate::auth::ticket::{self, Hidden};
use crate::auth::{CraSecret, ScramSecret, cra, cryptosign, identity};
use crate::session::{Admission, Credential, Identity};

pub(super) fn ticket(authid: &str, User { authrole, secret: Hidden(ticket) }: &User<Hidden>) -> Admission {
    admission(authid, authrole, ticket::METHOD, &[ticket.as_bytes()])
}

pub(super) fn cra(authid: &str, User { authrole, secret }: &User<CraSecret>) -> Admission {
    admission(authid, authrole, cra::METHOD, &[secret.key()])
}

pub(super) fn scram(authid: &str, User { authrole, secret }: &User<ScramSecret>, method: &str) -> Admission {
    admission(authid, authrole, method, &[&secret.verifier.stored_key, &secret.verifier.server_key])
}

pub(super) fn key(authid: &str, authrole: &str, key: &PublicKey) -> Admission {
    admission(authid, authrole, cryptosign::METHOD, &[key.to_string().as_bytes()])
}

fn admission(authid: &str, authrole: &str, method: &str, secret: &[&[u8]]) -> Admission {
    let parts = [method.as_bytes(), authid.as_bytes()].into_iter().chain(secret.iter().copied());
    Admission { credential: Some(Credential::of(parts)), ..identity(authid, authrole, method).into() }
}

impl Users {
    /// As whom somebody comes in now who has come in as `known`, by each credential that would do.
    pub(super) fn admissions(&self, known: &Identity) -> Vec<Admission> {
        let (authid, method) = (&*known.authid, &*known.authmethod);
        let tokens = self.tokens.as_ref().filter(|tokens| method == jwt::METHOD || tokens.are_tickets());
        let mut all = Vec::new();
        if let Some((_, asked)) = self.asked.iter().find(|(name, _)| *name == method) {
            all.push(asked.recall(known));
        } else if method == ticket::METHOD {
            all.extend(self.ticket.get(authid).map(|user| ticket(authid, user)));
        } else if method == cra::METHOD {
            all.extend(self.cra.get(authid).map(|user| cra(authid, user)));
        } else if method == cryptosign::METHOD {
            let own = self.keys.iter().filter(|(_, (owner, _))| **owner == *authid);
            all.extend(own.map(|(known, (_, authrole))| key(authid, authrole, known)));
        } else if super::Dialect::of_method(method).is_some() {
            all.extend(self.scram.get(authid).map(|user| scram(authid, user, method)));
        }
        if method == jwt::METHOD || method == ticket::METHOD {
            all.extend(tokens.into_iter().flat_map(|tokens| tokens.recall(known)));
        }
        all
    }
}

//! As whom the users of a list come in: known by a cookie, they are known as long as the list says the same.

use super::{Hidden, User, Users};
use crate::auth::{cra, cryptosign, identity, jwt, proved, ticket};
use crate::session::{Admission, Identity};

impl Users {
    /// As whom somebody comes in now who has come in as `known`, by each credential that would do.
    pub(super) fn admissions(&self, known: &Identity) -> Vec<Admission> {
        let (authid, method) = (&*known.authid, &*known.authmethod);
        let admission = |authrole: &str, secret: &[&[u8]]| proved(identity(authid, authrole, method), secret);
        let mut all = Vec::new();
        if let Some((_, asked)) = self.asked.iter().find(|(name, _)| *name == method) {
            all.push(asked.recall(known));
        } else if method == ticket::METHOD {
            let user = self.ticket.get(authid).map(|User { authrole, secret: Hidden(ticket) }| (authrole, ticket));
            all.extend(user.map(|(authrole, ticket)| admission(authrole, &[ticket.as_bytes()])));
        } else if method == cra::METHOD {
            all.extend(self.cra.get(authid).map(|user| admission(&user.authrole, &[user.secret.key()])));
        } else if method == cryptosign::METHOD {
            let own = self.keys.iter().filter(|(_, (owner, _))| **owner == *authid);
            all.extend(own.map(|(key, (_, authrole))| admission(authrole, &[key.to_string().as_bytes()])));
        } else if super::Dialect::of_method(method).is_some() {
            all.extend(self.scram.get(authid).map(|user| admission(&user.authrole, &user.secret.keys())));
        }
        if let Some(tokens) = &self.tokens
            && (method == jwt::METHOD || method == ticket::METHOD && tokens.are_tickets())
        {
            all.extend(tokens.recall(known));
        }
        all
    }
}

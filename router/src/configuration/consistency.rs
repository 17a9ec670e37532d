//! Whether what a worker says in one place fits what it says in another.

use super::auth::{Auth, Credential, Whom};
use super::endpoint::{Endpoint, Tcp};
use super::paths::{Paths, Service};
use super::problems::nearest;
use super::section::Section;
use super::worker::Worker;
use crate::auth::{AskedMethod, Jwt};
use crate::http::bridge::Acting;
use crate::server::ClientCertificates;

/// Looks at a worker whose parts have been read. `section` is the worker's.
pub(super) fn check(worker: &Worker, section: &Section<'_>) {
    let check = Check { worker, section };
    for transport in &worker.transports {
        if let Some(rawsocket) = &transport.rawsocket {
            check.auth(&rawsocket.auth, &transport.endpoint, &transport.place);
        }
        if let Some(web) = &transport.web {
            check.paths(&web.paths, &transport.endpoint, &format!("{}.paths", transport.place));
        }
    }
}

struct Check<'a> {
    worker: &'a Worker,
    section: &'a Section<'a>,
}

impl Check<'_> {
    fn paths(&self, paths: &Paths, endpoint: &Endpoint, place: &str) {
        for (name, service) in paths {
            let place = format!("{place}[{name:?}]");
            match service {
                Service::WebSocket(websocket) => self.auth(&websocket.auth, endpoint, &place),
                Service::LongPoll(longpoll) => self.auth(&longpoll.auth, endpoint, &place),
                Service::Path(below) => self.paths(below, endpoint, &format!("{place}.paths")),
                Service::Caller(settings) => self.acting(&settings.acting, &place),
                Service::Events(settings) => self.acting(&settings.acting, &place),
                Service::Publisher(settings) => self.acting(&settings.acting, &place),
                Service::Webhook(settings) => self.acting(&settings.acting, &place),
                _ => {}
            }
        }
    }

    fn acting(&self, acting: &Acting, place: &str) {
        if self.realm(&acting.realm, &format!("{place}.realm")) {
            self.role(&acting.realm, &acting.role, &format!("{place}.role"));
        }
    }

    fn role(&self, realm: &str, role: &str, place: &str) {
        if !self.has_role(Some(realm), role) {
            let known = self.worker.realms.iter().filter(|known| known.name == realm).flat_map(|realm| &realm.roles);
            let message = format!("the realm {realm:?} has no role {role:?}");
            self.section.problem_in(place, message + &hint(role, known.map(|role| role.name.as_str())));
        }
    }

    fn auth(&self, auth: &Auth, endpoint: &Endpoint, place: &str) {
        if let Some(anonymous) = &auth.anonymous
            && !endpoint.is_local()
        {
            self.section.warn_at(
                place,
                format!(
                    "everybody who reaches {endpoint} comes in, without a proof of who it is, in the role {:?}",
                    anonymous.role
                ),
            );
        }
        for principal in &auth.principals {
            if let Some(realm) = &principal.realm {
                self.realm(realm, &principal.place);
            }
            if !self.has_role(principal.realm.as_deref(), &principal.role) {
                let known = self.worker.realms.iter().flat_map(|realm| &realm.roles).map(|role| role.name.as_str());
                let message = format!("no realm it could join has the role {:?}", principal.role);
                self.section.warn_at(&principal.place, message + &hint(&principal.role, known));
            }
        }
        self.roles_of(auth, place);
        self.transport_of(auth, endpoint, place);
        for asked in &auth.asked {
            if let Whom::Procedure { realm: Some(realm), role, .. } = &asked.whom
                && self.realm(realm, &format!("{}.authenticator-realm", asked.place))
                && let Some(role) = role
            {
                self.role(realm, role, &format!("{}.authenticator-role", asked.place));
            }
        }
    }

    /// Warns of roles that clients may get here and that no realm has.
    fn roles_of(&self, auth: &Auth, place: &str) {
        // Who is nobody comes in where nothing is allowed to nobody.
        let anonymous =
            auth.anonymous.iter().map(|anonymous| anonymous.role.as_str()).filter(|role| *role != "anonymous");
        let others = auth.any_certificate.as_deref();
        let defaults = auth.asked.iter().filter_map(|asked| asked.default_role.as_deref());
        let tokens = auth.tokens.iter().flat_map(Jwt::roles);
        for role in anonymous.chain(others).chain(defaults).chain(tokens).filter(|role| !self.has_role(None, role)) {
            let known = self.worker.realms.iter().flat_map(|realm| &realm.roles).map(|role| role.name.as_str());
            let message = format!("clients that come in here as {role:?} can join no realm: none has this role");
            self.section.warn_at(place, message + &hint(role, known));
        }
    }

    /// Warns of what can't be proved by this way.
    fn transport_of(&self, auth: &Auth, endpoint: &Endpoint, place: &str) {
        let Auth { anonymous, principals, asked, tokens, any_certificate, binds_channel, .. } = auth;
        let (tls, certificates) = match endpoint {
            Endpoint::Tcp(Tcp { tls: Some(tls), .. }) => (true, tls.client_certificates != ClientCertificates::None),
            _ => (false, false),
        };
        let by_certificate = any_certificate.is_some()
            || principals.iter().any(|principal| matches!(principal.credential, Credential::Certificate(_)))
            || asked.iter().any(|asked| asked.method == AskedMethod::Tls);
        if by_certificate && !certificates {
            let message = "nobody can show a certificate here: the endpoint has no `tls` with `ca_certificates`";
            self.section.warn_at(place, message.to_owned());
        }
        if *binds_channel && !tls {
            let message = "no signature can be bound to its connection here, as has to be: the endpoint has no `tls`";
            self.section.warn_at(place, message.to_owned());
        }
        if anonymous.is_none() && principals.is_empty() && asked.is_empty() && tokens.is_none() && !by_certificate {
            self.section.warn_at(place, "nobody can come in here: `auth` has no users".to_owned());
        }
    }

    fn realm(&self, name: &str, place: &str) -> bool {
        let known = self.worker.realms.iter().any(|realm| realm.name == name);
        if !known {
            let names = self.worker.realms.iter().map(|realm| realm.name.as_str());
            let message = format!("there is no realm {name:?} in this worker");
            self.section.problem_in(place, message + &hint(name, names));
        }
        known
    }

    fn has_role(&self, realm: Option<&str>, role: &str) -> bool {
        let mut realms = self.worker.realms.iter().filter(|known| realm.is_none_or(|realm| realm == known.name));
        realms.any(|realm| realm.roles.iter().any(|known| known.name == role))
    }
}

fn hint<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    nearest(name, known).map(|nearest| format!("; did you mean {nearest:?}?")).unwrap_or_default()
}

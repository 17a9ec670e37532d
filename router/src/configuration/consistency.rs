//! Whether what a worker says in one place fits what it says in another.

use super::auth::{Auth, Whom};
use super::endpoint::Endpoint;
use super::paths::{Paths, Service};
use super::problems::nearest;
use super::section::Section;
use super::worker::Worker;
use crate::http::bridge::Acting;

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
        for asked in &auth.asked {
            if let Whom::Procedure { realm: Some(realm), role, .. } = &asked.whom
                && self.realm(realm, &format!("{}.authenticator-realm", asked.place))
                && let Some(role) = role
            {
                self.role(realm, role, &format!("{}.authenticator-role", asked.place));
            }
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

//! What is at the paths of a transport.

use std::sync::Arc;

use super::NodeError;
use super::cookies::CookieJars;
use super::entrance::authenticator;
use super::gate::Roles;
use crate::configuration::auth::Auth;
use crate::configuration::paths::{Paths as Wanted, Service};
use crate::http::bridge::{caller, events, publisher, webhook};
use crate::http::services::wsgi::Applications;
use crate::http::services::{json, nodeinfo, operations, proxy, redirect, static_files};
use crate::http::{PathService, Paths};
use crate::router::Router;
use crate::session::{Authenticator, Entrance};

/// What services are made with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) router: &'a Router,
    pub(super) roles: &'a Arc<Roles>,
    pub(super) applications: &'a Applications,
    pub(super) cookies: &'a CookieJars,
}

impl Context<'_> {
    /// Makes the services of these paths. `place` is where the configuration says it.
    pub(super) fn paths(self, wanted: Wanted, place: &str) -> Result<Paths, NodeError> {
        let mut paths = Paths::new();
        for (name, service) in wanted {
            let place = format!("{place}[{name:?}]");
            let service = self.service(service, &place)?;
            let path = if name == "/" { name } else { format!("/{name}") };
            paths = paths.at(&path, service).map_err(|error| NodeError::new(&place, error.to_string()))?;
        }
        Ok(paths)
    }

    fn service(self, service: Service, place: &str) -> Result<PathService, NodeError> {
        let router = self.router;
        Ok(match service {
            Service::Caller(settings) => caller::routes(settings, router).into(),
            Service::Events(settings) => events::routes(settings, router).into(),
            Service::Json(settings) => json::routes(settings).into(),
            Service::LongPoll(mut longpoll) => {
                longpoll.settings.entrance = self.entrance("longpoll", &longpoll.auth);
                longpoll.settings.into()
            }
            Service::NodeInfo => nodeinfo::routes().into(),
            Service::Operations(question) => operations::routes(question, router.clone()).into(),
            Service::Path(paths) => self.paths(paths, &format!("{place}.paths"))?.into(),
            Service::Proxy(settings) => proxy::routes(settings).into(),
            Service::Publisher(settings) => publisher::routes(settings, router).into(),
            Service::Redirect(settings) => redirect::routes(settings).into(),
            Service::Static(settings) => static_files::routes(settings).into(),
            Service::Webhook(settings) => webhook::routes(settings, router).into(),
            Service::WebSocket(mut websocket) => {
                let entrance = self.entrance("websocket", &websocket.auth);
                let cookies = websocket.cookies.map(|settings| self.cookies.at(place, settings));
                entrance.set_cookies(cookies.transpose()?);
                websocket.settings.entrance = entrance;
                websocket.settings.into()
            }
            Service::Wsgi(settings) => {
                let routes = self.applications.routes(settings);
                routes.map_err(|error| NodeError::new(place, error.to_string()))?.into()
            }
        })
    }

    /// Who may come in, if clients have to prove who they are in these ways.
    pub(super) fn authenticator(self, auth: &Auth) -> Arc<dyn Authenticator> {
        authenticator(auth, self.router.realms(), self.roles)
    }

    /// A way in whose clients have to prove who they are in these ways.
    pub(super) fn entrance(self, transport: &'static str, auth: &Auth) -> Arc<Entrance> {
        // Clients of Crossbar.io number their requests as they like, over long-poll even in any order.
        let entrance = Entrance::new(transport, false);
        entrance.set_authenticator(Some(self.authenticator(auth)));
        Arc::new(entrance)
    }
}

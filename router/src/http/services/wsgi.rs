//! A Python web application: run by a process of its own, and reached through a proxy.

mod lines;
mod process;
mod supervisor;

use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::Duration;

use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_LENGTH, HOST};
use axum::http::uri::Authority;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use parking_lot::Mutex;
use serde::Serialize;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::mount::Mount;
use super::proxy::{Backend, Gateway, Sender};
use crate::http::Problem;
use crate::http::patience::Patience;

use supervisor::{Condition, Supervisor};

/// What the launcher is told of a request.
const TOLD: HeaderName = HeaderName::from_static("x-wamp-router");

/// How long a request waits for the application to start.
const STARTING: Duration = Duration::from_secs(30);

/// How long a body may take that is kept.
const ARRIVING: Duration = Duration::from_secs(30);

/// The longest body that is kept to learn its length. One whose length was said is passed on as it comes.
const MAX_KEPT: usize = 1 << 20;

/// A WSGI application, and the Python that runs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WsgiSettings {
    /// The module it is in, such as `mysite.wsgi`.
    pub(crate) module: String,
    /// Its name there, such as `application`.
    pub(crate) object: String,
    /// Requests it answers at a time, in each process.
    pub(crate) threads: u16,
    /// Processes that answer requests. More than one needs gunicorn.
    pub(crate) processes: u16,
    pub(crate) server: WsgiServer,
    /// How long it may take to begin its answer.
    pub(crate) timeout: Duration,
    pub(crate) python: Python,
}

/// What serves HTTP on the side of Python.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum WsgiServer {
    /// gunicorn if the Python has it, else wsgiref.
    Auto,
    Gunicorn,
    /// The server of the standard library.
    Wsgiref,
}

/// A Python, and what it runs in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Python {
    /// The program; by default that of the virtual environment this process is in, else `python3`.
    pub(crate) program: Option<PathBuf>,
    /// The working directory; by default that of this process.
    pub(crate) folder: Option<PathBuf>,
    /// Where modules are looked for first.
    pub(crate) path: Vec<PathBuf>,
    pub(crate) environment: Environment,
}

/// Environment variables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Environment {
    /// Those of this process that are passed on; none: all.
    pub(crate) inherit: Option<Vec<String>>,
    /// And others.
    pub(crate) set: Vec<(String, String)>,
}

/// The WSGI applications that run. They have to be [shut down](Self::shutdown).
#[derive(Debug, Default)]
pub(crate) struct Applications {
    all: Mutex<Vec<Application>>,
    ending: watch::Sender<bool>,
}

/// An application, which runs as long as it is served.
#[derive(Debug)]
struct Application {
    settings: WsgiSettings,
    site: Weak<Site>,
    task: JoinHandle<()>,
}

/// An application as it is served.
#[derive(Debug)]
struct Site {
    gateway: Gateway,
    supervisor: Supervisor,
}

impl Applications {
    /// Serves an application at the mount and below. It is started, unless one with the same settings runs; started
    /// again whenever it ends; and ended when nothing is left of what is answered here. Has to be called in a tokio
    /// runtime.
    ///
    /// # Errors
    ///
    /// If there is no place for temporary files. If the application doesn't start, that is said in the log and it is
    /// tried again.
    pub(crate) fn routes(&self, settings: WsgiSettings) -> std::io::Result<axum::Router> {
        let mut all = self.all.lock();
        all.retain(|application| !application.task.is_finished());
        let running = all.iter().filter(|application| application.settings == settings);
        let site = match running.filter_map(|application| application.site.upgrade()).next() {
            Some(site) => site,
            None => {
                let name = format!("{}:{}", settings.module, settings.object);
                let (supervisor, task) = Supervisor::start(settings.clone(), self.ending.subscribe())?;
                let backend = Backend::socket(supervisor.socket().to_owned());
                let site = Arc::new(Site { gateway: Gateway::new(name, backend, settings.timeout), supervisor });
                all.push(Application { settings, site: Arc::downgrade(&site), task });
                site
            }
        };
        Ok(axum::Router::new().fallback(serve).with_state(site))
    }

    /// Ends all applications, and waits for their ends: lets them finish what they are at for some seconds, then kills
    /// them.
    pub(crate) async fn shutdown(self) {
        self.ending.send_replace(true);
        for Application { task, .. } in self.all.into_inner() {
            if let Err(error) = task.await {
                tracing::error!(%error, "the supervisor of a Python application has panicked");
            }
        }
    }
}

/// What the application is told as if the router called it itself.
#[derive(Debug, Serialize)]
struct Told<'a> {
    script: &'a str,
    /// Whether the mount itself is asked for, without a slash.
    bare: bool,
    scheme: &'a str,
    address: String,
    port: String,
    server: &'a str,
    server_port: String,
}

async fn serve(State(site): State<Arc<Site>>, mount: Mount, mut request: Request) -> Response {
    if matches!(*request.method(), Method::CONNECT | Method::TRACE) {
        let message = "this method is not passed on";
        return Problem::new(StatusCode::METHOD_NOT_ALLOWED, "bad_request", message).into_response();
    }
    if let Some(patience) = request.extensions().get::<Patience>() {
        patience.grant();
    }
    if let Err(problem) = site.ready().await {
        return problem.into_response();
    }
    request = match timeout(ARRIVING, with_length(request)).await {
        Ok(Ok(request)) => request,
        Ok(Err(problem)) => return problem.into_response(),
        Err(_) => return Problem::timeout().into_response(),
    };
    let Some((told, uri)) = told(&request, &mount) else {
        return Problem::bad_request("the request's path or `Host` header is none").into_response();
    };
    request.headers_mut().insert(TOLD, told);
    *request.uri_mut() = uri;
    site.gateway.exchange(request).await
}

impl Site {
    /// Waits until the application is there.
    async fn ready(&self) -> Result<(), Problem> {
        let mut condition = self.supervisor.condition();
        let settled = timeout(STARTING, condition.wait_for(|condition| *condition != Condition::Starting)).await;
        match settled {
            Ok(Ok(condition)) if *condition == Condition::Ready => Ok(()),
            Ok(_) => {
                let message = "the Python application does not run: the router's log says why";
                Err(Problem::new(StatusCode::BAD_GATEWAY, "bad_gateway", message))
            }
            Err(_) => {
                let message = "the Python application is still starting";
                Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "starting", message))
            }
        }
    }
}

/// What is known of a request, and its URI for a server that is not mounted anywhere.
fn told(request: &Request, mount: &Mount) -> Option<(HeaderValue, Uri)> {
    let sender = Sender::of(request);
    let host = request.headers().get(HOST)?.to_str().ok()?.parse::<Authority>().ok()?;
    let port = host.port_u16().unwrap_or(if sender.scheme == "https" { 443 } else { 80 });
    let told = Told {
        script: &mount.prefix,
        bare: mount.path.is_empty(),
        scheme: sender.scheme,
        address: sender.address.map(|address| address.to_string()).unwrap_or_default(),
        port: sender.port.map(|port| port.to_string()).unwrap_or_default(),
        server: host.host(),
        server_port: port.to_string(),
    };
    let path = if mount.path.is_empty() { "/" } else { &mount.path };
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    let uri = format!("http://wsgi{path}{query}").parse().ok()?;
    Some((HeaderValue::try_from(serde_json::to_string(&told).ok()?).ok()?, uri))
}

/// WSGI knows no body whose length isn't known, so one is read that comes in chunks.
async fn with_length(request: Request) -> Result<Request, Problem> {
    if request.body().size_hint().exact().is_some() {
        return Ok(request);
    }
    let (mut head, body) = request.into_parts();
    let message = "a body of more than 1 MiB needs a `Content-Length`, or it broke off";
    let too_long = |_| Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "bad_request", message);
    let body = to_bytes(body, MAX_KEPT).await.map_err(too_long)?;
    head.headers.insert(CONTENT_LENGTH, body.len().into());
    Ok(Request::from_parts(head, Body::from(body)))
}

#[cfg(test)]
mod tests;

//! Files of a folder.
//!
//! `ServeDir` finds and sends them: ranges, `ETag`, conditional requests, precompressed variants.
//! Around it is what it leaves open: which of them nobody is to see, what is found where there is
//! no file, and where a folder without its slash is redirected to.

mod listing;
mod path;

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_RANGE, LAST_MODIFIED, LOCATION, RANGE,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use tower_http::services::ServeDir;

use super::mount::Mount;
use super::{not_found, reads};
use crate::http::Problem;

pub(crate) use path::is_servable;

/// A folder to serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StaticSettings {
    pub(crate) directory: PathBuf,
    /// A file in the folder that answers for whatever isn't there: the page of an application
    /// which makes up paths of its own.
    pub(crate) default_file: Option<String>,
    /// Whether a folder with no index.html shows what is in it.
    pub(crate) listing: bool,
    /// By extension, without its dot and in lower case.
    pub(crate) mime_types: HashMap<String, HeaderValue>,
    /// How long a copy may be used without asking; with none, everybody asks each time.
    pub(crate) cache_timeout: Option<Duration>,
    /// Whether pages of any origin may read the files.
    pub(crate) allow_cross_origin: bool,
}

#[derive(Debug)]
struct Folder {
    settings: StaticSettings,
    files: ServeDir,
    cache_control: HeaderValue,
}

/// Serves the files of a folder and of the folders in it, and follows symbolic links. Nothing whose
/// name begins with a dot is served, but `.well-known`.
pub(crate) fn routes(settings: StaticSettings) -> axum::Router {
    let files =
        ServeDir::new(&settings.directory).precompressed_br().precompressed_gzip().ignore_multi_range_requests(true);
    let cache_control = match settings.cache_timeout {
        Some(age) => HeaderValue::try_from(format!("public, max-age={}", age.as_secs())),
        None => Ok(HeaderValue::from_static("no-cache")),
    };
    let cache_control = cache_control.expect("a number can stand in a header");
    axum::Router::new().fallback(serve).with_state(Arc::new(Folder { settings, files, cache_control }))
}

async fn serve(State(folder): State<Arc<Folder>>, mount: Mount, request: Request) -> Response {
    let Some(path) = path::decode(&mount.path) else { return not_found() };
    let asked = Asked { method: request.method(), uri: request.uri(), headers: request.headers() };
    if mount.path.is_empty() && reads(asked.method) {
        return moved(&mount, asked.uri);
    }
    let answer = folder.find(&asked).await;
    if answer.status() == StatusCode::TEMPORARY_REDIRECT {
        return moved(&mount, asked.uri);
    }
    if answer.status() != StatusCode::NOT_FOUND || !reads(asked.method) {
        return folder.finish(answer, &path);
    }
    if folder.settings.listing && mount.path.ends_with('/') {
        let listing = listing::of(folder.settings.directory.join(&path), !path.as_os_str().is_empty()).await;
        if let Some(page) = listing {
            return ([(CACHE_CONTROL, "no-store")], page).into_response();
        }
    }
    let Some(name) = &folder.settings.default_file else { return not_found() };
    let uri = path::encode(name);
    let answer = folder.find(&Asked { uri: &uri, ..asked }).await;
    match answer.status() {
        StatusCode::NOT_FOUND => not_found(),
        _ => folder.finish(answer, name.as_ref()),
    }
}

/// The parts of a request that decide which bytes are sent.
#[derive(Clone, Copy)]
struct Asked<'a> {
    method: &'a Method,
    uri: &'a Uri,
    headers: &'a HeaderMap,
}

impl Folder {
    /// Looks a file up. A part of it is sent only to who has the rest of the same version.
    async fn find(&self, asked: &Asked<'_>) -> Response {
        let answer = self.open(asked.method, asked.uri, asked.headers.clone()).await;
        let Some(version) = asked.headers.get(IF_RANGE) else { return answer };
        let same = [ETAG, LAST_MODIFIED].iter().any(|name| answer.headers().get(name) == Some(version));
        if same || answer.status() == StatusCode::OK {
            return answer;
        }
        let mut whole = asked.headers.clone();
        whole.remove(RANGE);
        self.open(asked.method, asked.uri, whole).await
    }

    async fn open(&self, method: &Method, uri: &Uri, headers: HeaderMap) -> Response {
        let mut request = Request::new(());
        *request.method_mut() = method.clone();
        *request.uri_mut() = uri.clone();
        *request.headers_mut() = headers;
        match self.files.clone().try_call(request).await {
            Ok(answer) => answer.map(Body::new),
            Err(error) if is_absence(&error) => not_found(),
            Err(error) => {
                tracing::error!(path = uri.path(), %error, "could not read a file");
                let message = "the file could not be read";
                Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message).into_response()
            }
        }
    }

    /// Adds what the settings say of files.
    fn finish(&self, mut answer: Response, path: &std::path::Path) -> Response {
        let sent = answer.status().is_success();
        if !sent && answer.status() != StatusCode::NOT_MODIFIED {
            return answer;
        }
        let headers = answer.headers_mut();
        let extension = match path.extension() {
            Some(extension) => extension.to_str().map(str::to_ascii_lowercase),
            None => None,
        };
        if sent && let Some(kind) = extension.and_then(|extension| self.settings.mime_types.get(&extension)) {
            headers.insert(CONTENT_TYPE, kind.clone());
        }
        headers.insert(CACHE_CONTROL, self.cache_control.clone());
        if self.settings.allow_cross_origin {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        }
        answer
    }
}

/// Sends a client from a folder's name to the folder, since links in it are relative.
fn moved(mount: &Mount, uri: &Uri) -> Response {
    // One slash: two would begin the name of another server.
    let path = format!("{}{}", mount.prefix, mount.path);
    let mut location = format!("/{}/", path.trim_matches('/'));
    if let Some(query) = uri.query() {
        location = format!("{location}?{query}");
    }
    (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, location)]).into_response()
}

/// Whether an error means that there is no such file, as far as the outside is concerned.
fn is_absence(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidFilename, InvalidInput, NotADirectory, NotFound, PermissionDenied};
    matches!(error.kind(), NotFound | PermissionDenied | NotADirectory | InvalidFilename | InvalidInput)
}

#[cfg(test)]
mod tests;

//! Where a service is mounted, and what was asked of it there.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, OriginalUri};
use axum::http::Uri;
use axum::http::request::Parts;

/// The two parts of a request's path, as they were sent: percent-encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mount {
    /// Where the service is, with no slash at the end; empty for one at `/`.
    pub(super) prefix: String,
    /// What comes after it: empty, or with a slash at the beginning.
    pub(super) path: String,
}

impl Mount {
    fn of(original: &Uri, inner: &Uri) -> Self {
        let (original, inner) = (original.path(), inner.path());
        match original.strip_suffix(inner) {
            Some(prefix) => Self { prefix: prefix.into(), path: inner.into() },
            // Nesting turns the mount itself, `/app`, into the path `/`.
            None => Self { prefix: original.into(), path: String::new() },
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Mount {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let original = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |original| &original.0);
        Ok(Self::of(original, &parts.uri))
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::{Body, to_bytes};
    use axum::extract::Request;
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn a_service_finds_out_where_it_is() {
        let service = Router::new().fallback(async |mount: Mount| format!("{}|{}", mount.prefix, mount.path));
        let app = Router::new()
            .nest_service("/app", service.clone())
            .nest_service("/a/b", service.clone())
            .fallback_service(service);
        let table = [
            ("/", "|/"),
            ("/x/y?q=1", "|/x/y"),
            ("/app", "/app|"),
            ("/app?q=1", "/app|"),
            ("/app/", "/app|/"),
            ("/app/x%2Fy/", "/app|/x%2Fy/"),
            ("/a/b/c", "/a/b|/c"),
            ("/apple", "|/apple"),
        ];
        for (uri, expected) in table {
            let request = Request::builder().uri(uri).body(Body::empty()).unwrap();
            let answer = app.clone().oneshot(request).await.unwrap();
            assert_eq!(to_bytes(answer.into_body(), 100).await.unwrap(), expected, "{uri}");
        }
    }
}

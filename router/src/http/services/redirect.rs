//! Sends whoever comes to another place.

use axum::extract::State;
use axum::http::header::LOCATION;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};

use super::reads;

/// Where to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RedirectSettings {
    /// `https://a.example/path`, `/path` or `../path`.
    pub(crate) url: HeaderValue,
}

/// Redirects the mount and everything below it to the one place.
pub(crate) fn routes(settings: RedirectSettings) -> axum::Router {
    axum::Router::new().fallback(redirect).with_state(settings.url)
}

/// What is posted has to be posted again: 302 would make it a GET.
async fn redirect(State(url): State<HeaderValue>, method: Method) -> Response {
    let status = if reads(&method) { StatusCode::FOUND } else { StatusCode::TEMPORARY_REDIRECT };
    (status, [(LOCATION, url)]).into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::extract::Request;
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn everything_is_redirected() {
        let url = HeaderValue::from_static("https://a.example/new");
        let app = axum::Router::new().nest_service("/old", routes(RedirectSettings { url: url.clone() }));
        for (method, status) in [(Method::GET, 302), (Method::HEAD, 302), (Method::POST, 307)] {
            for uri in ["/old", "/old/", "/old/deep?q=1"] {
                let request = Request::builder().method(&method).uri(uri).body(Body::empty()).unwrap();
                let answer = app.clone().oneshot(request).await.unwrap();
                assert_eq!((answer.status().as_u16(), &answer.headers()[LOCATION]), (status, &url), "{method} {uri}");
            }
        }
    }
}

//! A JSON value, for pages that want to know what they were configured to.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, Method};
use axum::response::{IntoResponse, Response};

use super::mount::Mount;
use super::{not_found, only_reading, reads};

/// A value to serve.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct JsonSettings {
    pub(crate) value: serde_json::Value,
    /// Written for people to read.
    pub(crate) prettify: bool,
    /// Whether pages of any origin may read it.
    pub(crate) allow_cross_origin: bool,
    /// Asks everybody to keep no copy.
    pub(crate) discourage_caching: bool,
}

/// Serves a value at the mount itself.
pub(crate) fn routes(settings: JsonSettings) -> axum::Router {
    let text = if settings.prettify { format!("{:#}\n", settings.value) } else { settings.value.to_string() };
    let document = Document {
        text: text.into(),
        allow_cross_origin: settings.allow_cross_origin,
        discourage_caching: settings.discourage_caching,
    };
    axum::Router::new().fallback(serve).with_state(document)
}

#[derive(Debug, Clone)]
struct Document {
    text: Bytes,
    allow_cross_origin: bool,
    discourage_caching: bool,
}

async fn serve(State(document): State<Document>, mount: Mount, method: Method) -> Response {
    if !matches!(&*mount.path, "" | "/") {
        return not_found();
    }
    if !reads(&method) {
        return only_reading();
    }
    let mut response = ([(CONTENT_TYPE, "application/json")], document.text).into_response();
    let headers = response.headers_mut();
    if document.allow_cross_origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    }
    if document.discourage_caching {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::extract::Request;
    use axum::http::StatusCode;
    use serde_json::json;
    use tower::ServiceExt;

    use super::*;

    async fn answer(settings: &JsonSettings, method: Method, uri: &str) -> Response {
        let app = axum::Router::new().nest_service("/config", routes(settings.clone()));
        app.oneshot(Request::builder().method(method).uri(uri).body(Body::empty()).unwrap()).await.unwrap()
    }

    #[tokio::test]
    async fn the_value_is_served() {
        let mut settings = JsonSettings {
            value: json!({"a": [1, "ü"]}),
            prettify: false,
            allow_cross_origin: false,
            discourage_caching: false,
        };
        let plain = answer(&settings, Method::GET, "/config").await;
        assert_eq!(plain.headers()[CONTENT_TYPE], "application/json");
        assert_eq!(plain.headers().get(ACCESS_CONTROL_ALLOW_ORIGIN), None);
        assert_eq!(plain.headers().get(CACHE_CONTROL), None);
        assert_eq!(to_bytes(plain.into_body(), 100).await.unwrap(), r#"{"a":[1,"ü"]}"#);
        assert_eq!(answer(&settings, Method::GET, "/config/more").await.status(), StatusCode::NOT_FOUND);
        assert_eq!(answer(&settings, Method::POST, "/config").await.status(), StatusCode::METHOD_NOT_ALLOWED);

        settings.prettify = true;
        settings.allow_cross_origin = true;
        settings.discourage_caching = true;
        let pretty = answer(&settings, Method::GET, "/config/").await;
        assert_eq!(pretty.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], "*");
        assert_eq!(pretty.headers()[CACHE_CONTROL], "no-store");
        let text = to_bytes(pretty.into_body(), 100).await.unwrap();
        assert_eq!(text, "{\n  \"a\": [\n    1,\n    \"ü\"\n  ]\n}\n");
    }
}

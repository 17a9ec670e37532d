//! The routes, without a socket.

use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, StatusCode, header};
use tempfile::TempDir;
use tower::ServiceExt;

use super::*;
use crate::store::Store;

fn dashboard() -> (TempDir, Router) {
    let folder = tempfile::tempdir().unwrap();
    let (store, records) = Store::open(folder.path()).unwrap();
    (folder, routes(Arc::new(FleetService::new(store, records))))
}

async fn send(routes: &Router, request: axum::http::request::Builder, body: &str) -> Response<Body> {
    let request = request.body(Body::from(body.to_owned())).unwrap();
    routes.clone().oneshot(request).await.unwrap()
}

async fn post_client(routes: &Router, form: &str) -> (StatusCode, String) {
    let request = Request::post("/clients/").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let response = send(routes, request, form).await;
    let status = response.status();
    let body = to_bytes(response.into_body(), 100_000).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn every_file_of_the_page_may_load_only_from_its_own_host() {
    let routes = page();
    for path in ["/", "/static/main.js", "/static/no-such-file"] {
        let response = send(&routes, Request::get(path), "").await;
        let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(response.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff", "{path}");
        assert_eq!(response.headers()[header::REFERRER_POLICY], "no-referrer", "{path}");
    }
}

#[tokio::test]
async fn a_file_comes_with_its_type_and_only_once() {
    let routes = page();
    let response = send(&routes, Request::get("/static/wamp.js"), "").await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/javascript; charset=utf-8");
    assert_eq!(response.headers()[header::CACHE_CONTROL], "no-cache");

    let etag = response.headers()[header::ETAG].clone();
    let again = Request::get("/static/wamp.js").header(header::IF_NONE_MATCH, etag);
    assert_eq!(send(&routes, again, "").await.status(), StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn nothing_outside_the_page_is_served() {
    let routes = page();
    for path in ["/static/../Cargo.toml", "/static/%2e%2e/Cargo.toml", "/static/..%2fCargo.toml", "/static/"] {
        let response = send(&routes, Request::get(path), "").await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_client_is_created_with_defaults_and_found_again() {
    let (_folder, routes) = dashboard();
    let settings = concat!(
        r#"{"id":"10.0.0.7","ip":"10.0.0.7","name":"","show_cpus":true,"show_memory":true,"#,
        r#""show_disk":true,"disabled":false,"frequency":1.0,"rev":1}"#
    );
    for _ in 0..2 {
        assert_eq!(post_client(&routes, "ip=10.0.0.7").await, (StatusCode::OK, settings.into()));
    }
}

#[tokio::test]
async fn a_client_without_an_address_is_told_so() {
    let (_folder, routes) = dashboard();
    let (status, message) = post_client(&routes, "ip=nowhere").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(message, "ip: \"nowhere\" is no IP address\n");
    assert_eq!(post_client(&routes, "name=x").await.0, StatusCode::UNPROCESSABLE_ENTITY);
}

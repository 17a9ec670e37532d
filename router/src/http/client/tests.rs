use std::net::SocketAddr;

use axum::http::header::HeaderName;
use axum::routing::{any, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{RootCertStore, ServerConfig, crypto::ring};

use super::*;

/// Nothing here takes as long.
const LONG: Duration = Duration::from_secs(20);

async fn serve(app: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

async fn post_to(address: SocketAddr, path: &str, limit: Duration) -> Result<(StatusCode, Bytes), ClientError> {
    let url = format!("http://{address}{path}").parse().unwrap();
    HttpClient::new().post_json(&url, HeaderMap::new(), "{}".into(), limit, 1000).await
}

#[tokio::test]
async fn json_is_posted_and_the_answer_read() {
    let echo = async |headers: HeaderMap, Json(body): Json<Value>| {
        let header = |name: &str| headers[name].to_str().unwrap().to_owned();
        (StatusCode::CREATED, Json(json!({"body": body, "host": header("host"), "key": header("x-key")})))
    };
    let address = serve(Router::new().route("/hook", post(echo))).await;
    let url = format!("http://{address}/hook").parse().unwrap();
    let headers = HeaderMap::from_iter([(HeaderName::from_static("x-key"), HeaderValue::from_static("k"))]);
    let client = HttpClient::new();
    let (status, body) = client.post_json(&url, headers, r#"{"a":1}"#.into(), LONG, 1000).await.unwrap();
    assert_eq!(status, StatusCode::CREATED);
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body, json!({"body": {"a": 1}, "host": address.to_string(), "key": "k"}));
}

#[tokio::test]
async fn answers_are_bounded_in_length_and_time() {
    let app = Router::new()
        .route("/long", any(async || "x".repeat(1001)))
        .route("/never", any(async || std::future::pending::<()>().await))
        .route("/drip", any(async || Body::from_stream(futures_util::stream::pending::<Result<Bytes, ClientError>>())));
    let address = serve(app).await;
    let long = post_to(address, "/long", LONG).await;
    assert!(matches!(long, Err(ClientError::Body(1000))), "{long:?}");
    for path in ["/never", "/drip"] {
        let late = post_to(address, path, Duration::from_millis(50)).await;
        assert!(matches!(late, Err(ClientError::TimedOut(_))), "{path}: {late:?}");
    }
}

#[tokio::test]
async fn a_redirect_is_an_answer() {
    let app = Router::new()
        .route("/old", any(async || (StatusCode::TEMPORARY_REDIRECT, [("location", "/new")], "moved")))
        .route("/new", any(async || "followed"));
    let (status, body) = post_to(serve(app).await, "/old", LONG).await.unwrap();
    assert_eq!((status, &*body), (StatusCode::TEMPORARY_REDIRECT, &b"moved"[..]));
}

#[tokio::test]
async fn nobody_there() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = post_to(address, "/", LONG).await.unwrap_err();
    assert!(matches!(error, ClientError::Failed { what: "could not connect", .. }), "{error:?}");
}

#[tokio::test]
async fn tls_is_for_servers_with_a_certificate_somebody_trusted_signed() {
    let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = signed.cert.der().clone();
    let key = PrivateKeyDer::try_from(signed.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: HttpUrl = format!("https://localhost:{}/", listener.local_addr().unwrap().port()).parse().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let service =
                    hyper::service::service_fn(async |_| Ok::<_, ClientError>(Response::new(Body::from("by tls"))));
                let io = hyper_util::rt::TokioIo::new(stream);
                let _ = hyper::server::conn::http1::Builder::new().serve_connection(io, service).await;
            });
        }
    });
    let post = async |client: HttpClient| client.post_json(&url, HeaderMap::new(), "{}".into(), LONG, 1000).await;
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let (status, body) = post(HttpClient::trusting(roots.into())).await.unwrap();
    assert_eq!((status, &*body), (StatusCode::OK, &b"by tls"[..]));

    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(other.cert.der().clone()).unwrap();
    let error = post(HttpClient::trusting(roots.into())).await.unwrap_err();
    assert!(matches!(error, ClientError::Failed { what: "could not connect", .. }), "{error:?}");
}

use std::fs;

use axum::body::to_bytes;
use axum::http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_RANGE, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, VARY,
};
use tempfile::TempDir;
use tower::ServiceExt;

use super::*;

struct Site {
    folder: TempDir,
    app: axum::Router,
}

/// What came: the answer's status, headers and body.
#[derive(Debug)]
struct Got {
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl Site {
    /// A folder with some files in it, at `/` and at `/files`.
    fn new(change: impl FnOnce(&mut StaticSettings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join("web").join(name);
        for name in ["docs", "empty", ".git", ".well-known"] {
            fs::create_dir_all(at(name)).unwrap();
        }
        fs::write(folder.path().join("secret"), "outside").unwrap();
        for (name, text) in [
            ("index.html", "the index"),
            ("ten.txt", "0123456789"),
            ("app.js", "plain"),
            ("app.js.br", "brotli"),
            ("app.js.gz", "gzip"),
            ("data.geo", "{}"),
            ("docs/index.html", "the documents"),
            (".git/config", "hidden"),
            (".well-known/it", "known"),
        ] {
            fs::write(at(name), text).unwrap();
        }
        let mut settings = StaticSettings {
            directory: folder.path().join("web"),
            default_file: None,
            listing: false,
            mime_types: HashMap::new(),
            cache_timeout: None,
            allow_cross_origin: false,
        };
        change(&mut settings);
        let service = routes(settings);
        let app = axum::Router::new().nest_service("/files", service.clone()).fallback_service(service);
        Self { folder, app }
    }

    async fn get(&self, uri: &str, headers: &[(HeaderName, &str)]) -> Got {
        self.ask(Method::GET, uri, headers).await
    }

    async fn ask(&self, method: Method, uri: &str, headers: &[(HeaderName, &str)]) -> Got {
        let mut request = Request::builder().method(method).uri(uri).body(Body::empty()).unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        let answer = self.app.clone().oneshot(request).await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = String::from_utf8(to_bytes(answer.into_body(), 10_000).await.unwrap().to_vec()).unwrap();
        Got { status, headers, body }
    }
}

#[tokio::test]
async fn files_and_indexes() {
    let site = Site::new(|_| {});
    for (uri, body) in [
        ("/", "the index"),
        ("/ten.txt", "0123456789"),
        ("/docs/", "the documents"),
        ("/files/", "the index"),
        ("/files/docs/index.html", "the documents"),
        ("/.well-known/it", "known"),
    ] {
        let got = site.get(uri, &[]).await;
        assert_eq!((got.status, &*got.body), (200, body), "{uri}");
        assert_eq!(got.headers[CACHE_CONTROL], "no-cache", "{uri}");
        assert_eq!(got.headers.get(ACCESS_CONTROL_ALLOW_ORIGIN), None, "{uri}");
    }
    let head = site.ask(Method::HEAD, "/ten.txt", &[]).await;
    assert_eq!((head.status, &*head.body, &head.headers["content-length"]), (200, "", &"10".parse().unwrap()));
    assert_eq!(site.ask(Method::POST, "/ten.txt", &[]).await.status, 405);
    assert_eq!(site.get("/absent", &[]).await.status, 404);
    assert_eq!(site.get("/empty/", &[]).await.status, 404);
}

#[tokio::test]
async fn a_folder_without_its_slash_is_redirected() {
    let site = Site::new(|_| {});
    for (uri, location) in [
        ("/docs", "/docs/"),
        ("/docs?q=1", "/docs/?q=1"),
        ("/files", "/files/"),
        ("/files/docs", "/files/docs/"),
        ("//docs", "/docs/"),
    ] {
        let got = site.get(uri, &[]).await;
        assert_eq!((got.status, got.headers[LOCATION].to_str().unwrap()), (307, location), "{uri}");
    }
}

#[tokio::test]
async fn what_is_outside_or_hidden_is_not_there() {
    let site = Site::new(|settings| settings.listing = true);
    let secret = site.folder.path().join("secret");
    let uris = ["/../secret", "/%2e%2e/secret", "/docs/..%2f..%2fsecret", "/.git/config", "/%2egit/config", "/.git/"];
    for uri in uris.into_iter().chain([secret.to_str().unwrap(), "/files/../secret", "//etc/passwd", "/ten.txt/"]) {
        assert_eq!(site.get(uri, &[]).await.status, 404, "{uri}");
    }
}

#[tokio::test]
async fn parts_of_files() {
    let site = Site::new(|_| {});
    let whole = site.get("/ten.txt", &[]).await;
    let etag = whole.headers[ETAG].to_str().unwrap();
    let part = site.get("/ten.txt", &[(RANGE, "bytes=2-4")]).await;
    assert_eq!((part.status, &*part.body), (206, "234"));
    assert_eq!(part.headers[CONTENT_RANGE], "bytes 2-4/10");
    assert_eq!(site.get("/ten.txt", &[(RANGE, "bytes=20-")]).await.status, 416);
    assert_eq!(site.get("/ten.txt", &[(RANGE, "bytes=0-1,5-6")]).await.body, "0123456789");

    let same = site.get("/ten.txt", &[(RANGE, "bytes=2-4"), (IF_RANGE, etag)]).await;
    assert_eq!((same.status, &*same.body), (206, "234"));
    for other in ["\"other\"", "Sat, 01 Jan 2000 00:00:00 GMT"] {
        let got = site.get("/ten.txt", &[(RANGE, "bytes=2-4"), (IF_RANGE, other)]).await;
        assert_eq!((got.status, &*got.body), (200, "0123456789"), "{other}");
    }
    let beyond = site.get("/ten.txt", &[(RANGE, "bytes=20-"), (IF_RANGE, "\"other\"")]).await;
    assert_eq!((beyond.status, &*beyond.body), (200, "0123456789"), "the file was longer once");
}

#[tokio::test]
async fn who_has_it_already_gets_nothing() {
    let site = Site::new(|_| {});
    let first = site.get("/ten.txt", &[]).await;
    let etag = first.headers[ETAG].to_str().unwrap();
    let modified = first.headers[LAST_MODIFIED].to_str().unwrap();
    for header in [(IF_NONE_MATCH, etag), (IF_MODIFIED_SINCE, modified)] {
        let again = site.get("/ten.txt", std::slice::from_ref(&header)).await;
        assert_eq!((again.status, &*again.body), (304, ""), "{header:?}");
        assert_eq!(again.headers[CACHE_CONTROL], "no-cache");
    }
    fs::write(site.folder.path().join("web/ten.txt"), "changed").unwrap();
    assert_eq!(site.get("/ten.txt", &[(IF_NONE_MATCH, etag)]).await.body, "changed");
}

#[tokio::test]
async fn a_compressed_variant_is_sent_to_who_can_read_it() {
    let site = Site::new(|_| {});
    for (accept, body, encoding) in
        [("gzip, br", "brotli", Some("br")), ("gzip", "gzip", Some("gzip")), ("zstd", "plain", None)]
    {
        let got = site.get("/app.js", &[(ACCEPT_ENCODING, accept)]).await;
        assert_eq!(got.body, body);
        assert_eq!(got.headers.get(CONTENT_ENCODING).map(|it| it.to_str().unwrap()), encoding);
        assert_eq!(got.headers[CONTENT_TYPE], "text/javascript");
        assert_eq!(got.headers[VARY], "accept-encoding");
    }
}

#[tokio::test]
async fn an_application_has_paths_of_its_own() {
    let site = Site::new(|settings| settings.default_file = Some("index.html".into()));
    for uri in ["/orders/7", "/empty/", "/files/orders", "/absent.js"] {
        let got = site.get(uri, &[]).await;
        assert_eq!((got.status, &*got.body), (200, "the index"), "{uri}");
        assert_eq!(got.headers[CONTENT_TYPE], "text/html");
    }
    let etag = site.get("/orders/7", &[]).await.headers[ETAG].clone();
    assert_eq!(site.get("/orders/8", &[(IF_NONE_MATCH, etag.to_str().unwrap())]).await.status, 304);
    assert_eq!(site.get("/.git/config", &[]).await.status, 404);
    assert_eq!(site.ask(Method::POST, "/orders/7", &[]).await.status, 405);
}

#[tokio::test]
async fn a_folder_shows_what_is_in_it_where_that_is_asked_for() {
    let site = Site::new(|settings| settings.listing = true);
    fs::write(site.folder.path().join("web/empty/a & b.txt"), "").unwrap();
    let got = site.get("/empty/", &[]).await;
    assert_eq!((got.status, &got.headers[CONTENT_TYPE]), (200, &"text/html; charset=utf-8".parse().unwrap()));
    assert!(got.body.contains("<a href=\"./a%20%26%20b.txt\">a &amp; b.txt</a>"), "{}", got.body);
    fs::remove_file(site.folder.path().join("web/index.html")).unwrap();
    let root = site.get("/", &[]).await.body;
    assert!(root.contains("./docs/") && root.contains("ten.txt") && !root.contains("git"), "{root}");
    assert!(!root.contains("../"), "{root}");
    assert_eq!(site.get("/docs/", &[]).await.body, "the documents");
    assert_eq!(site.get("/absent/", &[]).await.status, 404);
}

#[tokio::test]
async fn kinds_copies_and_other_origins() {
    let site = Site::new(|settings| {
        settings.mime_types = HashMap::from([("geo".into(), HeaderValue::from_static("application/geo+json"))]);
        settings.cache_timeout = Some(Duration::from_secs(3600));
        settings.allow_cross_origin = true;
    });
    let got = site.get("/data.geo", &[]).await;
    assert_eq!(got.headers[CONTENT_TYPE], "application/geo+json");
    assert_eq!(got.headers[CACHE_CONTROL], "public, max-age=3600");
    assert_eq!(got.headers[ACCESS_CONTROL_ALLOW_ORIGIN], "*");
    assert_eq!(site.get("/docs/", &[]).await.headers[CONTENT_TYPE], "text/html");
}

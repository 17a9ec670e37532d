use axum::http::uri::Scheme;

use super::*;
use crate::configuration::document::{Format, Value};
use crate::configuration::section::{Reading, Remarks};
use crate::http::services::proxy::Host;
use crate::http::services::wsgi::WsgiServer;

/// Reads a service out of a file in `/etc/wamp`.
pub(super) fn service(text: &str) -> (Option<Service>, Remarks) {
    let value = Value::parse(text, Format::Json).unwrap();
    let reading = Reading::new("/etc/wamp");
    let service = read(reading.root(&value).section().unwrap());
    (service, reading.end())
}

/// What is wrong with a service, a line each.
pub(super) fn problems(text: &str) -> Vec<String> {
    service(text).1.problems.iter().map(ToString::to_string).collect()
}

#[test]
fn services_are_read() {
    let (read, remarks) = service(
        r#"{"type": "static", "id": "x", "directory": "../web", "options": {"enable_directory_listing": true,
            "mime_types": {".SVG": "image/svg+xml"}, "cache_timeout": 60, "default_file": "index.html"}}"#,
    );
    let Some(Service::Static(settings)) = read else { panic!("{read:?} {remarks:?}") };
    assert_eq!(settings.directory.to_str(), Some("/etc/wamp/../web"));
    assert_eq!(settings.mime_types["svg"], "image/svg+xml");
    assert_eq!(settings.cache_timeout, Some(std::time::Duration::from_secs(60)));
    assert_eq!((settings.listing, settings.default_file.as_deref()), (true, Some("index.html")));
    assert_eq!((remarks.problems, remarks.ignored), (vec![], vec!["id".to_owned()]));
    assert_eq!(remarks.warnings.len(), 1, "there is no such folder");

    let (read, _) = service(r#"{"type": "json", "value": {"a": [1, null]}, "options": {"prettify": true}}"#);
    let Some(Service::Json(settings)) = read else { panic!("{read:?}") };
    assert_eq!((settings.value.to_string().as_str(), settings.prettify), (r#"{"a":[1,null]}"#, true));

    let (read, _) = service(r#"{"type": "redirect", "url": "../other"}"#);
    assert!(matches!(read, Some(Service::Redirect(settings)) if settings.url == "../other"));
    assert!(matches!(service(r#"{"type": "nodeinfo"}"#).0, Some(Service::NodeInfo)));
}

#[test]
fn proxies_are_read() {
    let proxy = |text: &str| match service(text) {
        (Some(Service::Proxy(settings)), remarks) if remarks.problems.is_empty() => settings,
        other => panic!("{other:?}"),
    };
    let settings = proxy(
        r#"{"type": "proxy", "url": "https://a.example/base", "preserve_host": true, "timeout": 5,
            "forwarded_proto": "https", "forwarded_port": 8443, "socket": "app.sock"}"#,
    );
    assert_eq!(settings.url.to_string(), "https://a.example/base");
    assert_eq!((&settings.host, settings.timeout.as_secs()), (&Host::Client, 5));
    assert_eq!((settings.forwarded_proto, settings.forwarded_port), (Some(Scheme::HTTPS), Some(8443)));
    assert_eq!(settings.socket, Some("/etc/wamp/app.sock".into()));

    let settings = proxy(r#"{"type": "reverseproxy", "host": "www.example.com", "path": "/my_path"}"#);
    assert_eq!(settings, ProxySettings::new("http://www.example.com/my_path".parse().unwrap()));
    let settings = proxy(r#"{"type": "reverseproxy", "host": "::1", "port": 8000}"#);
    assert_eq!(settings.url.to_string(), "http://[::1]:8000/");

    let settings = proxy(
        r#"{"type": "websocket-reverseproxy", "backend": {"type": "websocket", "url": "ws://localhost:9000/ws",
            "endpoint": {"type": "tcp", "host": "127.0.0.1", "port": 9001, "timeout": 3}}}"#,
    );
    assert_eq!((settings.url.to_string().as_str(), settings.timeout.as_secs()), ("http://127.0.0.1:9001/ws", 3));
    assert_eq!(settings.host, Host::Named("localhost:9000".parse().unwrap()));
    assert!(settings.exact && settings.only_websockets);
    let settings = proxy(
        r#"{"type": "websocket-reverseproxy", "backend": {"type": "websocket", "url": "ws://localhost",
            "endpoint": {"type": "unix", "path": "b.sock"}}}"#,
    );
    assert_eq!(
        (settings.url.to_string().as_str(), settings.socket),
        ("http://localhost/", Some("/etc/wamp/b.sock".into()))
    );
    let settings = proxy(
        r#"{"type": "websocket-reverseproxy", "backend": {"type": "websocket", "url": "wss://a.example/ws",
            "endpoint": {"type": "tcp", "host": "a.example", "port": 443, "tls": {"hostname": "a.example"}}}}"#,
    );
    assert_eq!(settings.url.to_string(), "https://a.example/ws");
}

#[test]
fn python_applications_are_read() {
    let (read, remarks) = service(r#"{"type": "wsgi", "module": "site.wsgi", "object": "application"}"#);
    let Some(Service::Wsgi(settings)) = read else { panic!("{remarks:?}") };
    assert_eq!((settings.module.as_str(), settings.object.as_str()), ("site.wsgi", "application"));
    assert_eq!((settings.threads, settings.processes, settings.server), (20, 1, WsgiServer::Auto));
    assert_eq!(settings.python.folder, Some("/etc/wamp".into()), "the folder of the node, as in Crossbar");

    let (read, _) = service(
        r#"{"type": "wsgi", "module": "m", "object": "o", "minthreads": 2, "maxthreads": 8, "processes": 3,
            "python": "venv/bin/python", "timeout": 300}"#,
    );
    let Some(Service::Wsgi(settings)) = read else { panic!() };
    assert_eq!((settings.threads, settings.processes, settings.server), (8, 3, WsgiServer::Gunicorn));
    assert_eq!(settings.python.program, Some("/etc/wamp/venv/bin/python".into()));

    let options = r#"{"python": "python3.13", "pythonpath": ["..", "/lib"],
        "env": {"inherit": ["HOME"], "vars": {"DJANGO_SETTINGS_MODULE": "site.settings"}}}"#;
    let value = Value::parse(options, Format::Json).unwrap();
    let reading = Reading::new("/etc/wamp");
    let options = wsgi::PythonOptions::read(&reading.root(&value).section().unwrap());
    let mut paths = vec![("/".to_owned(), Service::Path(vec![("app".to_owned(), Service::Wsgi(settings))]))];
    options.apply(&mut paths);
    let Service::Path(nested) = &paths[0].1 else { panic!() };
    let Service::Wsgi(settings) = &nested[0].1 else { panic!() };
    assert_eq!(settings.python.program, Some("/etc/wamp/venv/bin/python".into()), "its own goes first");
    assert_eq!(settings.python.path, ["/etc/wamp/..", "/lib"].map(std::path::PathBuf::from));
    let environment = &settings.python.environment;
    assert_eq!(environment.inherit, Some(vec!["HOME".to_owned()]));
    assert_eq!(environment.set, [("DJANGO_SETTINGS_MODULE".to_owned(), "site.settings".to_owned())]);
    assert_eq!(reading.end().problems, []);
}

#[test]
fn what_is_wrong_with_services() {
    let table = [
        (r#"{"type": "static"}"#, "the key \"directory\" is missing"),
        (r#"{"type": "static", "package": "a", "resource": "b"}"#, "package: not supported: name the folder itself"),
        (
            r#"{"type": "static", "directory": "/", "options": {"default_file": "../a"}}"#,
            "options.default_file: this has",
        ),
        (
            r#"{"type": "static", "directory": "/", "options": {"mime_types": {".a": 1}}}"#,
            "options.mime_types[\".a\"]: this",
        ),
        (
            r#"{"type": "static", "directory": "/", "option": {}}"#,
            "option: unknown key \"option\"; did you mean \"options\"?",
        ),
        (r#"{"type": "redirect", "url": "http://a b"}"#, "url: this has to be a URL"),
        (r#"{"type": "proxy", "url": "localhost:80"}"#, "url: \"localhost:80\" has to begin with"),
        (r#"{"type": "proxy", "url": "http://a/?q"}"#, "url: this may not have a query"),
        (r#"{"type": "reverseproxy", "host": "a", "path": "b"}"#, "path: this has to begin with a slash"),
        (r#"{"type": "reverseproxy", "host": "a b"}"#, "\"a b\" is no host"),
        (r#"{"type": "reverseproxy"}"#, "the key \"host\" is missing"),
        (r#"{"type": "websocket-reverseproxy"}"#, "the key \"backend\" is missing"),
        (r#"{"type": "wsgi", "object": "o"}"#, "the key \"module\" is missing"),
        (
            r#"{"type": "wsgi", "module": "m", "object": "o", "minthreads": 9, "maxthreads": 8}"#,
            "minthreads: this is more",
        ),
        (
            r#"{"type": "wsgi", "module": "m", "object": "o", "processes": 2, "server": "wsgiref"}"#,
            "processes: wsgiref has one process",
        ),
        (r#"{"type": "json"}"#, "the key \"value\" is missing"),
        (r#"{"type": "cgi", "directory": ".", "processor": "/bin/sh"}"#, "type: not supported: run the script behind"),
        (r#"{"type": "resource", "classname": "a.B"}"#, "type: not supported: a Python class of Twisted"),
        (r#"{"type": "upload"}"#, "type: not supported: let your web application"),
        (r#"{"type": "statik"}"#, "type: unknown value \"statik\"; did you mean \"static\"?"),
    ];
    for (text, expected) in table {
        let problems = problems(text);
        assert!(problems.first().is_some_and(|first| first.starts_with(expected)), "{text}: {problems:#?}");
    }
}

#[test]
fn each_service_is_listed_once() {
    assert!(READERS.is_sorted_by(|one, other| one.0 < other.0));
    assert!(UNSUPPORTED.is_sorted_by(|one, other| one.0 < other.0));
    assert!(READERS.iter().all(|(name, _)| UNSUPPORTED.iter().all(|(other, _)| other != name)));
}

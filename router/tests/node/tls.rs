//! TLS as a configuration asks for it, with files of OpenSSL.

use std::fs;

use serde_json::json;
use wamp_proto::Serializer;

use crate::common::Client;
use crate::common::raw::RawClient;
use crate::common::tls::{Authority, Certified, replace};
use crate::program::{Folder, Program, text};

/// A node that speaks everything over TLS, with further keys.
fn configuration(own: &Certified, more: &serde_json::Value) -> String {
    let mut tls = json!({"certificate": own.certificate, "key": own.key});
    tls.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let transport = |kind: &str| {
        let endpoint = json!({"type": "tcp", "interface": "127.0.0.1", "port": 0, "tls": tls});
        json!({"type": kind, "endpoint": endpoint})
    };
    let mut web = transport("web");
    web["paths"] = json!({"ws": {"type": "websocket"}, "about": {"type": "json", "value": "here"}});
    let transports = json!([web, transport("rawsocket")]);
    let permissions = json!([{"uri": "", "match": "prefix", "allow": {"subscribe": true, "publish": true}}]);
    let realm = json!({"name": "realm1", "roles": [{"name": "anonymous", "permissions": permissions}]});
    json!({"version": 2, "workers": [{"type": "router", "realms": [realm], "transports": transports}]}).to_string()
}

fn start(folder: &Folder, own: &Certified, more: &serde_json::Value) -> Program {
    folder.write("config.json", configuration(own, more));
    folder.start("config.json")
}

async fn web(
    authority: &Authority,
    program: &Program,
) -> Client<impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin> {
    let stream = authority.connect(program.address(0), None).await.unwrap();
    let mut client = Client::over(stream, "wss://localhost/ws", "wamp.2.json", &[]).await.unwrap();
    client.say_hello().await;
    client
}

/// The certificate a client is shown.
async fn shown(authority: &Authority, program: &Program) -> Vec<u8> {
    let stream = authority.connect(program.address(1), None).await.unwrap();
    stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
}

#[tokio::test]
async fn a_renewed_certificate_is_read_on_sighup() {
    let (authority, folder) = (Authority::new(), Folder::new());
    let (first, second) = (authority.certify("first"), authority.certify("second"));
    let (before, after) = (first.der(), second.der());
    let program = start(&folder, &first, &json!({}));
    assert!(program.addresses[0].starts_with("wss://") && program.addresses[1].starts_with("rss://"));
    let mut client = web(&authority, &program).await;
    let stream = authority.connect(program.address(1), None).await.unwrap();
    let mut raw = RawClient::join(stream, Serializer::Cbor).await;
    assert_eq!(shown(&authority, &program).await, before);

    let good = fs::read(&first.key).unwrap();
    fs::copy(&second.key, &first.key).unwrap();
    program.signal("HUP");
    let error = program.logged("not reloaded");
    assert!(error.contains("does not belong to the certificate"), "{error}");
    assert_eq!(shown(&authority, &program).await, before);
    fs::write(&first.key, good).unwrap();

    replace(&first, &second);
    program.signal("HUP");
    program.logged("reloaded");
    assert_eq!(shown(&authority, &program).await, after);
    client.subscribe(1, "com.example.topic").await;
    raw.send(json!([16, 1, {}, "com.example.topic", ["still here"]])).await;
    assert_eq!(client.receive().await[4][0], "still here");
    drop((client, raw));
    assert!(program.stop().success());
}

#[tokio::test]
async fn clients_show_certificates_where_they_have_to() {
    let (authority, folder) = (Authority::new(), Folder::new());
    let (localhost, alice) = (authority.certify("localhost"), authority.certify("alice"));
    for (whose, without) in [("required", false), ("optional", true)] {
        let more = json!({"ca_certificates": [authority.certificate()], "client_certificates": whose});
        let program = start(&folder, &localhost, &more);
        for (own, enters) in [(None, without), (Some(&alice), true)] {
            let stream = authority.connect(program.address(1), own).await;
            let entered = match stream {
                Ok(stream) => RawClient::shakes_hands(stream).await,
                Err(_) => false,
            };
            assert_eq!(entered, enters, "{whose} {}", own.is_some());
        }
    }
}

/// A certificate that is good for these days, counted from today.
fn valid(folder: &Folder, days: std::ops::Range<i64>) -> Certified {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut parameters = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
    let day = |days| time::OffsetDateTime::now_utc() + time::Duration::days(days);
    (parameters.not_before, parameters.not_after) = (day(days.start), day(days.end));
    let certificate = folder.write("own.pem", parameters.self_signed(&key).unwrap().pem());
    Certified { certificate, key: folder.write("own.key", key.serialize_pem()) }
}

/// At the start, and whenever the files are read again.
#[test]
fn a_certificate_that_clients_will_refuse_is_warned_of() {
    let folder = Folder::new();
    let program = start(&folder, &valid(&folder, -1..90), &json!({}));
    let good = program.stop_and_log();
    assert!(!good.iter().any(|line| line.contains("a certificate")), "{good:#?}");
    let program = start(&folder, &valid(&folder, -1..13), &json!({}));
    let soon = program.logged("a certificate expires soon");
    assert!(soon.contains("WARN") && soon.contains("own.pem"), "{soon}");
    for (days, what) in [(-30..-1, "has expired: clients will refuse it"), (1..90, "is not valid yet: clients")] {
        valid(&folder, days);
        program.signal("HUP");
        let warning = program.logged(&format!("a certificate {what}"));
        assert!(warning.contains("WARN") && warning.contains("own.pem"), "{warning}");
        program.logged(" reloaded");
    }
    assert!(program.stop().success());
}

#[test]
fn what_is_wrong_with_the_files_is_said_at_the_start() {
    let (authority, folder) = (Authority::new(), Folder::new());
    let (good, other) = (authority.certify("good"), authority.certify("other"));
    let none = Certified { certificate: folder.file("none.pem"), key: good.key.clone() };
    let mixed = Certified { certificate: good.certificate.clone(), key: other.key };
    for (own, wrong) in [(none, "none.pem: No such file"), (mixed, "does not belong to the certificate")] {
        folder.write("config.json", configuration(&own, &json!({})));
        let output = folder.run(&["start", "--config", "config.json"]);
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains("workers[0].transports[0].endpoint.tls") && error.contains(wrong), "{error}");
    }
    let alone = configuration(&good, &json!({"client_certificates": "optional", "minimum_version": "1.1"}));
    folder.write("config.json", alone);
    let errors = text(&folder.run(&["check", "--config", "config.json"]).stderr);
    for wrong in ["tls.client_certificates: list in `ca_certificates`", "tls.minimum_version: "] {
        assert!(errors.contains(wrong), "{errors}");
    }
}

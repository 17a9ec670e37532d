//! The real binary with a certificate.

#![allow(clippy::unwrap_used, reason = "this is a test")]

mod support;

use std::fs;
use std::sync::Arc;

use rustix::process::Signal;
use serde_json::Value;
use support::{DEADLINE, Dashboard};
use tokio::time::timeout;
use wamp_client::rustls::crypto::ring;
use wamp_client::rustls::pki_types::CertificateDer;
use wamp_client::rustls::{ClientConfig, RootCertStore};
use wamp_client::{App, Auth};

fn trusting(certificate: CertificateDer<'static>) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    Arc::new(config.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots).with_no_client_auth())
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_come_by_tls_only_and_clients_check_the_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let made = || rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (certificate, key) = (folder.path().join("certificate.pem"), folder.path().join("key.pem"));
    let write = |made: &rcgen::CertifiedKey<rcgen::KeyPair>| {
        fs::write(&certificate, made.cert.pem()).unwrap();
        fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    };
    let first = made();
    write(&first);
    let files = ["--tls-certificate", certificate.to_str().unwrap(), "--tls-key", key.to_str().unwrap()];
    let dashboard = Dashboard::guarded(folder.path(), &[&files[..], &["--demo", "1"]].concat(), &[]);
    let auth = || Auth::scram("admin", dashboard.token.as_ref().unwrap());
    let secure = format!("wss://{}/ws", dashboard.address);

    assert!(App::new(dashboard.url()).auth(auth()).start().await.is_err(), "there is no way in without TLS");
    assert!(App::new(&secure).auth(auth()).start().await.is_err(), "nobody vouches for this certificate");
    let page = App::new(&secure).tls(trusting(first.cert.der().clone())).auth(auth()).start().await.unwrap();
    // The program's own sessions are there.
    let live = async {
        loop {
            let snapshot: Value = page.client().call("fleet.snapshot").await.unwrap();
            if snapshot["machines"][0]["sample"].is_object() {
                return;
            }
        }
    };
    timeout(DEADLINE, live).await.expect("the simulated machine");

    // A new certificate is taken while it runs, and nobody is thrown out.
    let second = made();
    write(&second);
    let session = page.client().session().unwrap().id;
    dashboard.signal(Signal::HUP);
    let renewed = async {
        let app = || App::new(&secure).tls(trusting(second.cert.der().clone())).auth(auth());
        while app().start().await.is_err() {}
    };
    timeout(DEADLINE, renewed).await.expect("the new certificate");
    assert_eq!(page.client().session().unwrap().id, session);
}

#[test]
fn a_certificate_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("none.pem");
    let refuse = |arguments: &[&str], named: &str| {
        let mut command = support::dashboard();
        command.args(["--listen", "127.0.0.1:0", "--data"]).arg(folder.path()).args(arguments);
        let (status, errors) = support::wait(command.spawn().unwrap());
        assert!(!status.success() && errors.lines().count() == 1 && errors.contains(named), "{errors}");
    };
    let file = file.to_str().unwrap();
    refuse(&["--tls-certificate", file, "--tls-key", file], "none.pem");
    refuse(&["--tls-certificate", file], "--tls-key");
    refuse(&["--trusted-proxy", "10.0.0.0/99"], "10.0.0.0/99");
    refuse(&["--public-url", "fleet.example"], "https://fleet.example/");
}

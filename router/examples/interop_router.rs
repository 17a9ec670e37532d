//! The router of the interop tests: `interop_router [--any-request-ids] [PING_INTERVAL]`. What their clients exercise
//! needs settings that the program `wamp-router` has no flags for: trust levels, and pings within a second (the interval
//! is in milliseconds; whoever does not answer is let go after five seconds).
//!
//! It says its addresses on its standard output, as `wamp-router` does, and ends with SIGINT.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;
use wamp_proto::{MatchPolicy, Pattern};
use wamp_router::auth::Anonymous;
use wamp_router::history::{History, HistoryRule};
use wamp_router::realm::{Action, Authorizer, Decision, Grant, Member, RealmOptions};
use wamp_router::session::{Applicant, Authenticator, Entrance, Refusal, Verdict};
use wamp_router::{ConnectionSettings, Listener, Paths, RawSocketSettings, Router, WebSocketSettings};

/// Everybody may join; who asks for the authid `operator` also gets the authrole of that name.
#[derive(Debug)]
struct Operators;

impl Authenticator for Operators {
    fn meet(&self, applicant: &Applicant<'_>) -> Result<Verdict, Refusal> {
        let mut verdict = Anonymous.meet(applicant)?;
        if let (Some("operator"), Verdict::Admit(admission)) = (applicant.hello.details.authid.as_deref(), &mut verdict)
        {
            admission.identity.authid = "operator".into();
            admission.identity.authrole = "operator".into();
        }
        Ok(verdict)
    }
}

/// Everybody may do everything; what has to do with `trusted` is told to be trusted.
#[derive(Debug)]
struct Trusting;

impl Authorizer for Trusting {
    fn authorize(&self, _: &Member, _: Action, uri: &str) -> Decision {
        Decision::Allow(Grant { trust_level: uri.ends_with(".trusted").then_some(3), ..Grant::default() })
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let remembered = Pattern::parse(MatchPolicy::Wildcard, "interop..history")?;
    let realm = RealmOptions {
        authenticator: Arc::new(Operators),
        authorizer: Arc::new(Trusting),
        history: Some(History::in_memory([HistoryRule::new(remembered)])),
        ..RealmOptions::default()
    };
    let mut connections = ConnectionSettings { ping_timeout: Duration::from_secs(5), ..ConnectionSettings::default() };
    let mut sequential_request_ids = true;
    for argument in std::env::args().skip(1) {
        if argument == "--any-request-ids" {
            sequential_request_ids = false;
        } else {
            connections.rawsocket_pings = true;
            connections.ping_interval = Duration::from_millis(argument.parse().context("no milliseconds")?);
        }
    }
    let router = Router::builder().realm_with("realm1", realm).build();
    let websocket = TcpListener::bind("127.0.0.1:0").await.context("no address for WebSocket")?;
    let rawsocket = TcpListener::bind("127.0.0.1:0").await.context("no address for RawSocket")?;
    let rawsocket_address = rawsocket.local_addr()?;
    let entrance = |transport| Arc::new(Entrance::new(transport, sequential_request_ids));
    let settings = WebSocketSettings { entrance: entrance("websocket"), connections, ..WebSocketSettings::default() };
    let server = router.serve(websocket, Paths::simple(settings, axum::Router::new()));
    let settings = RawSocketSettings { entrance: entrance("rawsocket"), connections, ..RawSocketSettings::default() };
    server.listen(Listener::new(rawsocket, settings));
    println!("ws://{}/ws", server.local_addr());
    println!("rs://{rawsocket_address}");
    tokio::signal::ctrl_c().await.context("cannot catch SIGINT")?;
    server.shutdown().await;
    Ok(())
}

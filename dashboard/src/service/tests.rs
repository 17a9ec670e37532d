//! The service at the end of its session.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::time::timeout;
use wamp_client::{App, State};
use wamp_router::Router;

use super::*;
use crate::settings::Name;

const DEADLINE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn news_that_come_too_late_for_a_session_wait_for_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let (store, records) = Store::open(folder.path()).unwrap();
    let fleet = Arc::new(FleetService::new(store, records));
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = Router::builder().realm("realm1").build().serve(socket, axum::Router::new());
    let app = App::new(format!("ws://{}/ws", server.local_addr()));
    let program = mount(app, Arc::clone(&fleet)).start().await.unwrap();
    let client = program.client().clone();
    program.stop().await.unwrap();

    let id = MachineId::parse("web").unwrap();
    fleet.update(|fleet, now| fleet.configured(now, Settings::new(id.clone(), String::new(), Name::default())));
    let telling = telling::tell(client, State(Arc::clone(&fleet)));
    timeout(DEADLINE, telling).await.expect("it gives up");
    let news = timeout(DEADLINE, fleet.next_news()).await.expect("nothing is lost");
    assert!(matches!(&news, News::Machine(status) if status.id == id), "{news:?}");
}

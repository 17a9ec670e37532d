//! The clock of a realm: it has none itself.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::Notify;

use crate::realm::Realm;
use crate::worker;

/// Ticks the realm whenever something is due.
pub(super) async fn run(realm: Arc<Realm>) {
    let sooner = Arc::new(Notify::new());
    let alarm = sooner.clone();
    realm.set_alarm(move || alarm.notify_one());
    loop {
        match realm.next_deadline() {
            None => sooner.notified().await,
            Some(deadline) => {
                let due = tokio::time::sleep_until(deadline.into());
                tokio::select! {
                    () = due => worker::with_burst(|burst| realm.tick(Instant::now(), burst)),
                    () = sooner.notified() => {}
                }
            }
        }
    }
}

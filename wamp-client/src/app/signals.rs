//! What ends a program from outside.

/// Ctrl-C and SIGTERM.
///
/// They are listened to as long as this lives, so that none is missed between two of them. (What they did by default is
/// gone for good: ending the process.)
#[derive(Debug)]
pub(super) struct Signals {
    #[cfg(unix)]
    unix: [Option<tokio::signal::unix::Signal>; 2],
}

#[cfg(unix)]
impl Signals {
    pub(super) fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind, name| {
            signal(kind).map_err(|error| tracing::warn!(%error, signal = name, "signal can't be listened to")).ok()
        };
        Self { unix: [listen(SignalKind::interrupt(), "SIGINT"), listen(SignalKind::terminate(), "SIGTERM")] }
    }

    /// Waits for the next one. Cancel safe.
    pub(super) async fn next(&mut self) {
        async fn next(signal: &mut Option<tokio::signal::unix::Signal>) {
            match signal {
                Some(signal) => drop(signal.recv().await),
                None => std::future::pending().await,
            }
        }
        let [interrupt, terminate] = &mut self.unix;
        tokio::select! {
            () = next(interrupt) => {}
            () = next(terminate) => {}
        }
    }
}

#[cfg(not(unix))]
impl Signals {
    pub(super) fn listen() -> Self {
        Self {}
    }

    /// Waits for the next one. Cancel safe.
    pub(super) async fn next(&mut self) {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::warn!(%error, "Ctrl-C can't be listened to");
            std::future::pending::<()>().await;
        }
    }
}

//! The agent as a WAMP program: sessions, calls and events.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use tokio::{
    net::{UdpSocket, lookup_host},
    sync::watch,
};
use tracing::debug;
use wamp_client::{App, Client, Error, SessionId, SessionInfo};

use crate::{
    MachineId, Sample, Settings,
    sampler::Link,
    uplink::{Introduction, NoSettings, Uplink},
};

/// The topic of all samples.
const SAMPLES: &str = "clientstats";
/// The procedure that answers a machine's settings.
const GET_SETTINGS: &str = "fleet.config.get";
/// The topic on which changed settings come.
const SETTINGS: &str = "clientconfig.{id}";

/// The fleet service looks into a small database; one that takes longer is as good as not there.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// A sample that waits longer for room in the send buffer is old.
const SEND_TIMEOUT: Duration = Duration::from_secs(5);

/// A session of the agent's [`App`].
#[derive(Clone, Debug)]
pub(crate) struct WampUplink {
    client: Client,
    session: SessionId,
    router: Arc<str>,
}

/// Adds to `app` what an agent does, and answers what its loop follows.
pub(crate) fn attach(app: App, url: &str, id: &MachineId) -> (App, watch::Receiver<Link<WampUplink>>) {
    let (link, followed) = watch::channel(Link { session: None, pushed: None });
    let link = Arc::new(link);
    let router: Arc<str> = authority(url).into();

    let joined = link.clone();
    let on_join = move |client: Client, info: Arc<SessionInfo>| {
        let uplink = WampUplink { client, session: info.id, router: router.clone() };
        joined.send_replace(Link { session: Some((info.id.get(), uplink)), pushed: None });
        async {}
    };
    let left = link.clone();
    let on_leave = move || {
        left.send_replace(Link { session: None, pushed: None });
        async {}
    };
    let on_settings = move |settings: Settings| {
        link.send_modify(|link| link.pushed = Some(settings));
        async {}
    };
    let app = app.param("id", id.as_str()).subscribe(SETTINGS, on_settings).on_join(on_join).on_leave(on_leave);
    (app, followed)
}

impl Uplink for WampUplink {
    async fn address(&self) -> Option<IpAddr> {
        local_address(&self.router).await
    }

    async fn settings(&self, introduction: Introduction<'_>) -> Result<Settings, NoSettings> {
        let Introduction { id, ip, name, facts } = introduction;
        let mut call = self.client.call(GET_SETTINGS).arg(id);
        if let Some(ip) = ip {
            call = call.kwarg("ip", ip);
        }
        call.kwarg("name", name)
            .kwarg("facts", facts)
            .kwarg("session", self.session)
            .timeout(ANSWER_TIMEOUT)
            .await
            .map_err(|error| match error {
                Error::Decode { problem, .. } => NoSettings::Refused(problem),
                other => NoSettings::Absent(other.to_string()),
            })
    }

    async fn publish(&self, sample: &Sample<'_>) {
        if let Err(error) = self.client.publish(SAMPLES).arg(sample).timeout(SEND_TIMEOUT).await {
            debug!(%error, "sample lost");
        }
    }
}

/// The address from which this machine reaches the router at `url`, if there is a way to it.
pub async fn local_address_towards(url: &str) -> Option<IpAddr> {
    local_address(&authority(url)).await
}

/// A UDP socket that is connected sends nothing, but the system chooses the route, and with it the address.
async fn local_address(router: &str) -> Option<IpAddr> {
    for router in lookup_host(router).await.ok()? {
        let anywhere = SocketAddr::new(if router.is_ipv4() { [0; 4].into() } else { [0; 16].into() }, 0);
        let Ok(socket) = UdpSocket::bind(anywhere).await else { continue };
        if socket.connect(router).await.is_ok()
            && let Ok(address) = socket.local_addr()
        {
            return Some(address.ip().to_canonical());
        }
    }
    None
}

/// Host and port of a router's address. What is no address leads nowhere, and the App says why.
fn authority(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or_default();
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let authority = authority.rsplit_once('@').map_or(authority, |(_, authority)| authority);
    let has_port = authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    match (has_port, scheme) {
        (true, _) => authority.to_owned(),
        (false, "wss") => format!("{authority}:443"),
        (false, _) => format!("{authority}:80"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_follows_from_the_scheme_when_it_is_not_there() {
        let pairs = [
            ("ws://localhost:8080/ws", "localhost:8080"),
            ("ws://router/ws", "router:80"),
            ("wss://router.example", "router.example:443"),
            ("wss://me:secret@router?x=1", "router:443"),
            ("ws://[::1]:8080/ws", "[::1]:8080"),
            ("wss://[fe80::1]/ws", "[fe80::1]:443"),
        ];
        for (url, expected) in pairs {
            assert_eq!(authority(url), expected);
        }
    }

    #[tokio::test]
    async fn the_way_to_a_router_on_this_machine_starts_at_its_own_address() {
        let address = local_address_towards("ws://127.0.0.1:8080/ws").await;
        assert_eq!(address, Some(IpAddr::from([127, 0, 0, 1])));
        assert_eq!(local_address_towards("nonsense").await, None);
    }
}

//! What somebody who starts the dashboard is told.

use std::env;
use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

/// The lines for the terminal, once the page is being served.
pub(crate) fn lines(served: SocketAddr) -> String {
    describe(served, reachable_at(), agent_command(env::var_os("CARGO").is_some()))
}

/// What to warn of, if anything.
pub(crate) fn warning(served: SocketAddr) -> Option<String> {
    (!served.ip().is_loopback()).then(|| {
        format!("warning: there is no authentication yet: whoever reaches {served} sees the fleet and can change its settings")
    })
}

/// How an agent is started the same way as this program was: whoever runs it through cargo, which
/// says so in the environment, has the sources, but no agent where the shell looks for one.
fn agent_command(through_cargo: bool) -> &'static str {
    match through_cargo {
        true => "cargo run --release -p wamp-agent --",
        false => "wamp-agent",
    }
}

fn describe(served: SocketAddr, own: Option<IpAddr>, agent: &str) -> String {
    let port = served.port();
    let here = match served.ip() {
        ip if !ip.is_unspecified() => ip,
        _ => own.unwrap_or(Ipv4Addr::LOCALHOST.into()),
    };
    let mut text = format!("The fleet is at http://{}/\n", SocketAddr::new(here, port));
    let there = match (served.ip().is_loopback(), own) {
        (false, _) => SocketAddr::new(here, port).to_string(),
        (true, Some(ip)) => SocketAddr::new(ip, port).to_string(),
        (true, None) => format!("ADDRESS:{port}"),
    };
    let add = format!("{agent} --url ws://{there}/ws");
    if served.ip().is_loopback() {
        let _ = write!(
            text,
            "Only this machine can reach it. To add another one, start this with --listen 0.0.0.0:{port} and run there:\n  {add}\n"
        );
    } else {
        let _ = write!(text, "To add another machine, run there:\n  {add}\n");
    }
    text
}

/// The address from which this machine reaches others, as far as it has one. Nothing is sent:
/// connecting a UDP socket only looks up the route.
fn reachable_at() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    let ip = socket.local_addr().ok()?.ip();
    (!ip.is_loopback() && !ip.is_unspecified()).then_some(ip)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: Option<IpAddr> = Some(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 5)));

    fn told(served: &str, own: Option<IpAddr>) -> String {
        describe(served.parse().unwrap(), own, agent_command(false))
    }

    #[test]
    fn started_through_cargo_it_names_the_command_that_works_in_a_clone() {
        let text = describe("0.0.0.0:80".parse().unwrap(), OWN, agent_command(true));
        let add = "\n  cargo run --release -p wamp-agent -- --url ws://10.0.0.5:80/ws\n";
        assert!(text.contains(add), "{text}");
    }

    #[test]
    fn on_loopback_it_says_how_to_open_it() {
        let text = told("127.0.0.1:8080", OWN);
        assert!(text.contains("http://127.0.0.1:8080/\n"), "{text}");
        assert!(text.contains("--listen 0.0.0.0:8080"), "{text}");
        assert!(text.contains("\n  wamp-agent --url ws://10.0.0.5:8080/ws\n"), "{text}");
        assert!(told("127.0.0.1:8080", None).contains("ws://ADDRESS:8080/ws"));
    }

    #[test]
    fn on_every_address_it_names_one_that_others_can_reach() {
        let text = told("0.0.0.0:80", OWN);
        assert!(text.contains("http://10.0.0.5:80/"), "{text}");
        assert!(text.contains("\n  wamp-agent --url ws://10.0.0.5:80/ws\n"), "{text}");
        assert!(!text.contains("--listen"), "{text}");
    }

    #[test]
    fn an_address_of_its_own_is_named_as_it_is() {
        assert!(told("[fd00::7]:8080", OWN).contains("ws://[fd00::7]:8080/ws"));
    }

    #[test]
    fn only_an_open_door_is_warned_of() {
        assert_eq!(warning("127.0.0.1:8080".parse().unwrap()), None);
        assert_eq!(warning("[::1]:8080".parse().unwrap()), None);
        assert!(warning("0.0.0.0:8080".parse().unwrap()).is_some());
    }
}

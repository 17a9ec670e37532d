//! What somebody who starts the dashboard is told.

use std::env;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

use crate::cli::Options;
use crate::secrets::{Secrets, Told};

/// How the page is reached.
#[derive(Debug, Clone)]
pub(crate) struct Reach {
    /// Its address, with a slash at the end.
    page: String,
    /// The port, if nobody but this machine reaches it.
    only_here: Option<u16>,
}

impl Reach {
    /// How it is reached where it is served here.
    pub(crate) fn of(options: &Options, served: SocketAddr) -> Self {
        match &options.public_url {
            Some(public) => Self { page: public.page().to_owned(), only_here: None },
            None => Self::at(served, options.tls_certificate.is_some(), reachable_at()),
        }
    }

    /// `own` is an address by which other machines reach this one.
    fn at(served: SocketAddr, tls: bool, own: Option<IpAddr>) -> Self {
        let ip = match served.ip() {
            ip if !ip.is_unspecified() => ip,
            _ => own.unwrap_or(Ipv4Addr::LOCALHOST.into()),
        };
        let scheme = if tls { "https" } else { "http" };
        let page = format!("{scheme}://{}/", SocketAddr::new(ip, served.port()));
        Self { page, only_here: served.ip().is_loopback().then_some(served.port()) }
    }

    /// Where agents connect to.
    fn agents(&self) -> String {
        format!("{}ws", self.page.replacen("http", "ws", 1))
    }
}

/// The lines for the terminal, once the page is being served. There are secrets where there is authentication.
pub(crate) fn lines(reach: &Reach, secrets: Option<&Secrets>) -> String {
    describe(reach, secrets, agent_command(env::var_os("CARGO").is_some()))
}

/// What to warn of, if anything.
pub(crate) fn warning(served: SocketAddr, secrets: Option<&Secrets>) -> Option<String> {
    (!served.ip().is_loopback() && secrets.is_none()).then(|| {
        format!(
            "warning: there is no authentication: whoever reaches {served} sees the fleet and can change its settings"
        )
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

fn describe(reach: &Reach, secrets: Option<&Secrets>, agent: &str) -> String {
    let add = format!("{agent} --url {}", reach.agents());
    let how = match (secrets.map(|secrets| &secrets.enrolment), reach.only_here) {
        (Some(Told::New(key)), _) => format!("To add another machine, run there:\n  {add} --enrol {key}"),
        (Some(_), _) => format!("To add another machine, run there, with the enrolment key:\n  {add} --enrol KEY"),
        (None, None) => format!("To add another machine, run there:\n  {add}"),
        (None, Some(port)) => {
            format!("Only this machine can reach it. To add another one, start this with --listen 0.0.0.0:{port}.")
        }
    };
    let remember = secrets.map_or("", remember);
    format!("The fleet is at {}{}\n{how}\n{remember}", reach.page, fragment(secrets))
}

/// What goes behind the page's address so that it opens at once. Browsers send no server what is behind a `#`.
fn fragment(secrets: Option<&Secrets>) -> String {
    match secrets.map(|secrets| &secrets.admin) {
        Some(Told::New(token)) => format!("#token={token}"),
        _ => String::new(),
    }
}

/// What becomes of the secrets.
fn remember(secrets: &Secrets) -> &'static str {
    match (&secrets.admin, &secrets.enrolment) {
        (Told::New(_), Told::New(_)) => {
            "Keep the token and the key: they are shown this once. --new-admin-token and --new-enrolment-key replace them.\n"
        }
        (Told::New(_), _) => "Keep the token: it is shown this once. --new-admin-token replaces it.\n",
        (_, Told::New(_)) => "Keep the key: it is shown this once. --new-enrolment-key replaces it.\n",
        (Told::Given, Told::Given) => "",
        _ => "Lost the token or the key? --new-admin-token and --new-enrolment-key replace them.\n",
    }
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
        describe(&Reach::at(served.parse().unwrap(), false, own), None, agent_command(false))
    }

    fn told_with(served: &str, admin: Told, enrolment: Told) -> String {
        let secrets = Secrets { admin, enrolment };
        describe(&Reach::at(served.parse().unwrap(), false, OWN), Some(&secrets), agent_command(false))
    }

    fn new(text: &str) -> Told {
        Told::New(text.to_owned())
    }

    #[test]
    fn started_through_cargo_it_names_the_command_that_works_in_a_clone() {
        let text = describe(&Reach::at("0.0.0.0:80".parse().unwrap(), false, OWN), None, agent_command(true));
        let add = "\n  cargo run --release -p wamp-agent -- --url ws://10.0.0.5:80/ws\n";
        assert!(text.contains(add), "{text}");
    }

    #[test]
    fn on_loopback_it_says_how_to_open_it() {
        let text = told("127.0.0.1:8080", OWN);
        assert!(text.contains("http://127.0.0.1:8080/\n"), "{text}");
        assert!(text.contains("--listen 0.0.0.0:8080"), "{text}");
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
    fn with_tls_pages_and_agents_speak_it() {
        let reach = Reach::at("0.0.0.0:443".parse().unwrap(), true, OWN);
        assert_eq!((&*reach.page, &*reach.agents()), ("https://10.0.0.5:443/", "wss://10.0.0.5:443/ws"));
    }

    #[test]
    fn new_secrets_are_in_the_lines_that_need_them_and_nowhere_else() {
        let text = told_with("0.0.0.0:8080", new("admin-1"), new("enrol-2"));
        assert!(text.starts_with("The fleet is at http://10.0.0.5:8080/#token=admin-1\n"), "{text}");
        assert!(text.contains("\n  wamp-agent --url ws://10.0.0.5:8080/ws --enrol enrol-2\n"), "{text}");
        assert!(text.contains("shown this once"), "{text}");
        for secret in ["admin-1", "enrol-2"] {
            assert_eq!(text.matches(secret).count(), 1, "{text}");
        }
    }

    #[test]
    fn kept_secrets_are_not_known_but_can_be_replaced() {
        let text = told_with("0.0.0.0:8080", Told::Kept, Told::Kept);
        assert!(text.starts_with("The fleet is at http://10.0.0.5:8080/\n"), "{text}");
        assert!(text.contains("\n  wamp-agent --url ws://10.0.0.5:8080/ws --enrol KEY\n"), "{text}");
        assert!(text.contains("--new-admin-token and --new-enrolment-key"), "{text}");
        assert!(!told_with("0.0.0.0:8080", Told::Given, Told::Given).contains("--new"));
    }

    #[test]
    fn only_an_open_door_is_warned_of() {
        let secrets = Secrets { admin: Told::Kept, enrolment: Told::Kept };
        assert_eq!(warning("127.0.0.1:8080".parse().unwrap(), None), None);
        assert_eq!(warning("[::1]:8080".parse().unwrap(), None), None);
        assert_eq!(warning("0.0.0.0:8080".parse().unwrap(), Some(&secrets)), None);
        assert!(warning("0.0.0.0:8080".parse().unwrap(), None).is_some());
    }
}

//! What went wrong, what would be right, and the exit code.

use std::io::{self, Write};
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use wamp_client::{Error, ErrorKind, Value, WampError, uris};

use crate::render::{self, object};
use crate::target::Target;

/// Why a command ended early.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line, a file or standard input is not as it should be.
    Usage(String),
    /// There was no session to begin with.
    NoSession(Error),
    /// A request failed.
    Request(Error),
    /// A system call failed; with what it was for.
    Io(String, io::Error),
    /// Anything else.
    Other(String),
    /// A signal came before it was done.
    Interrupted(i32),
    /// Nobody reads the output any more, which is no failure.
    NobodyReads,
}

impl Failure {
    pub(crate) fn io(what: impl Into<String>, error: io::Error) -> Self {
        Self::Io(what.into(), error)
    }

    /// Ends the program: reports the failure, if it is one, and gives its exit code.
    pub(crate) fn end(done: Result<(), Self>, target: Option<&Target>, json: bool) -> ExitCode {
        let Err(failure) = done else { return ExitCode::SUCCESS };
        let code = failure.code();
        if let Some(report) = failure.report(target) {
            report.print(json);
        }
        ExitCode::from(code)
    }

    fn code(&self) -> u8 {
        match self {
            Self::NobodyReads => 0,
            Self::Usage(_) => 2,
            Self::Interrupted(signal) => 128 + u8::try_from(*signal).unwrap_or_default(),
            // That nothing came of the connection in time is no connection.
            Self::NoSession(error) if error.kind() == ErrorKind::Timeout => 3,
            Self::NoSession(error) | Self::Request(error) => match error.kind() {
                ErrorKind::Connect | ErrorKind::NotJoined | ErrorKind::Lost | ErrorKind::Stopped => 3,
                ErrorKind::Timeout => 124,
                ErrorKind::Setup => 2,
                _ => 1,
            },
            Self::Io(..) | Self::Other(_) => 1,
        }
    }

    fn report(&self, target: Option<&Target>) -> Option<Report> {
        let (message, hint, wamp) = match self {
            Self::NobodyReads | Self::Interrupted(_) => return None,
            Self::Usage(problem) => (problem.clone(), None, None),
            Self::Io(what, error) => (format!("{what}: {error}"), None, None),
            Self::Other(problem) => (problem.clone(), None, None),
            Self::NoSession(error) | Self::Request(error) => {
                (describe(error), hint(error, target), error.wamp().cloned().or_else(|| refusal(error)))
            }
        };
        Some(Report { message, hint, wamp })
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Request(error)
    }
}

/// What happens to the output.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::NobodyReads,
            _ => Self::io("cannot write to standard output", error),
        }
    }
}

/// The error's message with its causes, less what the hint says.
fn describe(error: &Error) -> String {
    match error {
        Error::Connect { url, source } => format!("no connection to {url}: {source}"),
        Error::Wamp(wamp) => wamp.to_string(),
        other => format!("{other:?}"),
    }
}

/// The refusal of a session, as the error it is.
fn refusal(error: &Error) -> Option<WampError> {
    match error {
        Error::Refused { reason, message, .. } if message.is_empty() => Some(WampError::new(reason.clone())),
        Error::Refused { reason, message, .. } => Some(WampError::new(reason.clone()).arg(message)),
        _ => None,
    }
}

/// What would be right.
fn hint(error: &Error, target: Option<&Target>) -> Option<String> {
    let origin = |of: fn(&Target) -> String| target.map(of).unwrap_or_default();
    let hint = match error {
        Error::Connect { .. } => {
            let from = origin(|target| target.url.origin.to_string());
            format!(
                "the address is {from}. Is a router running there? `wamp-router` starts one; --url, WAMP_URL or a \
                 profile names another"
            )
        }
        Error::Handshake { .. } => {
            let from = origin(|target| target.url.origin.to_string());
            format!("the address is {from}; its path is most often /ws, and --serializer json is what every router has")
        }
        Error::InvalidUrl { .. } => format!("the address is {}", origin(|target| target.url.origin.to_string())),
        Error::Refused { reason, .. } if reason == uris::NO_SUCH_REALM => {
            let from = origin(|target| target.realm.origin.to_string());
            format!("the realm is {from}; --realm, WAMP_REALM or a profile names another that the router has")
        }
        Error::Timeout { .. } => "--timeout gives it more time".to_owned(),
        Error::Lost { .. } => "whether it took effect is not known".to_owned(),
        Error::Refused { reason, .. } => return hint_for_uri(reason),
        error => return error.wamp_uri().and_then(hint_for_uri),
    };
    Some(hint)
}

fn hint_for_uri(uri: &str) -> Option<String> {
    let hint = match uri {
        uris::NO_SUCH_PROCEDURE => "`wamp procedures` lists what is registered",
        uris::PROCEDURE_ALREADY_EXISTS => {
            "another session has registered it: `wamp procedures` shows what; --invoke roundrobin on both sides \
             shares it, --force takes it over"
        }
        uris::NOT_AUTHORIZED => "the router does not let a session of this role do that",
        uris::AUTHENTICATION_REQUIRED | uris::NO_MATCHING_AUTH_METHOD => {
            "the realm wants to know who joins: --key, or --authid with --auth"
        }
        uris::AUTHENTICATION_DENIED | uris::AUTHENTICATION_FAILED | uris::NO_SUCH_PRINCIPAL => {
            "who joins, or the proof, is wrong: --authid, --key, --auth and the secret"
        }
        uris::INVALID_URI => "a URI is components with single dots between them, like com.example.add",
        uris::NO_SUCH_SESSION => "`wamp sessions` lists who is there",
        _ => return None,
    };
    Some(hint.to_owned())
}

/// What is told about a failure.
#[derive(Debug)]
struct Report {
    message: String,
    hint: Option<String>,
    wamp: Option<WampError>,
}

impl Report {
    fn print(&self, json: bool) {
        let text = if json { self.json() } else { self.text() };
        // Nobody is left to tell that standard error is closed.
        let _ = anstream::stderr().write_all(text.as_bytes());
    }

    fn json(&self) -> String {
        let mut entries = vec![("message", Value::from(self.message.as_str()))];
        if let Some(wamp) = &self.wamp {
            entries.insert(0, ("error", Value::from(wamp.uri())));
            entries.push(("args", Value::List(wamp.args().to_vec())));
            entries.push(("kwargs", Value::Map(wamp.kwargs().to_vec())));
        }
        if let Some(hint) = &self.hint {
            entries.push(("hint", Value::from(hint.as_str())));
        }
        render::json(&object(entries)) + "\n"
    }

    fn text(&self) -> String {
        let error = AnsiColor::Red.on_default().bold();
        let dim = Style::new().dimmed();
        let mut text = format!("{error}error:{error:#} {}\n", render::plain(&self.message));
        if let Some(wamp) = &self.wamp {
            // The first argument is in the message, where it is a text.
            let shown = usize::from(wamp.message().is_some());
            for arg in wamp.args().iter().skip(shown) {
                text.push_str(&format!("       {}\n", render::compact(arg)));
            }
            for (key, value) in wamp.kwargs() {
                text.push_str(&format!("       {}={}\n", render::plain(key), render::compact(value)));
            }
        }
        if let Some(hint) = &self.hint {
            text.push_str(&format!("{dim}hint:{dim:#}  {}\n", render::plain(hint)));
        }
        text
    }
}

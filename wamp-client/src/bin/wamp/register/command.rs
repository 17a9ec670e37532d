//! The command, and how a call becomes its arguments, environment and input.

use std::process::Stdio;
use std::time::Duration;

use tokio::process;
use wamp_client::{Caller, Value, WampError};

use crate::arguments::Arguments;
use crate::failure::Failure;
use crate::render;

/// What the environment may take: systems refuse a command with much more.
const MOST_ENVIRONMENT: usize = 64 << 10;

/// A command that is run for every call.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) words: Vec<String>,
    pub(super) argv: bool,
    pub(super) progress: bool,
    pub(super) string: bool,
    pub(super) stderr: bool,
    pub(super) timeout: Option<Duration>,
}

/// One call.
#[derive(Debug)]
pub(super) struct Invocation {
    pub(super) procedure: String,
    pub(super) caller: Caller,
    pub(super) arguments: Arguments,
}

impl Command {
    /// The program's name.
    pub(super) fn program(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    /// Refuses a program that is not there: the first caller should not be the one who finds out.
    pub(super) fn check(&self) -> Result<(), Failure> {
        let program = self.program();
        let is_there = match program.contains('/') {
            true => std::path::Path::new(program).is_file(),
            false => std::env::var_os("PATH")
                .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).is_file())),
        };
        if is_there { Ok(()) } else { Err(Failure::Usage(format!("there is no program {program:?} to run"))) }
    }

    /// The command with what the call has to say, in a process group of its own, so that all it starts can be ended
    /// with it.
    pub(super) fn prepare(&self, invocation: &Invocation) -> Result<process::Command, WampError> {
        let mut command = process::Command::new(self.program());
        command.args(self.words.iter().skip(1)).process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command.stderr(if self.stderr { Stdio::piped() } else { Stdio::inherit() });
        let args = invocation.arguments.args.iter().map(bare);
        if self.argv {
            for arg in args.clone() {
                if arg.contains('\0') {
                    return Err(WampError::invalid_argument(
                        "an argument of a command can't hold the character U+0000",
                    ));
                }
                command.arg(arg);
            }
        }
        let args = args.enumerate().map(|(position, arg)| (format!("WAMP_ARG_{}", position + 1), arg));
        let kwargs = invocation.arguments.kwargs.iter();
        let kwargs =
            kwargs.filter(|(key, _)| is_name(key)).map(|(key, value)| (format!("WAMP_KWARG_{key}"), bare(value)));
        // What is no text for an environment is on standard input all the same.
        let variables: Vec<_> = args.chain(kwargs).filter(|(_, value)| !value.contains('\0')).collect();
        if variables.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() <= MOST_ENVIRONMENT {
            command.envs(variables);
        }
        command.env("WAMP_PROCEDURE", &invocation.procedure);
        let Caller { session, authid, authrole, .. } = &invocation.caller;
        let disclosed = [
            ("WAMP_CALLER", session.map(|session| session.to_string())),
            ("WAMP_CALLER_AUTHID", authid.clone()),
            ("WAMP_CALLER_AUTHROLE", authrole.clone()),
        ];
        for (name, value) in disclosed {
            match value.filter(|value| !value.contains('\0')) {
                Some(value) => command.env(name, value),
                // That of a command which runs this program is not this caller's.
                None => command.env_remove(name),
            };
        }
        Ok(command)
    }
}

impl Invocation {
    /// What the command gets on standard input.
    pub(super) fn input(&self) -> String {
        render::json(&self.arguments.clone().into_object()) + "\n"
    }
}

/// A text without its quotes, anything else as JSON.
fn bare(value: &Value) -> String {
    match value {
        Value::Str(text) => text.clone(),
        value => render::json(value),
    }
}

/// Whether a key can be part of the name of a variable.
fn is_name(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

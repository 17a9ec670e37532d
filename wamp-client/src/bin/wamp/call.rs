//! `wamp call`.

use clap::Args;
use wamp_client::{Call, CallResult, Client, Part, Value};
use wamp_proto::Uri;

use crate::arguments::{ArgumentFlags, Arguments};
use crate::failure::Failure;
use crate::input;
use crate::output::Output;
use crate::render::{self, ASIDE, object};
use crate::target::Target;

pub(crate) const EXAMPLES: &str = "\
Examples:
  wamp call com.example.add 2 3
  wamp call com.example.greet Ada --kw upper_case=true --raw
  wamp call com.example.copy '[\"a.txt\", \"b.txt\"]' --progress --timeout 5m
  echo '{\"args\": [2], \"kwargs\": {\"to\": 10}}' | wamp call com.example.count -
  wamp call wamp.session.count

A result of one value is printed as that value, no result as nothing (in JSON: null), and any other as
  {\"args\":[…],\"kwargs\":{…}}
With --progress JSON lines are {\"part\":…} for each part, and {\"result\":…} at the end.

From standard input a JSON list is the positional arguments, an object with \"args\" or \"kwargs\" is both, anything \
else is the only argument. Ctrl-C cancels the call.";

/// Call a procedure and print its result
#[derive(Debug, Args)]
pub(crate) struct Flags {
    /// The procedure
    #[arg(value_name = "PROC")]
    procedure: String,

    #[command(flatten)]
    arguments: ArgumentFlags,

    /// Print the parts of the result as they come; --timeout is then the time between two
    #[arg(long)]
    progress: bool,

    /// Print a single text without its quotes
    #[arg(short, long)]
    raw: bool,

    /// Print args and kwargs whatever there are of them
    #[arg(long, conflicts_with = "raw")]
    full: bool,

    /// Let the procedure know who calls
    #[arg(long)]
    disclose_me: bool,
}

pub(crate) async fn run(flags: Flags, target: &Target, mut output: Output) -> Result<(), Failure> {
    Uri::parse(flags.procedure.as_str()).map_err(|error| Failure::Usage(error.to_string()))?;
    let arguments = match flags.arguments.wants_input() {
        true => flags.arguments.read(input::all().await?.trim_end())?,
        false => flags.arguments.given()?,
    };
    target
        .session(async |client| {
            let call = call(&client, &flags, arguments, target);
            if flags.progress {
                print_parts(call, &flags, &mut output).await?;
            } else {
                let result = call.await?;
                print(shape(&result, &flags)?, &flags, &mut output)?;
            }
            Ok(output.flush()?)
        })
        .await
}

fn call(client: &Client, flags: &Flags, arguments: Arguments, target: &Target) -> Call<CallResult> {
    let mut call = client.call_raw(flags.procedure.as_str());
    for arg in &arguments.args {
        call = call.arg(arg);
    }
    for (key, value) in &arguments.kwargs {
        call = call.kwarg(key, value);
    }
    if let Some(timeout) = target.timeout {
        call = call.timeout(timeout);
    }
    if flags.disclose_me { call.disclose_me() } else { call }
}

async fn print_parts(call: Call<CallResult>, flags: &Flags, output: &mut Output) -> Result<(), Failure> {
    let mut parts = call.progressive_raw();
    while let Some(part) = parts.next().await {
        let (name, result) = match part? {
            Part::Progress(part) => ("part", part),
            Part::Result(result) => ("result", result),
        };
        let value = shape(&result, flags)?;
        if output.for_people() && name == "part" && !flags.raw {
            let text = render::compact(&value);
            output.line(format_args!("{ASIDE}…{ASIDE:#} {text}"))?;
        } else if output.for_people() || flags.raw {
            print(value, flags, output)?;
        } else {
            output.json(&object([(name, value)]))?;
        }
        output.flush()?;
    }
    Ok(())
}

fn print(value: Value, flags: &Flags, output: &mut Output) -> Result<(), Failure> {
    match value {
        // A procedure that returns nothing has nothing to show.
        Value::Null if output.for_people() || flags.raw => {}
        value if flags.raw => output.bare(&value)?,
        value => output.value(&value)?,
    }
    Ok(())
}

fn shape(result: &CallResult, flags: &Flags) -> Result<Value, Failure> {
    let arguments = Arguments::of_result(result)?;
    Ok(if flags.full { arguments.into_object() } else { arguments.into_value() })
}

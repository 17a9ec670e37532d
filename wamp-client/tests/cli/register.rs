//! `wamp register`.

use std::path::Path;

use rustix::process::{Pid, Signal, test_kill_process_group};
use tokio::io::AsyncReadExt;
use wamp_client::{Client, Error, Part, Value, WampError, uris};

use crate::support::{World, within};

/// Calls a procedure, and gives what went wrong.
async fn failure(client: &Client, procedure: &str) -> WampError {
    let error = within(client.call::<()>(procedure)).await.unwrap_err();
    error.wamp().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_gets_the_arguments_in_three_ways() {
    let mut world = World::new().await;
    let _input = world.callee(&["register", "com.example.input", "--", "cat"]).await;
    let script = "echo \"$WAMP_PROCEDURE $WAMP_ARG_1 $WAMP_ARG_2 $WAMP_KWARG_unit$WAMP_CALLER\"";
    let _variables = world.callee(&["register", "com.example.env", "--", "sh", "-c", script]).await;
    let _words = world.callee(&["register", "com.example.argv", "--argv", "--", "printf", "%s|", "own"]).await;
    let call = |procedure: &str| world.client.call::<Value>(procedure).arg("a b").arg([1]).kwarg("unit", "s");
    let input = within(call("com.example.input")).await.unwrap();
    assert_eq!(input.get("args"), Some(&Value::List(vec![Value::from("a b"), Value::List(vec![Value::Uint(1)])])));
    assert_eq!(input.get("kwargs").and_then(|kwargs| kwargs.get("unit")), Some(&Value::from("s")));
    let variables = within(call("com.example.env")).await.unwrap();
    assert_eq!(variables, Value::from("com.example.env a b [1] s"));
    let words = within(call("com.example.argv")).await.unwrap();
    assert_eq!(words, Value::from("own|a b|[1]|"));
    // No shell looks at what a caller sends.
    let hostile = "$(touch /tmp/x); `id` \"'";
    let words = within(world.client.call::<String>("com.example.argv").arg(hostile)).await.unwrap();
    assert_eq!(words, format!("own|{hostile}|"));
    let error = within(world.client.call::<String>("com.example.argv").arg("a\0b")).await.unwrap_err();
    assert_eq!(error.wamp_uri(), Some(uris::INVALID_ARGUMENT));
    // What is too large for an environment is on standard input all the same.
    let large = "x".repeat(300_000);
    let input = within(world.client.call::<Value>("com.example.input").arg(&large)).await.unwrap();
    assert_eq!(input.get("args"), Some(&Value::List(vec![Value::from(large)])));
}

#[tokio::test(flavor = "multi_thread")]
async fn output_is_json_or_text() {
    let mut world = World::new().await;
    for (procedure, flags, script) in [
        ("com.json", None, "echo '{\"a\": [1]}'"),
        ("com.text", None, "echo hello"),
        ("com.string", Some("--string"), "echo 5"),
        ("com.nothing", None, "true"),
    ] {
        let mut arguments = vec!["register", procedure];
        arguments.extend(flags);
        arguments.extend(["--", "sh", "-c", script]);
        let _callee = world.callee(&arguments).await;
        let result = within(world.client.call::<Option<Value>>(procedure)).await.unwrap();
        let list = Value::Map(vec![("a".to_owned(), Value::List(vec![Value::Uint(1)]))]);
        let expected = match procedure {
            "com.json" => Some(list),
            "com.text" => Some(Value::from("hello")),
            "com.string" => Some(Value::from("5")),
            _ => None,
        };
        assert_eq!(result, expected, "{procedure}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_fails_is_an_error() {
    let mut world = World::new().await;
    let script = "echo half; echo why >&2; exit 3";
    let _quiet = world.callee(&["register", "com.example.fail", "--", "sh", "-c", script]).await;
    let _open = world.callee(&["register", "com.example.tell", "--stderr", "--", "sh", "-c", script]).await;
    let error = failure(&world.client, "com.example.fail").await;
    assert_eq!((error.uri(), error.kwarg_as::<i32>("exit_code")), (uris::RUNTIME_ERROR, Some(3)));
    assert_eq!((error.message(), error.kwarg_as::<String>("stderr")), (Some("sh failed: exit status: 3"), None));
    let error = failure(&world.client, "com.example.tell").await;
    assert_eq!(error.kwarg_as::<String>("stderr").as_deref(), Some("why"));

    let endless = ["register", "com.example.endless", "--", "sh", "-c", "cat /dev/zero | tr '\\0' x"];
    let _endless = world.callee(&endless).await;
    let error = failure(&world.client, "com.example.endless").await;
    assert_eq!(error.uri(), uris::PAYLOAD_SIZE_EXCEEDED);
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_are_parts_as_soon_as_they_are_written() {
    let mut world = World::new().await;
    let folder = tempfile::tempdir().unwrap();
    let gate = pipe(&folder.path().join("gate"));
    // It goes on when somebody writes into the pipe, and that is after the first part was received.
    let script = format!("echo 1; read line < {gate}; echo $line");
    let _callee = world.callee(&["register", "com.example.lines", "--progress", "--", "sh", "-c", &script]).await;
    let mut parts = world.client.call::<Option<Value>>("com.example.lines").progressive::<Value>();
    assert_eq!(within(parts.next()).await.unwrap().unwrap(), Part::Progress(Value::Uint(1)));
    tokio::fs::write(&gate, "two\n").await.unwrap();
    assert_eq!(within(parts.next()).await.unwrap().unwrap(), Part::Progress(Value::from("two")));
    assert_eq!(within(parts.next()).await.unwrap().unwrap(), Part::Result(None));

    let all = ["register", "com.example.all", "--progress", "--", "printf", "1\\ntwo\\n"];
    let _callee = world.callee(&all).await;
    let all: Vec<Value> = within(world.client.call("com.example.all")).await.unwrap();
    assert_eq!(all, [Value::Uint(1), Value::from("two")]);
}

fn pipe(path: &Path) -> String {
    assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
    path.to_str().unwrap().to_owned()
}

/// A command that starts another one in the background, tells its process group, and never ends. It is gone when
/// nobody holds the pipe it writes to any more: neither it nor what it has started.
struct Endless {
    script: String,
    pipe: String,
    _folder: tempfile::TempDir,
}

impl Endless {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let pipe = pipe(&folder.path().join("life"));
        // That one does not end when it is asked to.
        let stubborn = "(trap '' TERM; while :; do sleep 1000 & wait; done)";
        let script = format!("exec 9>{pipe}; echo $$ >&9; {stubborn} & sleep 1000");
        Self { script, pipe, _folder: folder }
    }

    /// Waits until it runs.
    async fn started(&self) -> (Pid, tokio::fs::File) {
        let mut life = within(tokio::fs::File::open(&self.pipe)).await.unwrap();
        let mut line = Vec::new();
        while line.last() != Some(&b'\n') {
            line.push(within(life.read_u8()).await.unwrap());
        }
        let group = String::from_utf8(line).unwrap().trim().parse().unwrap();
        (Pid::from_raw(group).unwrap(), life)
    }
}

async fn gone((group, mut life): (Pid, tokio::fs::File)) {
    let mut rest = Vec::new();
    within(life.read_to_end(&mut rest)).await.unwrap();
    // Whoever closed the pipe last may not be gone from the system's books yet.
    within(async {
        while test_kill_process_group(group).is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canceled_call_ends_the_command_and_all_it_has_started() {
    let mut world = World::new().await;
    let endless = Endless::new();
    let _callee = world.callee(&["register", "com.example.endless", "--", "sh", "-c", &endless.script]).await;
    let client = world.client.clone();
    let call = tokio::spawn(async move { client.call::<()>("com.example.endless").await });
    let life = endless.started().await;
    call.abort();
    gone(life).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_takes_too_long_is_ended() {
    let mut world = World::new().await;
    let endless = Endless::new();
    let limited = ["register", "com.example.endless", "--timeout", "300ms", "--", "sh", "-c", &endless.script];
    let _callee = world.callee(&limited).await;
    let client = world.client.clone();
    let call = tokio::spawn(async move { client.call::<()>("com.example.endless").await });
    let life = endless.started().await;
    let error = within(call).await.unwrap().unwrap_err();
    assert_eq!(error.wamp_uri(), Some(uris::TIMEOUT), "{error}");
    assert!(error.to_string().contains("sh took longer than 300ms"), "{error}");
    gone(life).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_the_callee_and_its_commands() {
    let mut world = World::new().await;
    let endless = Endless::new();
    let callee = world.callee(&["register", "com.example.endless", "--", "sh", "-c", &endless.script]).await;
    let client = world.client.clone();
    let call = tokio::spawn(async move { client.call::<()>("com.example.endless").await });
    let life = endless.started().await;
    callee.signal(Signal::INT);
    let error = within(call).await.unwrap().unwrap_err();
    assert_eq!(error.wamp_uri(), Some(uris::CANCELED), "{error}");
    let ended = callee.ended().await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    gone(life).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_beyond_the_limit_are_refused() {
    let mut world = World::new().await;
    let endless = Endless::new();
    let limited = ["register", "com.example.one", "--concurrency", "1", "--", "sh", "-c", &endless.script];
    let _callee = world.callee(&limited).await;
    let client = world.client.clone();
    let first = tokio::spawn(async move { client.call::<()>("com.example.one").await });
    let life = endless.started().await;
    let error = within(world.client.call::<()>("com.example.one")).await.unwrap_err();
    assert!(matches!(error, Error::Wamp(_)), "{error}");
    assert_eq!(error.wamp_uri(), Some(uris::NO_AVAILABLE_CALLEE));
    first.abort();
    gone(life).await;
}

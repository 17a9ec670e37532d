//! A router in the process, the program beside it, and someone in the realm who sees what it does.

use std::process::{Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::mpsc;
use tokio::time::timeout;
use wamp_client::{App, Client, MatchPolicy, Running, SessionId};
use wamp_proto::Pattern;
use wamp_router::history::{History, HistoryRule};
use wamp_router::realm::{AllowAll, Authorizer, OwnSessionOnly, RealmOptions};
use wamp_router::{Listener, RawSocketSettings, Router, Server};

const DEADLINE: Duration = Duration::from_secs(60);

pub(crate) async fn within<T>(event: impl IntoFuture<Output = T>) -> T {
    timeout(DEADLINE, event).await.expect("it happens before the deadline")
}

/// A router with someone in it who is told what others do.
pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) client: Client,
    _running: Running,
    subscribed: mpsc::UnboundedReceiver<()>,
    registered: mpsc::UnboundedReceiver<()>,
    left: mpsc::UnboundedReceiver<()>,
}

impl World {
    /// Whoever joins may end the sessions of others; events of `com.log.…` are kept.
    pub(crate) async fn new() -> Self {
        Self::of(Arc::new(AllowAll), "127.0.0.1:0").await
    }

    /// Nobody may end the sessions of others.
    pub(crate) async fn strict() -> Self {
        Self::of(Arc::new(OwnSessionOnly::default()), "127.0.0.1:0").await
    }

    async fn of(authorizer: Arc<dyn Authorizer>, address: &str) -> Self {
        let server = serve(authorizer, address).await;
        let app = App::new(format!("ws://{}/ws", server.local_addr()));
        let running = within(app.start()).await.unwrap();
        let client = running.client().clone();
        let subscribed = told(&client, "wamp.subscription.on_subscribe").await;
        let registered = told(&client, "wamp.registration.on_register").await;
        let left = told(&client, "wamp.session.on_leave").await;
        Self { server, client, _running: running, subscribed, registered, left }
    }

    /// Another router takes the place of this one, which ends.
    pub(crate) async fn restart(mut self) -> Self {
        let address = self.server.local_addr();
        within(self.server.shutdown()).await;
        self.server = serve(Arc::new(AllowAll), &address.to_string()).await;
        self
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://{}/ws", self.server.local_addr())
    }

    /// The program with these arguments, in an environment that is always the same.
    pub(crate) fn wamp(&self, arguments: &[&str]) -> Command {
        let mut command = wamp(arguments);
        command.env("WAMP_URL", self.url());
        command
    }

    /// Runs it to its end.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Ended {
        ended(self.wamp(arguments)).await
    }

    /// Runs it to its end, which has to be a good one, and gives its output.
    pub(crate) async fn output(&self, arguments: &[&str]) -> String {
        self.run(arguments).await.good()
    }

    /// As [`output`](Self::output), with this on standard input.
    pub(crate) async fn output_of(&self, arguments: &[&str], input: &str) -> String {
        let mut file = tempfile::tempfile().unwrap();
        std::io::Write::write_all(&mut file, input.as_bytes()).unwrap();
        std::io::Seek::rewind(&mut file).unwrap();
        let mut command = self.wamp(arguments);
        command.stdin(file);
        ended(command).await.good()
    }

    /// Starts it, and waits until it has subscribed to one topic.
    pub(crate) async fn subscriber(&mut self, arguments: &[&str]) -> Started {
        let started = Started::new(self.wamp(arguments));
        self.subscribed().await;
        started
    }

    /// Starts it, and waits until it has registered its procedure.
    pub(crate) async fn callee(&mut self, arguments: &[&str]) -> Started {
        let started = Started::new(self.wamp(arguments));
        self.registered().await;
        started
    }

    /// Another address of the router, over RawSocket, and for each connection that was made to it what the program sent.
    pub(crate) async fn recorded(&mut self) -> (String, mpsc::UnboundedReceiver<Vec<u8>>) {
        let router = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let router_address = router.local_addr().unwrap();
        self.server.listen(Listener::new(router, RawSocketSettings::default()));
        let between = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("rs://{}", between.local_addr().unwrap());
        let (sender, sent) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((program, _)) = between.accept().await {
                let router = TcpStream::connect(router_address).await.unwrap();
                let (mut from_program, mut to_program) = program.into_split();
                let (mut from_router, mut to_router) = router.into_split();
                tokio::spawn(async move { tokio::io::copy(&mut from_router, &mut to_program).await });
                let mut sent = Vec::new();
                let mut bytes = [0; 4096];
                while let Ok(read @ 1..) = from_program.read(&mut bytes).await {
                    sent.extend_from_slice(&bytes[..read]);
                    to_router.write_all(&bytes[..read]).await.unwrap();
                }
                // The test may be over.
                let _ = sender.send(sent);
            }
        });
        (url, sent)
    }

    pub(crate) async fn subscribed(&mut self) {
        within(self.subscribed.recv()).await.unwrap();
    }

    pub(crate) async fn registered(&mut self) {
        within(self.registered.recv()).await.unwrap();
    }

    pub(crate) async fn left(&mut self) {
        within(self.left.recv()).await.unwrap();
    }
}

async fn serve(authorizer: Arc<dyn Authorizer>, address: &str) -> Server {
    let listener = TcpListener::bind(address).await.unwrap();
    let kept = Pattern::parse(MatchPolicy::Prefix, "com.log.").unwrap();
    let history = Some(History::in_memory([HistoryRule::new(kept)]));
    let options = RealmOptions { authorizer, history, ..RealmOptions::default() };
    Router::builder().realm_with("realm1", options).build().serve(listener, axum::Router::new())
}

/// What comes on a topic that is about other sessions.
async fn told(client: &Client, topic: &'static str) -> mpsc::UnboundedReceiver<()> {
    let (sender, receiver) = mpsc::unbounded_channel();
    let on_event = move |session: SessionId, client: Client| {
        let is_other = client.session().is_none_or(|own| own.id != session);
        // The test may be over.
        let _ = is_other.then(|| sender.send(()));
        async {}
    };
    client.subscribe(topic, on_event).await.unwrap();
    receiver
}

/// The program, without a router.
pub(crate) fn wamp(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wamp"));
    command.args(arguments).kill_on_drop(true).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for name in ["WAMP_URL", "WAMP_REALM", "WAMP_SERIALIZER", "WAMP_PROFILE", "WAMP_CONFIG", "WAMP_SECRET", "NO_COLOR"]
    {
        command.env_remove(name);
    }
    command.env("XDG_CONFIG_HOME", "/nonexistent");
    command
}

/// Runs a program to its end.
pub(crate) async fn ended(mut command: Command) -> Ended {
    let Output { status, stdout, stderr } = within(command.output()).await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended { code: status.code(), stdout: text(stdout), stderr: text(stderr) }
}

/// How a program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Nothing, if a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// The output of one that ended well, without its last line's end.
    pub(crate) fn good(self) -> String {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""), "{}", self.stdout);
        self.stdout.trim_end().to_owned()
    }

    /// What one complained about that ended with this code, and printed nothing.
    pub(crate) fn failed(self, code: i32) -> String {
        assert_eq!((self.code, self.stdout.as_str()), (Some(code), ""), "{}", self.stderr);
        self.stderr
    }
}

/// A program that runs.
pub(crate) struct Started {
    child: Child,
    lines: tokio::io::Lines<BufReader<ChildStdout>>,
}

impl Started {
    pub(crate) fn new(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// The next line of its output.
    pub(crate) async fn line(&mut self) -> String {
        within(self.lines.next_line()).await.unwrap().expect("there is one more line")
    }

    /// The next line of its output, which is JSON.
    pub(crate) async fn json(&mut self) -> Value {
        serde_json::from_str(&self.line().await).unwrap()
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = self.child.id().unwrap().try_into().unwrap();
        rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    /// Waits for its end, with what is left of its output.
    pub(crate) async fn ended(mut self) -> Ended {
        let mut stdout = String::new();
        while let Some(line) = within(self.lines.next_line()).await.unwrap() {
            stdout.push_str(&line);
            stdout.push('\n');
        }
        let output = within(self.child.wait_with_output()).await.unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        Ended { code: output.status.code(), stdout, stderr }
    }

    /// Nobody reads its output any more.
    pub(crate) fn close_output(self) -> Self {
        let Self { mut child, lines } = self;
        drop(lines);
        // Something in its place that has ended already.
        let mut nothing = std::process::Command::new("true").stdout(Stdio::piped()).spawn().unwrap();
        let stdout = ChildStdout::from_std(nothing.stdout.take().unwrap()).unwrap();
        nothing.wait().unwrap();
        child.stdout = None;
        Self { child, lines: BufReader::new(stdout).lines() }
    }
}

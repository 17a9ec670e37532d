//! Enrolling: the program, towards a router that lets in whoever it knows.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::{Arc, Mutex},
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::{net::TcpListener, sync::mpsc, task::spawn_blocking, time::timeout};
use wamp_client::{App, Auth, Caller, PublicKey, Running, WampError};
use wamp_proto::auth::scram::{Dialect, Kdf, SaltedPassword};
use wamp_router::{
    Router, Server,
    auth::{ScramSecret, Users},
    realm::{Action, Authorizer, Decision, Grant, Member, RealmOptions},
    session::{Applicant, Authenticator, Refusal, Verdict},
};

use crate::support::DEADLINE;

const ENROLMENT_KEY: &str = "enrol-with-this-key";
const SALT: [u8; 8] = *b"saltsalt";

/// Who is let in: whoever has the enrolment key, and the machines that told their keys.
#[derive(Debug, Default)]
struct Known(Mutex<Vec<(String, PublicKey)>>);

impl Authenticator for Known {
    fn meet(&self, applicant: &Applicant<'_>) -> Result<Verdict, Refusal> {
        let kdf = Kdf::checked("pbkdf2", 4096, None).unwrap();
        let salted = SaltedPassword::derive(ENROLMENT_KEY, "c2FsdHNhbHQ=", kdf, Dialect::Standard).unwrap();
        let secret = ScramSecret { salt: SALT.to_vec(), kdf, verifier: salted.verifier() };
        let users = Users::default().scram("enrol", "enrol", secret).ticket("service", "service", "ticket");
        let machines = self.0.lock().unwrap();
        let add = |users: Users, (id, key): &(String, PublicKey)| users.cryptosign(id.as_str(), "agent", *key);
        // Somebody, so that keys are something one can come with.
        let users = add(users, &("nobody".to_owned(), "00".repeat(32).parse().unwrap()));
        machines.iter().fold(users, add).meet(applicant)
    }
}

/// Everybody may do everything, and is named.
#[derive(Debug)]
struct Named;

impl Authorizer for Named {
    fn authorize(&self, _: &Member, _: Action, _: &str) -> Decision {
        Decision::Allow(Grant { disclose: true, ..Grant::default() })
    }
}

/// A router and a service that notes who enrols, and who publishes samples.
struct Guarded {
    url: String,
    _server: Server,
    _service: Running,
    samples: mpsc::UnboundedReceiver<Option<String>>,
}

impl Guarded {
    async fn start() -> Self {
        let known = Arc::new(Known::default());
        let options =
            RealmOptions { authenticator: known.clone(), authorizer: Arc::new(Named), ..RealmOptions::default() };
        let router = Router::builder().realm_with("realm1", options).build();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = router.serve(listener, wamp_router::Paths::simple(Default::default(), Default::default()));
        let url = format!("ws://{}/ws", server.local_addr());
        let (heard, samples) = mpsc::unbounded_channel();
        let enrol = move |id: String, key: String| {
            let mut machines = known.0.lock().unwrap();
            let other = !machines.is_empty();
            machines.push((id, key.parse().unwrap()));
            async move {
                let refusal = || WampError::new("fleet.error.enrolled").arg("there is another machine of this id");
                (!other).then_some(()).ok_or_else(refusal)
            }
        };
        let service = App::new(&url).auth(Auth::ticket("service", "ticket")).register("fleet.enrol", enrol);
        let service = service.subscribe("clientstats", move |publisher: Caller| {
            let _ = heard.send(publisher.authid);
            async {}
        });
        Self { _service: service.start().await.unwrap(), _server: server, samples, url }
    }

    /// Runs the program until a sample of it has come, and says whose it is.
    async fn run(&mut self, state: &Path, more: &[&str], variables: &[(&str, &str)]) -> String {
        let child = agent(&self.url, state, more, variables).spawn().unwrap();
        let sample = timeout(DEADLINE, self.samples.recv()).await.expect("a sample").unwrap();
        kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
        assert!(spawn_blocking(|| child.wait_with_output()).await.unwrap().unwrap().status.success());
        while self.samples.try_recv().is_ok() {}
        sample.unwrap()
    }

    /// Runs the program, which won't go on for long, and gives back what it says.
    async fn refused(&self, state: &Path, more: &[&str], variables: &[(&str, &str)]) -> String {
        let mut command = agent(&self.url, state, more, variables);
        let Output { status, stderr, .. } = spawn_blocking(move || command.output()).await.unwrap().unwrap();
        assert_eq!(status.code(), Some(1));
        String::from_utf8(stderr).unwrap()
    }
}

fn agent(url: &str, state: &Path, more: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wamp-agent"));
    command.args(["--log", "off", "--url", url, "--state"]).arg(state).args(more);
    command.env_remove("WAMP_ENROLMENT_KEY").envs(variables.iter().copied());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A folder for one test, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("wamp-agent-enrol-{test}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_enrols_once_and_is_itself_from_then_on() {
    for variant in ["option", "file", "variable"] {
        let folder = Folder::new(variant);
        let (state, file) = (folder.0.join("id"), folder.0.join("enrolment-key"));
        fs::write(&file, format!("{ENROLMENT_KEY}\n")).unwrap();
        let mut fleet = Guarded::start().await;
        let variables = [("WAMP_ENROLMENT_KEY", ENROLMENT_KEY)];
        let publisher = match variant {
            "option" => fleet.run(&state, &["--enrol", ENROLMENT_KEY], &[]).await,
            "file" => fleet.run(&state, &["--enrol-file", file.to_str().unwrap()], &[]).await,
            _ => fleet.run(&state, &[], &variables).await,
        };
        assert_eq!(format!("{publisher}\n"), fs::read_to_string(&state).unwrap());
        let mode = fs::metadata(folder.0.join("id.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fleet.run(&state, &[], &[]).await, publisher);
        // An enrolment key that was replaced since is not even looked at.
        assert_eq!(fleet.run(&state, &["--enrol", "another"], &[]).await, publisher);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_said_with_what_to_do() {
    let folder = Folder::new("wrong");
    let state = folder.0.join("id");
    let mut fleet = Guarded::start().await;
    let said = fleet.refused(&state, &[], &[]).await;
    assert!(said.contains("wants to know who this machine is: start it with --enrol KEY"), "{said}");
    let said = fleet.refused(&state, &["--enrol", "wrong"], &[]).await;
    assert!(said.contains("does not know this enrolment key") && !said.contains("wrong"), "{said}");
    let said = fleet.refused(&state, &["--enrol-file", "/no/such/file"], &[]).await;
    assert!(said.contains("/no/such/file"), "{said}");

    fleet.run(&state, &["--enrol", ENROLMENT_KEY], &[]).await;
    let other = folder.0.join("other");
    let said = fleet.refused(&other, &["--enrol", ENROLMENT_KEY], &[]).await;
    assert!(said.contains("there is another machine of this id"), "{said}");

    let key = folder.0.join("id.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let said = fleet.refused(&state, &[], &[]).await;
    assert!(said.contains("can be read by others") && said.lines().count() == 1, "{said}");
    // Without its key it is another one.
    fs::remove_file(&key).unwrap();
    let said = fleet.refused(&state, &["--key", folder.0.join("elsewhere").to_str().unwrap()], &[]).await;
    assert!(said.contains("--enrol KEY"), "{said}");
}

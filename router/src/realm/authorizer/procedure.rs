//! A procedure that decides what a role may do: Crossbar.io's dynamic authorizer.

use std::sync::Arc;
use std::time::Duration;

use ahash::AHashMap;
use parking_lot::Mutex;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};
use wamp_proto::Pattern;

use super::{Action, Authorizing, Decision, Grant, Question, Undecided};
use crate::local::{CallError, Reply, Standby};
use crate::realm::Member;

/// How long a procedure may take, unless told otherwise.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);

/// URIs of which the answers are kept, for each role. One that comes when there are as many takes another's place.
const KEPT: usize = 10_000;

/// A role whose sessions may do what a procedure of their realm allows.
#[derive(Debug)]
pub(super) struct AskedRole {
    procedure: Box<str>,
    timeout: Duration,
    caller: Standby,
    answers: Mutex<Answers>,
}

/// What the procedure has answered for good.
#[derive(Debug, Default)]
struct Answers {
    known: AHashMap<Box<str>, Vec<(Action, Option<Grant>)>>,
    /// How often whoever answers has changed: what was asked before is not kept after.
    changes: u64,
}

/// The procedure's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Answer {
    grant: Option<Grant>,
    /// It holds for all sessions of the role, for good.
    cache: bool,
}

impl AskedRole {
    pub(super) fn new(procedure: &str, timeout: Duration) -> Arc<Self> {
        let caller = Standby::new("authorizer", None);
        Arc::new(Self { procedure: procedure.into(), timeout, caller, answers: Mutex::default() })
    }

    /// What is known already.
    pub(super) fn authorize(&self, action: Action, uri: &str) -> Decision {
        let answers = self.answers.lock();
        let mut known = answers.known.get(uri).into_iter().flatten();
        known.find(|(about, _)| *about == action).map_or(Decision::Ask, |(_, answer)| (*answer).into())
    }

    /// What a procedure is has changed; if it is this one, its answers may not hold any more.
    pub(super) fn on_registration(&self, changed: &Pattern) {
        if changed.matches(&self.procedure) {
            let mut answers = self.answers.lock();
            answers.known.clear();
            answers.changes += 1;
        }
    }

    /// Nobody will ask any more.
    pub(super) fn retire(&self) {
        self.caller.leave();
    }

    pub(super) fn ask(self: &Arc<Self>, question: Question) -> Authorizing {
        let Question { realm, member, action, uri, options } = question;
        // Who answers would wait for its own answer. Nobody can stop it from allowing itself everything, anyway.
        if realm.dealer().registration_for(&self.procedure).is_some_and(|registration| registration.has(member.id())) {
            return Box::pin(std::future::ready(Ok(Some(Grant::default()))));
        }
        let details = details(realm.name(), &member);
        let args = to_raw_value(&(&details, &uri, action.name(), options));
        let older_args = to_raw_value(&(&details, &uri, action.name()));
        let session = self.caller.session(&realm);
        let changes = self.answers.lock().changes;
        let role = self.clone();
        Box::pin(async move {
            let [args, older_args] = [args?, older_args?];
            let mut reply = session.call(&role.procedure, Some(&args), None, role.timeout).await;
            if reply.as_ref().is_err_and(wants_fewer_arguments) {
                reply = session.call(&role.procedure, Some(&older_args), None, role.timeout).await;
            }
            let Answer { grant, cache } = role.understand(reply, action)?;
            if cache {
                role.answers.lock().keep(action, uri, grant, changes);
            }
            Ok(grant)
        })
    }

    fn understand(&self, reply: Result<Reply, CallError>, action: Action) -> Result<Answer, Undecided> {
        let reply = reply.map_err(|error| {
            tracing::warn!(procedure = %self.procedure, %error, "the authorizer fails");
            Undecided(format!("the authorizer {} fails with {}", self.procedure, error.uri))
        })?;
        Answer::parse(reply.args.as_deref(), action).ok_or_else(|| {
            tracing::warn!(
                procedure = %self.procedure,
                r#"the authorizer has to answer with true, false, or {{"allow": …, "disclose": …, "cache": …}}"#
            );
            Undecided(format!("the authorizer {} answers with something else than it has to", self.procedure))
        })
    }
}

impl Answers {
    fn keep(&mut self, action: Action, uri: Box<str>, grant: Option<Grant>, changes: u64) {
        if changes != self.changes {
            return;
        }
        if self.known.len() >= KEPT
            && !self.known.contains_key(&uri)
            && let Some(other) = self.known.keys().next().cloned()
        {
            self.known.remove(&other);
        }
        let known = self.known.entry(uri).or_default();
        known.retain(|(about, _)| *about != action);
        known.push((action, grant));
    }
}

impl Answer {
    fn parse(args: Option<&RawValue>, action: Action) -> Option<Self> {
        let args: Vec<Value> = serde_json::from_str(args?.get()).ok()?;
        match args.into_iter().next()? {
            Value::Bool(allow) => Some(Self { grant: allow.then(Grant::default), cache: false }),
            Value::Object(answer) => {
                let known = ["allow", "disclose", "cache", "validate"];
                if !answer.keys().all(|key| known.contains(&key.as_str())) {
                    return None;
                }
                let flag = |key| answer.get(key).map_or(Some(false), Value::as_bool);
                let (allow, disclose, cache) = (answer.get("allow")?.as_bool()?, flag("disclose")?, flag("cache")?);
                // Payloads are not looked into.
                if answer.get("validate").is_some_and(|validate| !validate.is_null()) {
                    return None;
                }
                let disclose = disclose && matches!(action, Action::Publish | Action::Call);
                Some(Self { grant: allow.then_some(Grant { disclose, trust_level: None }), cache })
            }
            _ => None,
        }
    }
}

/// Whether a Python function of the time before 2017 says that it does not take the options.
fn wants_fewer_arguments(error: &CallError) -> bool {
    let said = error.args.as_ref().map(|args| args.get()).unwrap_or_default();
    said.contains("takes ") && (said.contains("positional arguments but") || said.contains("arguments ("))
}

impl From<serde_json::Error> for Undecided {
    fn from(error: serde_json::Error) -> Self {
        Self(error.to_string())
    }
}

/// Who asks, as the procedure is told.
fn details(realm: &str, member: &Member) -> Value {
    let identity = member.identity();
    json!({
        "realm": realm,
        "session": member.id().get(),
        "authid": identity.authid,
        "authrole": identity.authrole,
        "authmethod": identity.authmethod,
        "authprovider": identity.authprovider,
        "transport": {
            "type": member.entrance().transport,
            "protocol": member.outbox.encoding().serializer.subprotocol(),
        },
    })
}

#[cfg(test)]
mod tests {
    use wamp_proto::MatchPolicy;

    use super::*;

    fn parse(args: &str) -> Option<Answer> {
        Answer::parse(Some(&RawValue::from_string(args.to_owned()).unwrap()), Action::Publish)
    }

    #[test]
    fn answers_are_those_of_crossbar() {
        let allowed = |disclose, cache| Some(Answer { grant: Some(Grant { disclose, trust_level: None }), cache });
        assert_eq!(parse("[true]"), allowed(false, false));
        assert_eq!(parse("[false]"), Some(Answer { grant: None, cache: false }));
        assert_eq!(parse(r#"[{"allow":true}]"#), allowed(false, false));
        assert_eq!(parse(r#"[{"allow":true,"disclose":true,"cache":true,"validate":null}]"#), allowed(true, true));
        assert_eq!(parse(r#"[{"allow":false,"cache":true}]"#), Some(Answer { grant: None, cache: true }));
        for garbage in ["[]", "[null]", "[1]", r#"["true"]"#, "[{}]", r#"[{"allow":1}]"#, r#"[{"allow":true,"x":1}]"#] {
            assert_eq!(parse(garbage), None, "{garbage}");
        }
        assert_eq!(parse(r#"[{"allow":true,"validate":{"call":"x"}}]"#), None, "what is not kept is not promised");
        assert_eq!(Answer::parse(None, Action::Call), None);
    }

    #[test]
    fn so_many_answers_are_kept_and_no_more() {
        let role = AskedRole::new("com.authorize", TIMEOUT);
        for number in 0..KEPT + 10 {
            role.answers.lock().keep(Action::Call, format!("com.p{number}").into(), Some(Grant::default()), 0);
        }
        assert_eq!(role.answers.lock().known.len(), KEPT);
        assert_eq!(role.authorize(Action::Call, &format!("com.p{}", KEPT + 9)), Decision::Allow(Grant::default()));
        assert_eq!(role.authorize(Action::Publish, &format!("com.p{}", KEPT + 9)), Decision::Ask);
        role.on_registration(&Pattern::parse(MatchPolicy::Prefix, "com.other").unwrap());
        assert_eq!(role.answers.lock().known.len(), KEPT);
        role.on_registration(&Pattern::parse(MatchPolicy::Prefix, "com.auth").unwrap());
        assert!(role.answers.lock().known.is_empty());
        // An answer from before.
        role.answers.lock().keep(Action::Call, "com.p1".into(), None, 0);
        assert_eq!(role.authorize(Action::Call, "com.p1"), Decision::Ask);
    }
}

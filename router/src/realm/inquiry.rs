//! Requests whose permission has to be asked for, and the answers.

use std::pin::Pin;
use std::sync::Arc;

use serde_json::Value;
use wamp_proto::message::{Call, Publish};
use wamp_proto::{Message, Payload, Serializer, error};

use super::authorizer::{Decision, Question};
use super::{Action, Grant, Member, Realm, Refused};

/// What an authorizer has to be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Inquiry {
    pub(crate) action: Action,
    pub(crate) uri: Box<str>,
}

/// The answer to an [`Inquiry`], some time.
pub(crate) type Answering = Pin<Box<dyn Future<Output = Result<Grant, Refused>> + Send>>;

/// What a session's authorizer has answered about the request under way.
#[derive(Debug, Default)]
pub(crate) struct Answers(Option<Box<Answered>>);

/// One after the other: the last to be asked comes last.
type Answered = Vec<(Inquiry, Result<Grant, Refused>)>;

impl Answers {
    pub(crate) fn add(&mut self, inquiry: Inquiry, answer: Result<Grant, Refused>) {
        self.0.get_or_insert_default().push((inquiry, answer));
    }

    pub(crate) fn clear(&mut self) {
        self.0 = None;
    }

    fn get(&self, action: Action, uri: &str) -> Option<Result<Grant, Refused>> {
        let answers = self.0.iter().flat_map(|answers| answers.iter());
        let mut about = answers.filter(|(inquiry, _)| inquiry.action == action && *inquiry.uri == *uri);
        about.next().map(|(_, answer)| answer.clone())
    }
}

impl Realm {
    /// Whether a session may do something, and on what terms, by what the authorizer says at once or has answered since.
    #[inline]
    pub(crate) fn authorize(&self, member: &Member, action: Action, uri: &str) -> Result<Grant, Refused> {
        match self.decide(member, action, uri) {
            Decision::Allow(grant) => Ok(grant),
            Decision::Deny => Err(not_authorized(member, action, uri)),
            Decision::Ask => answer(member, action, uri),
        }
    }

    /// What the authorizer says at once.
    #[inline]
    pub(super) fn decide(&self, member: &Member, action: Action, uri: &str) -> Decision {
        self.authorizer.with(|authorizer| authorizer.authorize(member, action, uri))
    }

    /// Asks the authorizer about a message.
    pub(crate) fn ask(&self, member: &Arc<Member>, inquiry: &Inquiry, message: &Message<'_>) -> Answering {
        let Inquiry { action, uri } = inquiry.clone();
        let member = member.clone();
        let Some(realm) = self.this.upgrade() else {
            return Box::pin(std::future::ready(Err(Refused::undecided(action, &uri))));
        };
        let question = Question { realm, member: member.clone(), action, uri: uri.clone(), options: options(message) };
        let deciding = self.authorizer.with(|authorizer| authorizer.ask(question));
        Box::pin(async move {
            match deciding.await {
                Ok(Some(grant)) => Ok(grant),
                Ok(None) => Err(not_authorized(&member, action, &uri)),
                Err(undecided) => {
                    let why = format!("it could not be found out who may {} {uri:?}: {undecided}", action.verb());
                    Err(Refused::new(error::AUTHORIZATION_FAILED, why))
                }
            }
        })
    }
}

#[cold]
fn answer(member: &Member, action: Action, uri: &str) -> Result<Grant, Refused> {
    member.answers().get(action, uri).unwrap_or_else(|| Err(Refused::undecided(action, uri)))
}

#[cold]
fn not_authorized(member: &Member, action: Action, uri: &str) -> Refused {
    let authrole = &member.identity().authrole;
    Refused::new(error::NOT_AUTHORIZED, format!("the role {authrole:?} may not {} {uri:?}", action.verb()))
}

/// The options of a request, a dict.
fn options(message: &Message<'_>) -> Value {
    let message = match message.clone() {
        Message::Publish(publish) => Message::Publish(Publish { payload: Payload::EMPTY, ..publish }),
        Message::Call(call) => Message::Call(Call { payload: Payload::EMPTY, ..call }),
        other => other,
    };
    let mut json = Vec::new();
    Serializer::Json.encode(&message, &mut json);
    let elements: Vec<Value> = serde_json::from_slice(&json).unwrap_or_default();
    // Every request is [type, id, options, …].
    elements.into_iter().nth(2).unwrap_or_default()
}

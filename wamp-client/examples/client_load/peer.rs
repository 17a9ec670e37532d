//! What stands in for the router: a thread a connection that answers at once, and does nothing else.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::bail;
use wamp_client::Serializer;
use wamp_proto::message::options::EventDetails;
use wamp_proto::message::{CallResult, Event, Invocation, Published, Registered, Subscribed};
use wamp_proto::{Message, OwnedPayload, PayloadBuilder, PublicationId, RegistrationId, RequestId, SubscriptionId};

use crate::Progress;
use crate::cpu::PEER;
use crate::frames::{Input, Speech};
use crate::works::{Work, name};

const WELCOME: &str = r#"[2, 1, {"roles": {"broker": {"features": {}}, "dealer": {"features":
    {"call_canceling": true, "call_timeout": true, "progressive_call_results": true}}}}]"#;

/// Serves clients from now on.
pub(crate) fn listen(speech: Speech, work: Work, progress: Arc<Progress>) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    spawn(move || {
        for stream in listener.incoming() {
            let progress = Arc::clone(&progress);
            let stream = stream?;
            spawn(move || Connection::new(speech, work, progress).serve(speech.accept(stream)?))?;
        }
        Ok(())
    })?;
    Ok(address)
}

fn spawn(serve: impl FnOnce() -> anyhow::Result<()> + Send + 'static) -> std::io::Result<()> {
    let named = thread::Builder::new().name(PEER.to_owned());
    named.spawn(|| {
        if let Err(error) = serve() {
            eprintln!("peer: {error:#}");
        }
    })?;
    Ok(())
}

struct Connection {
    speech: Speech,
    work: Work,
    progress: Arc<Progress>,
    /// Events or invocations sent so far.
    sent: u64,
    /// The result of every call.
    result: OwnedPayload,
    body: Vec<u8>,
    out: Vec<u8>,
}

fn payload(serializer: Serializer, number: u64) -> anyhow::Result<OwnedPayload> {
    let mut payload = PayloadBuilder::new(serializer);
    payload.arg(&number)?.arg(name())?;
    Ok(payload.finish())
}

impl Connection {
    fn new(speech: Speech, work: Work, progress: Arc<Progress>) -> Self {
        let mut result = PayloadBuilder::new(speech.serializer());
        let result = result.arg(name()).map(|result| result.finish()).unwrap_or_default();
        Self { speech, work, progress, sent: 0, result, body: Vec::new(), out: Vec::new() }
    }

    fn serve(mut self, mut stream: TcpStream) -> anyhow::Result<()> {
        stream.set_nodelay(true)?;
        let mut input = Input::default();
        while input.read(&mut stream, self.speech, |message| self.answer(&message))? {
            if stream.write_all(&self.out).is_err() {
                return Ok(());
            }
            self.out.clear();
            if self.sent > 0 && self.work.has_events() {
                return self.publish(stream);
            }
        }
        Ok(())
    }

    fn send(&mut self, message: impl Into<Message<'static>>) {
        self.speech.append(&message.into(), &mut self.body, &mut self.out);
    }

    fn answer(&mut self, message: &Message<'_>) -> anyhow::Result<()> {
        match message {
            Message::Hello(_) => {
                let welcome = Serializer::Json.decode(WELCOME.as_bytes())?;
                self.speech.append(&welcome, &mut self.body, &mut self.out);
            }
            Message::Subscribe(subscribe) => {
                self.send(Subscribed { request: subscribe.request, subscription: SubscriptionId::known(1) });
                self.event()?;
            }
            Message::Register(register) => {
                self.send(Registered { request: register.request, registration: RegistrationId::known(1) });
                for _ in 0..self.work.in_flight() {
                    self.invoke()?;
                }
            }
            Message::Yield(_) => {
                self.progress.count();
                self.invoke()?;
            }
            Message::Publish(publish) => {
                if publish.options.acknowledge {
                    self.send(Published { request: publish.request, publication: PublicationId::known(1) });
                } else {
                    self.progress.count();
                }
            }
            Message::Call(call) => {
                let (details, payload) = (Default::default(), self.result.as_payload());
                let result = CallResult { request: call.request, details, payload };
                self.speech.append(&result.into(), &mut self.body, &mut self.out);
            }
            Message::Goodbye(_) => {}
            other => bail!("the client sent {}", other.name()),
        }
        Ok(())
    }

    fn invoke(&mut self) -> anyhow::Result<()> {
        let payload = payload(self.speech.serializer(), self.sent)?;
        self.sent += 1;
        let (registration, request) = (RegistrationId::known(1), RequestId::new(self.sent)?);
        let (details, payload) = (Default::default(), payload.as_payload());
        let invocation = Invocation { request, registration, details, payload };
        self.speech.append(&invocation.into(), &mut self.body, &mut self.out);
        Ok(())
    }

    fn event(&mut self) -> anyhow::Result<()> {
        let payload = payload(self.speech.serializer(), self.sent)?;
        self.sent += 1;
        let (subscription, publication) = (SubscriptionId::known(1), PublicationId::new((1 << 40) + self.sent)?);
        let (details, payload) = (EventDetails::default(), payload.as_payload());
        let event = Event { subscription, publication, details, payload };
        self.speech.append(&event.into(), &mut self.body, &mut self.out);
        Ok(())
    }

    /// Keeps as many events under way as the client may be behind.
    fn publish(mut self, mut stream: TcpStream) -> anyhow::Result<()> {
        let window = self.work.in_flight();
        loop {
            let room = window - (self.sent - self.progress.done());
            // Not in driblets, which would measure how many system calls this makes.
            if room == 0 || room < window / 4 {
                thread::sleep(Duration::from_micros(20));
                continue;
            }
            for _ in 0..room {
                self.event()?;
            }
            if stream.write_all(&self.out).is_err() {
                // The client has ended.
                return Ok(());
            }
            self.out.clear();
        }
    }
}

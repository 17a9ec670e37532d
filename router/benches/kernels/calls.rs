//! A call's round trip through the core: CALL in, INVOCATION out, YIELD in, RESULT out.

use wamp_proto::message::{Yield, options::YieldOptions};
use wamp_proto::{Message, OwnedPayload, RequestId, Serializer};
use wamp_router::burst::Burst;

use super::kernel::Kernel;
use super::messages::{TEMPLATES, decode, frame, payload};
use super::world::World;

const REGISTER: &str = r#"[64,1,{},"com.example.device.4711.measure"]"#;

pub(crate) fn kernels() -> Vec<Kernel> {
    let mut kernels = Vec::new();
    for serializer in [Serializer::Json, Serializer::MessagePack] {
        for calls in [1, 16] {
            kernels.push(Kernel::new(format!("{serializer} {calls} in flight"), move || round_trip(serializer, calls)));
        }
    }
    kernels
}

/// Some calls that come at once, and their answers, which come at once too. Encoding the YIELDs, whose numbers count on,
/// is part of what is measured, and a small one.
fn round_trip(serializer: Serializer, calls: usize) -> impl FnMut() {
    let world = World::new();
    let mut callee = world.join(serializer, &[REGISTER]);
    let mut caller = world.join(serializer, &[]);
    let payload = payload(128);
    let call =
        |id: usize| frame(serializer, &TEMPLATES[2].1.replace("7814135", &(7_814_135 + id).to_string()), &payload);
    let calls: Vec<Vec<u8>> = (0..calls).map(call).collect();
    let result = result(serializer, &payload);
    let mut answers = vec![Vec::new(); calls.len()];
    let mut invocation = RequestId::ZERO;
    let mut burst = Burst::new();
    move || {
        caller.receive(calls.iter().map(Vec::as_slice), &mut burst);
        for answer in &mut answers {
            invocation = invocation.next();
            let payload = result.as_payload();
            let message = Message::Yield(Yield { request: invocation, options: YieldOptions::default(), payload });
            answer.clear();
            serializer.encode(&message, answer);
        }
        callee.receive(answers.iter().map(Vec::as_slice), &mut burst);
    }
}

fn result(serializer: Serializer, payload: &str) -> OwnedPayload {
    match decode(serializer, &frame(serializer, TEMPLATES[4].1, payload)) {
        Message::Yield(message) => message.payload.to_owned(),
        other => panic!("{other:?} is no YIELD"),
    }
}

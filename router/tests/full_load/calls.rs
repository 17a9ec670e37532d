//! Calls under way: each is answered once, with its own result.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tokio::task::JoinSet;
use wamp_proto::Serializer;

use crate::peer::Peer;
use crate::world::World;

const CALLS: u64 = 600;
const IN_FLIGHT: u64 = 16;
/// Results of a progressive call before the last one.
const PROGRESS: u64 = 5;
/// Calls the callee answers that goes in the midst of it.
const MORTAL: usize = 100;

/// Begins with callers and callees.
pub(crate) async fn begin(world: &World, tasks: &mut JoinSet<()>) {
    for (number, serializer) in Serializer::ALL.into_iter().enumerate() {
        let mut callee = world.raw(serializer).await;
        callee.ask(json!([64, 1, {}, format!("com.load.procedure{number}")])).await;
        let callee = tokio::spawn(answer(callee, usize::MAX));
        let mut callers = Vec::new();
        for of in [number, number + 1] {
            let caller = world.web("/ws", Serializer::ALL[of % 3]).await;
            callers.push(tokio::spawn(call(caller, of as u64, format!("com.load.procedure{number}"), false)));
        }
        tasks.spawn(async move {
            for caller in callers {
                assert_eq!(caller.await.unwrap(), CALLS);
            }
            callee.abort();
        });
    }
    let mut mortal = world.web("/ws", Serializer::Json).await;
    mortal.ask(json!([64, 1, {}, "com.load.mortal"])).await;
    tasks.spawn(answer(mortal, MORTAL));
    let caller = world.raw(Serializer::MessagePack).await;
    tasks.spawn(async {
        let answered = call(caller, 99, "com.load.mortal".into(), true).await;
        assert!(answered > 0 && answered <= MORTAL as u64, "{answered}");
    });
}

/// Answers so many calls and hangs up.
async fn answer(mut peer: Peer, calls: usize) {
    for _ in 0..calls {
        let invocation = peer.receive().await;
        assert_eq!(invocation[0], 68, "{invocation}");
        let (id, number) = (&invocation[1], &invocation[4]);
        if invocation[3]["receive_progress"] == true {
            for step in 0..PROGRESS {
                peer.send(json!([70, id, {"progress": true}, [number, step]])).await;
            }
        }
        peer.send(json!([70, id, {}, [number, PROGRESS]])).await;
    }
}

/// Makes all calls, some at a time; answers how many had a result. The others had an error, if that may be.
async fn call(mut peer: Peer, caller: u64, procedure: String, may_fail: bool) -> u64 {
    // What each waits for: the number of the next progressive result.
    let mut waiting = BTreeMap::new();
    let (mut next, mut results) = (1, 0);
    while next <= CALLS || !waiting.is_empty() {
        while next <= CALLS && (waiting.len() as u64) < IN_FLIGHT {
            let progress = next % 4 == 0;
            let options = if progress { json!({"receive_progress": true}) } else { json!({}) };
            peer.send(json!([48, next, options, procedure, [caller, next]])).await;
            waiting.insert(next, if progress { 0 } else { PROGRESS });
            next += 1;
        }
        let message = peer.receive().await;
        if message[0] == 8 {
            assert!(may_fail, "{message}");
            let gone = ["wamp.error.canceled", "wamp.error.no_such_procedure"];
            assert!(gone.contains(&message[4].as_str().unwrap()), "{message}");
            assert!(waiting.remove(&message[2].as_u64().unwrap()).is_some(), "answered once: {message}");
            continue;
        }
        assert_eq!(message[0], 50, "{message}");
        let request = message[1].as_u64().unwrap();
        let step = waiting.get_mut(&request).unwrap_or_else(|| panic!("answered once: {message}"));
        assert_eq!(message[3], json!([[caller, request], *step]), "its own result, and the next of them");
        let more: bool = message[2]["progress"] == Value::Bool(true);
        assert_eq!(more, *step < PROGRESS, "{message}");
        *step += 1;
        if !more {
            waiting.remove(&request);
            results += 1;
        }
    }
    // Nothing came twice after the last one either.
    let count = peer.ask(json!([48, next, {}, "wamp.session.count"])).await;
    assert_eq!((&count[0], &count[1]), (&json!(50), &json!(next)), "{count}");
    results
}

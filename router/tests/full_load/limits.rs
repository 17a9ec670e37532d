//! Sessions that run into their limits, and go on where that is what the limit says.

use serde_json::{Value, json};
use tokio::task::JoinSet;
use wamp_proto::Serializer;

use crate::peer::Peer;
use crate::world::{BURST, CALLS, SUBSCRIPTIONS, World};

/// What a session sends that has a rate to keep.
const MESSAGES: u64 = 3 * BURST as u64;

pub(crate) async fn begin(world: &World, tasks: &mut JoinSet<()>) {
    for serializer in Serializer::ALL {
        tasks.spawn(is_made_to_wait(world.raw_in("paced", serializer).await));
        tasks.spawn(is_ended(world.raw_in("strict", serializer).await));
        tasks.spawn(has_so_many_subscriptions(world.raw_in("small", serializer).await));
        let callee = world.raw_in("small", serializer).await;
        tasks.spawn(has_so_many_calls(world.raw_in("small", serializer).await, callee));
    }
}

fn assert_limited(error: &Value, of: u64, request: u64) {
    assert_eq!(
        (&error[0], &error[1], &error[2], &error[4]),
        (&json!(8), &json!(of), &json!(request), &json!("router.error.limit_exceeded")),
        "{error}"
    );
}

/// Too many messages a second: they wait, and none is lost.
async fn is_made_to_wait(mut peer: Peer) {
    for request in 1..=MESSAGES {
        peer.send(json!([16, request, {"acknowledge": true}, "com.load.paced"])).await;
    }
    for request in 1..=MESSAGES {
        let published = peer.receive().await;
        assert_eq!((&published[0], &published[1]), (&json!(17), &json!(request)));
    }
}

/// Too many messages a second: the session is told and ended.
async fn is_ended(mut peer: Peer) {
    let publish = |request| json!([16, request, {"acknowledge": true}, "com.load.strict"]);
    peer.send_at_once((1..=MESSAGES).map(publish)).await;
    let mut published = 0;
    loop {
        let message = peer.receive().await;
        if message[0] == 3 {
            assert_eq!(message[2], "router.error.limit_exceeded");
            break;
        }
        published += 1;
        assert_eq!((&message[0], &message[1]), (&json!(17), &json!(published)));
    }
    assert!(published >= u64::from(BURST) && published < MESSAGES, "{published}");
    assert!(peer.is_over().await);
}

async fn has_so_many_subscriptions(mut peer: Peer) {
    let topic = |number: u64| format!("com.load.small{number}");
    let mut first = Value::Null;
    for request in 1..=SUBSCRIPTIONS {
        let subscribed = peer.ask(json!([32, request, {}, topic(request)])).await;
        assert_eq!(subscribed[0], 33, "{subscribed}");
        if request == 1 {
            first = subscribed[2].clone();
        }
    }
    let request = SUBSCRIPTIONS + 1;
    assert_limited(&peer.ask(json!([32, request, {}, topic(request)])).await, 32, request);
    assert_eq!(peer.ask(json!([34, request + 1, first])).await[0], 35);
    assert_eq!(peer.ask(json!([32, request + 2, {}, topic(request)])).await[0], 33);
}

async fn has_so_many_calls(mut caller: Peer, mut callee: Peer) {
    let procedure = format!("com.load.small{}", callee.session());
    callee.ask(json!([64, 1, {}, procedure])).await;
    for request in 1..=CALLS {
        caller.send(json!([48, request, {}, procedure, [request]])).await;
    }
    let request = CALLS + 1;
    assert_limited(&caller.ask(json!([48, request, {}, procedure])).await, 48, request);
    for request in 1..=CALLS {
        let invocation = callee.receive().await;
        assert_eq!(invocation[4], json!([request]), "in the order of the calls");
        callee.send(json!([70, invocation[1], {}, [request]])).await;
    }
    for request in 1..=CALLS {
        let result = caller.receive().await;
        assert_eq!((&result[0], &result[1], &result[3]), (&json!(50), &json!(request), &json!([request])));
    }
    caller.send(json!([48, request + 1, {}, procedure])).await;
    let invocation = callee.receive().await;
    callee.send(json!([70, invocation[1], {}])).await;
    assert_eq!(caller.receive().await[0], 50);
}

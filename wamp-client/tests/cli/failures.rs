//! What it says when something is wrong, and its exit codes.

use serde_json::Value;

use crate::support::{World, ended, wamp};

#[tokio::test(flavor = "multi_thread")]
async fn a_router_that_is_not_there_is_named_with_where_its_address_comes_from() {
    // A port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("ws://{free}/ws");
    let mut command = wamp(&["call", "com.example.add"]);
    command.env("WAMP_URL", &url);
    let error = ended(command).await.failed(3);
    assert!(error.starts_with(&format!("error: no connection to {url}: Connection refused")), "{error}");
    assert!(error.contains("that of WAMP_URL in the environment") && error.contains("wamp-router"), "{error}");
    let error = ended(wamp(&["call", "com.example.add", "--url", &url, "--json"])).await.failed(3);
    let error: Value = serde_json::from_str(&error).unwrap();
    assert!(error["message"].as_str().unwrap().contains(&url), "{error}");
    assert!(error["hint"].as_str().unwrap().contains("--url"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_router_refuses_is_explained() {
    let world = World::strict().await;
    let error = world.run(&["call", "x", "--realm", "realm2"]).await.failed(1);
    assert!(error.contains("wamp.error.no_such_realm") && error.contains("that of --realm"), "{error}");
    let error = world.run(&["call", "com.example.nobody"]).await.failed(1);
    assert!(error.contains("wamp.error.no_such_procedure") && error.contains("`wamp procedures`"), "{error}");
    let error = world.run(&["register", "wamp.mine", "--", "true"]).await.failed(1);
    assert!(error.contains("wamp.mine") && error.contains("wamp.error."), "{error}");
    let own = world.client.session().unwrap().id.to_string();
    let error = world.run(&["sessions", "kill", &own]).await.failed(1);
    assert!(error.contains("wamp.error.not_authorized"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_address_is_told_from_a_missing_router() {
    let world = World::new().await;
    let error = world.run(&["call", "x", "--url", "localhost"]).await.failed(2);
    assert!(error.contains("\"localhost\" is no router address") && error.contains("ws://"), "{error}");
    let root = format!("ws://{}/", world.server.local_addr());
    let error = world.run(&["call", "x", "--url", &root]).await.failed(3);
    assert!(error.contains("404") && error.contains("/ws"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_usage_is_told_before_anything_is_sent() {
    let world = World::new().await;
    let usage: [(&[&str], &str); 10] = [
        (&["pub", "com.example tick"], "white space"),
        (&["call", "com..add"], "component 2"),
        (&["pub", "com.a", "--kw", "unit"], "KEY=VALUE"),
        (&["pub", "com.a", "--kwargs", "{unit: 1}"], "no JSON object"),
        (&["call", "com.a", "--timeout", "soon"], "500ms"),
        (&["sub", "com.a", "--match", "regex"], "wildcard"),
        (&["sub"], "TOPIC"),
        (&["sub", "com..a"], "component 2"),
        (&["sessions", "show", "me"], "number"),
        (&["register", "com.a", "--", "no-such-program"], "no-such-program"),
    ];
    for (arguments, expected) in usage {
        let error = world.run(arguments).await.failed(2);
        assert!(error.contains(expected), "{arguments:?}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn help_is_there_for_every_command() {
    let help = ended(wamp(&["--help"])).await.good();
    for text in ["Exit codes", "WAMP_URL", "config.toml", "Examples"] {
        assert!(help.contains(text), "{text}: {help}");
    }
    for line in help.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let commands: Vec<_> = commands.filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!((commands.len(), commands.last()), (13, Some(&"help")), "{commands:?}");
    for command in commands.into_iter().filter(|command| *command != "help") {
        let help = ended(wamp(&["help", command])).await.good();
        assert!(help.contains(&format!("wamp {command}")) && help.contains("Examples"), "{help}");
    }
}

//! Files of all kinds against the reader and the schema.

mod validator;

use std::path::Path;

use serde_json::Value as Json;

use super::document::{Format, Value};
use super::section::{Reading, Remarks};
use super::{SCHEMA, worker};

/// Everything a worker needs, to put a mistake in.
fn router(realms: &str, transports: &str) -> String {
    format!("version: 2\nworkers:\n- type: router\n  realms: {realms}\n  transports: {transports}\n")
}

/// A realm with something in it.
fn realm(rest: &str) -> String {
    router(&format!("[{{name: realm1, {rest}}}]"), "[]")
}

/// A transport on this machine with something in it.
fn transport(rest: &str) -> String {
    router("[]", &format!("[{{endpoint: {{type: tcp, interface: 127.0.0.1, port: 0}}, {rest}}}]"))
}

/// An endpoint.
fn endpoint(rest: &str) -> String {
    router("[]", &format!("[{{type: rawsocket, endpoint: {{{rest}}}}}]"))
}

/// A path with a WebSocket and something in it.
fn websocket(rest: &str) -> String {
    transport(&format!("type: web, paths: {{ws: {{type: websocket, {rest}}}}}"))
}

/// A permission with something in it.
fn permission(rest: &str) -> String {
    realm(&format!("roles: [{{name: anonymous, permissions: [{{{rest}}}]}}]"))
}

fn auth(rest: &str) -> String {
    websocket(&format!("auth: {{{rest}}}"))
}

/// Each kind of mistake in a file, and what is said of it: where it is, what it is, and what would be right.
fn mistakes() -> Vec<(String, String)> {
    let ws = "workers[0].transports[0].paths[\"ws\"]";
    vec![
        // The file as a whole.
        ("[]".into(), "this has to be an object, not a list".to_owned()),
        ("version: 3".into(), "version: this has to be from 1 to 2, not 3".into()),
        ("wrokers: []".into(), "wrokers: unknown key \"wrokers\"; did you mean \"workers\"?".into()),
        ("workers: {}".into(), "workers: this has to be a list, not an object".into()),
        (
            "workers: [{type: ruoter}]".into(),
            "workers[0].type: unknown value \"ruoter\"; did you mean \"router\"?".into(),
        ),
        ("workers: [{realms: []}]".into(), "workers[0]: the key \"type\" is missing".into()),
        (
            "workers: [{type: container}]".into(),
            "workers[0].type: not supported: this router runs no components".into(),
        ),
        ("workers: [{type: guest}]".into(), "workers[0].type: not supported: this router runs no components".into()),
        ("workers: [{type: proxy}]".into(), "workers[0].type: not supported: one router serves all cores".into()),
        (
            "workers: [{type: router, components: [{type: class}]}]".into(),
            "workers[0].components[0]: not supported: this router runs no components".into(),
        ),
        // Realms.
        (router("[{roles: []}]", "[]"), "workers[0].realms[0]: the key \"name\" is missing".into()),
        (router("[{name: a b}]", "[]"), "workers[0].realms[0].name: ".into()),
        (router("[{name: a}, {name: a}]", "[]"), "workers[0].realms[1]: the realm \"a\" is there twice".into()),
        (realm("rolse: []"), "workers[0].realms[0].rolse: unknown key \"rolse\"; did you mean \"roles\"?".into()),
        (realm("rlinks: [{}]"), "workers[0].realms[0].rlinks[0]: not supported: ".into()),
        (
            realm("options: {enable_meta_api: false}"),
            "workers[0].realms[0].options.enable_meta_api: not supported".into(),
        ),
        (realm("roles: [{name: a}, {name: a}]"), "workers[0].realms[0].roles[1]: the role \"a\" is there twice".into()),
        (
            realm("roles: [{name: a, authorizer: com.a, permissions: []}]"),
            "workers[0].realms[0].roles[0]: a role has either `permissions` or an `authorizer`".into(),
        ),
        (realm("roles: [{name: a, authorizer: com a}]"), "workers[0].realms[0].roles[0].authorizer: ".into()),
        (
            permission("uri: \"\""),
            "workers[0].realms[0].roles[0].permissions[0].uri: the empty URI is no URI; for all URIs add".into(),
        ),
        (
            permission("uri: com.*, match: prefix"),
            "workers[0].realms[0].roles[0].permissions[0].uri: beside `match` a star is just a star".into(),
        ),
        (
            permission("uri: com.a, match: perfix"),
            "workers[0].realms[0].roles[0].permissions[0].match: unknown value \"perfix\"; did you mean \"prefix\"?"
                .into(),
        ),
        (
            permission("uri: com.a, allow: {}, call: true"),
            "workers[0].realms[0].roles[0].permissions[0]: a permission has either `allow`, or".into(),
        ),
        (
            permission("uri: com.a, allow: {calls: true}"),
            "workers[0].realms[0].roles[0].permissions[0].allow.calls: unknown key \"calls\"; did you mean \"call\"?"
                .into(),
        ),
        (
            permission("uri: com.a, allow: {call: \"yes\"}"),
            "workers[0].realms[0].roles[0].permissions[0].allow.call: this has to be true or false, not a text".into(),
        ),
        (
            permission("uri: com.a, validate: {call: t}"),
            "workers[0].realms[0].roles[0].permissions[0].validate: not supported".into(),
        ),
        (
            realm("store: {type: memroy}"),
            "workers[0].realms[0].store.type: unknown value \"memroy\"; did you mean \"memory\"?".into(),
        ),
        (
            realm("store: {type: memory, call-queue: [{}]}"),
            "workers[0].realms[0].store.call-queue[0]: not supported".into(),
        ),
        (realm("store: {type: sqlite}"), "workers[0].realms[0].store: the key \"path\" is missing".into()),
        // Transports and endpoints.
        (router("[]", "[{type: web}]"), "workers[0].transports[0]: the key \"endpoint\" is missing".into()),
        (router("[]", "[{type: mqtt}]"), "workers[0].transports[0].type: not supported: there is no MQTT here".into()),
        (router("[]", "[{type: flashpolicy}]"), "workers[0].transports[0].type: not supported: ".into()),
        (transport("type: web"), "workers[0].transports[0]: the key \"paths\" is missing".into()),
        (transport("type: rawsokcet"), "did you mean \"rawsocket\"?".into()),
        (transport("type: universal, mqtt: {}"), "workers[0].transports[0].mqtt: not supported".into()),
        (
            transport("type: universal, websocket: {ws: {}}, web: {paths: {ws: {type: nodeinfo}}}"),
            "workers[0].transports[0].websocket[\"ws\"]: the path \"ws\" is among those of `web` too".into(),
        ),
        (endpoint("type: tcp"), "workers[0].transports[0].endpoint: the key \"port\" is missing".into()),
        (endpoint("type: tcp, port: 70000"), "endpoint.port: this has to be from 0 to 65535, not 70000".into()),
        (endpoint("type: tcp, port: \"80\""), "endpoint.port: this has to be an integer, or `$NAME`".into()),
        (
            endpoint("type: tcp, port: $WAMP_NO_SUCH"),
            "the environment variable WAMP_NO_SUCH is not set to a port".into(),
        ),
        (
            endpoint("type: tcp, portrange: [1, 2], port: 1"),
            "endpoint.portrange: not supported: give one `port`".into(),
        ),
        (endpoint("type: tcp, port: 0, version: 5"), "endpoint.version: this has to be 4 or 6, not 5".into()),
        (endpoint("type: tcp, port: 0, tls: {key: a}"), "endpoint.tls: the key \"certificate\" is missing".into()),
        (endpoint("type: unix"), "endpoint: the key \"path\" is missing".into()),
        (endpoint("type: unix, path: a, mode: rw"), "endpoint.mode: permissions are an octal number".into()),
        (endpoint("type: onion, port: 1"), "endpoint.type: not supported: listen on a tcp or unix endpoint".into()),
        // Paths.
        (transport("type: web, paths: {a/b: {type: nodeinfo}}"), "paths[\"a/b\"]: \"a/b\" is no path".into()),
        (transport("type: web, paths: {a: {}}"), "paths[\"a\"]: the key \"type\" is missing".into()),
        (transport("type: web, paths: {a: {type: statik}}"), "did you mean \"static\"?".into()),
        (transport("type: web, paths: {a: {type: cgi}}"), "paths[\"a\"].type: not supported: ".into()),
        (
            transport("type: web, paths: {a: {type: path, paths: {b: {type: x}}}}"),
            "paths[\"a\"].paths[\"b\"].type: ".into(),
        ),
        (
            websocket("serializers: [json, ubjson]"),
            format!("{ws}.serializers[1]: not supported: there is no ubjson here"),
        ),
        (
            websocket("serializers: [jsno]"),
            format!("{ws}.serializers[0]: unknown value \"jsno\"; did you mean \"json\"?"),
        ),
        (websocket("options: {max_mesage_size: 1}"), "did you mean \"max_message_size\"?".into()),
        (websocket("options: {max_message_size: -1}"), "this has to be from 0 to 67108864, not -1".into()),
        (websocket("options: {auto_ping_interval: -1}"), "options.auto_ping_interval: -1 is no time to wait".into()),
        // Authentication.
        (auth("tickt: {}"), format!("{ws}.auth.tickt: unknown key \"tickt\"; did you mean \"ticket\"?")),
        (auth("ticket: {}"), format!("{ws}.auth.ticket: the key \"type\" is missing")),
        (auth("ticket: {type: static}"), format!("{ws}.auth.ticket: the key \"principals\" is missing")),
        (
            auth("ticket: {type: function, create: a.b}"),
            format!("{ws}.auth.ticket.type: not supported: no Python runs"),
        ),
        (auth("ticket: {type: dynamic}"), format!("{ws}.auth.ticket: the key \"authenticator\" is missing")),
        (
            auth("ticket: {type: static, principals: {joe: {ticket: 5, role: a}}}"),
            format!(
                "{ws}.auth.ticket.principals[\"joe\"].ticket: this has to be a text, not an integer: put it in quotes"
            ),
        ),
        (
            auth("ticket: {type: static, principals: {joe: {ticket: $WAMP_NO_SUCH, role: a}}}"),
            "the environment variable WAMP_NO_SUCH is not set".into(),
        ),
        (
            auth("ticket: {type: static, principals: {joe: {ticket: a}}}"),
            format!("{ws}.auth.ticket.principals[\"joe\"]: the key \"role\" is missing"),
        ),
        (
            auth("wampcra: {type: static, users: {joe: {secret: a, role: b, salt: c, iterations: 0}}}"),
            format!("{ws}.auth.wampcra.users[\"joe\"].iterations: this has to be from 1 to "),
        ),
        (
            auth("scram: {type: static, principals: {joe: {kdf: md5, role: b}}}"),
            format!("{ws}.auth.scram.principals[\"joe\"].kdf: unknown value \"md5\""),
        ),
        (
            auth("cryptosign: {type: static, principals: {joe: {authorized_keys: [abc], role: b}}}"),
            format!("{ws}.auth.cryptosign.principals[\"joe\"].authorized_keys[0]: "),
        ),
        (auth("cryptosign: {type: static, trustroots: {}}"), format!("{ws}.auth.cryptosign.trustroots: not supported")),
        (auth("anonymous-proxy: {type: static}"), format!("{ws}.auth.anonymous-proxy: not supported")),
        // What is said in two places.
        (
            auth("ticket: {type: dynamic, authenticator: com.a, authenticator-realm: relam1}"),
            format!("{ws}.auth.ticket.authenticator-realm: there is no realm \"relam1\" in this worker"),
        ),
        (
            router(
                "[{name: realm1, roles: [{name: backend}]}]",
                "[{type: web, endpoint: {type: tcp, port: 0}, paths: {p: {type: publisher, realm: relam1, role: a}}}]",
            ),
            "paths[\"p\"].realm: there is no realm \"relam1\" in this worker; did you mean \"realm1\"?".into(),
        ),
        (
            router(
                "[{name: realm1, roles: [{name: backend}]}]",
                "[{type: web, endpoint: {type: tcp, port: 0}, paths: {p: {type: publisher, realm: realm1, role: bakend}}}]",
            ),
            "paths[\"p\"].role: the realm \"realm1\" has no role \"bakend\"; did you mean \"backend\"?".into(),
        ),
    ]
}

/// Of these mistakes the schema knows nothing: they are about two places, the environment, or what a text means.
const BEYOND_THE_SCHEMA: [&str; 13] = [
    "is there twice",
    "is among those of `web` too",
    "is not set",
    "beside `match` a star",
    "the empty URI is no URI",
    "there is no realm",
    "has no role",
    // Texts of another form, for which it has patterns.
    "is no path",
    "authorized_keys[0]",
    "realms[0].name: ",
    "authorizer: ",
    "this has to be an integer, or `$NAME`",
    "permissions are an octal number",
];

fn read(value: &Value) -> Remarks {
    let reading = Reading::new("/etc/wamp");
    let _workers = reading.root(value).section().map(worker::node);
    reading.end()
}

/// The good files of the tests that start the program.
fn good_files() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/node/fixtures/good");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut files: Vec<_> = files.map(|file| (file.display().to_string(), Value::read(&file).unwrap())).collect();
    let starter = Value::parse(include_str!("../init/starter.yaml"), Format::Yaml).unwrap();
    files.push(("the starter".to_owned(), starter));
    files
}

#[test]
fn each_mistake_is_named_with_its_place() {
    for (file, expected) in mistakes() {
        let problems = read(&Value::parse(&file, Format::Yaml).unwrap()).problems;
        let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
        assert!(lines.iter().any(|line| line.contains(&expected)), "{file}: expected {expected:?} in\n{lines:#?}");
    }
}

#[test]
fn the_schema_takes_what_the_reader_takes() {
    let schema: Json = serde_json::from_str(SCHEMA).unwrap();
    for (name, file) in good_files() {
        assert!(read(&file).problems.is_empty(), "{name}");
        let mistakes = validator::mistakes(&schema, &schema, &file.to_json());
        assert!(mistakes.is_empty(), "{name}: {mistakes:#?}");
    }
    let mut wrong = Vec::new();
    for (file, expected) in mistakes() {
        let is_beyond = BEYOND_THE_SCHEMA.iter().any(|part| expected.contains(part));
        let value = Value::parse(&file, Format::Yaml).unwrap().to_json();
        if validator::mistakes(&schema, &schema, &value).is_empty() != is_beyond {
            wrong.push(format!("{file}: {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Every key that the reader knows somewhere, the schema knows there too.
#[test]
fn the_schema_has_every_key_of_the_reader() {
    let schema: Json = serde_json::from_str(SCHEMA).unwrap();
    let mut missing = std::collections::BTreeSet::new();
    for (_, file) in good_files() {
        for (place, keys) in read(&file).known {
            let mut at = vec![&schema];
            for step in steps(&place) {
                at = at.into_iter().flat_map(|one| below(&schema, one, &step)).collect();
            }
            let is_known = |key: &str| at.iter().any(|one| !below(&schema, one, key).is_empty());
            missing.extend(keys.into_iter().filter(|key| !is_known(key)).map(|key| format!("{place}.{key}")));
        }
    }
    assert!(missing.is_empty(), "the schema lacks {missing:#?}");
}

/// The keys, and `[]` for lists, that lead to a place: `workers[0].paths["ws"]`.
fn steps(place: &str) -> Vec<String> {
    let mut steps = Vec::new();
    let mut rest = place;
    while !rest.is_empty() {
        if let Some(quoted) = rest.strip_prefix("[\"") {
            let (key, after) = quoted.split_once("\"]").unwrap();
            steps.push(key.to_owned());
            rest = after;
        } else if let Some(number) = rest.strip_prefix('[') {
            steps.push("[]".to_owned());
            rest = number.split_once(']').unwrap().1;
        } else {
            let key = rest.strip_prefix('.').unwrap_or(rest);
            let end = key.find(['.', '[']).unwrap_or(key.len());
            steps.push(key[..end].to_owned());
            rest = &key[end..];
        }
    }
    steps
}

/// The schemas of what is at a key, in all alternatives.
fn below<'a>(root: &'a Json, schema: &'a Json, step: &str) -> Vec<&'a Json> {
    if let Some(name) = schema["$ref"].as_str() {
        return below(root, &root["$defs"][name.trim_start_matches("#/$defs/")], step);
    }
    let mut found: Vec<_> = ["oneOf", "anyOf"]
        .into_iter()
        .flat_map(|kind| schema[kind].as_array().into_iter().flatten())
        .flat_map(|alternative| below(root, alternative, step))
        .collect();
    if step == "[]" {
        found.extend(schema.get("items"));
    } else {
        let named = schema["properties"].get(step);
        found.extend(named.or(schema.get("additionalProperties").filter(|others| !others.is_boolean())));
    }
    found
}

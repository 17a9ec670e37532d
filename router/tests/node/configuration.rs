//! Files of version 1 and 2, in JSON and YAML, right and wrong in all ways.

use std::path::Path;

use crate::program::{Folder, text};

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

#[test]
fn good_files_are_good() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/node/fixtures/good");
    let mut files: Vec<_> = std::fs::read_dir(fixtures).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 4);
    for file in files {
        let folder = Folder::new();
        let output = folder.run(&["check", "--config", file.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(0), "{}: {}", file.display(), text(&output.stderr));
        assert!(text(&output.stdout).contains("nothing is wrong"));
    }
}

#[test]
fn what_means_nothing_is_one_warning() {
    let fixture = include_str!("fixtures/good/v2-default.json");
    let folder = Folder::with("config.json", fixture);
    let output = folder.run(&["check", "--config", "config.json"]);
    let errors = text(&output.stderr);
    let ignored: Vec<_> = errors.lines().filter(|line| line.contains("mean nothing here")).collect();
    let [ignored] = ignored[..] else { panic!("{errors}") };
    assert!(ignored.contains("controller,"), "{ignored}");
    assert!(ignored.contains("workers[].transports[].paths[\"ws\"].options.compression"), "{ignored}");
    assert!(!ignored.contains("cache"), "what is done anyway is not remarked: {ignored}");
}

/// Each kind of mistake: where it is, what it is, and what would be right.
#[test]
fn each_mistake_is_named_with_its_place() {
    let ws = "workers[0].transports[0].paths[\"ws\"]";
    let table = [
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
    ];
    for (file, expected) in table {
        let folder = Folder::with("config.yaml", &file);
        let output = folder.run(&["check", "--config", "config.yaml"]);
        let errors = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{file}: {errors}");
        assert!(errors.contains(&expected), "{file}: expected {expected:?} in\n{errors}");
        assert!(!errors.contains("secret!!!"), "a message shows no secrets");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_one_line() {
    let folder = Folder::with("bad.json", "{\n  \"version\": 2,\n}");
    folder.write("bad.yaml", "version: 2\n workers: []\n");
    for (file, expected) in
        [("none.json", "none.json: No such file"), ("bad.json", "bad.json: "), ("bad.yaml", "bad.yaml: "), (".", ".: ")]
    {
        for command in ["check", "start"] {
            let output = folder.run(&[command, "--config", file]);
            let errors = text(&output.stderr);
            assert_eq!(output.status.code(), Some(1));
            assert!(errors.contains(expected) && errors.lines().count() == 1, "{command} {file}: {errors}");
            assert!(output.stdout.is_empty(), "nothing was started");
        }
    }
    let output = folder.run(&["check", "--config", "bad.json"]);
    assert!(text(&output.stderr).contains("line 3"));
}

#[test]
fn all_mistakes_are_told_at_once_and_nothing_starts() {
    let file = r#"{"version": 2, "workers": [
        {"type": "container", "components": []},
        {"type": "router",
         "realms": [{"name": "realm1", "roles": [{"name": "anonymous", "permisions": []}]}],
         "transports": [{"type": "web", "endpoint": {"type": "tcp", "port": "x"}, "paths": {"ws": {"type": "websocket"}}}]}
    ]}"#;
    let folder = Folder::with("config.json", file);
    for command in ["check", "start"] {
        let output = folder.run(&[command, "--config", "config.json"]);
        let errors = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1));
        assert!(output.stdout.is_empty(), "nothing was started");
        for expected in [
            "config.json: 3 things are wrong",
            "workers[0].type: not supported",
            "permisions: unknown key \"permisions\"; did you mean \"permissions\"?",
            "workers[1].transports[0].endpoint.port: ",
        ] {
            assert!(errors.contains(expected), "{expected}: {errors}");
        }
    }
}

#[test]
fn the_starter_is_good_and_never_overwrites() {
    let folder = Folder::new();
    assert!(folder.run(&["init"]).status.success());
    assert!(folder.run(&["check"]).status.success());
    let before = std::fs::read(folder.file(".crossbar/config.yaml")).unwrap();
    folder.write(".crossbar/config.yaml", "mine");
    let again = folder.run(&["init"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again.stderr).contains("is there already"));
    assert_eq!(std::fs::read(folder.file(".crossbar/config.yaml")).unwrap(), b"mine");
    assert!(folder.run(&["init", "other/node.yaml"]).status.success());
    assert_eq!(std::fs::read(folder.file("other/node.yaml")).unwrap(), before);
    assert!(text(&folder.run(&["init", "node.json"]).stderr).contains("let its name end with .yaml"));
}

#[test]
fn which_file_is_never_a_guess() {
    let folder = Folder::new();
    let error = |arguments: &[&str]| {
        let output = folder.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        text(&output.stderr)
    };
    assert!(error(&["check"]).contains("say which file with --config"));
    assert!(error(&["start", "--cbdir", "empty"]).contains("--cbdir empty: there is none of config.json"));
    folder.write(".crossbar/config.json", "{\"version\": 2}");
    assert!(folder.run(&["check"]).status.success());
    assert!(folder.run(&["check", "--cbdir", ".crossbar", "--config", "config.json"]).status.success());
    folder.write(".crossbar/config.yaml", "version: 2");
    assert!(error(&["start"]).contains("say which with --config"));
    let both = error(&["start", "--config", ".crossbar/config.json", "--listen", "127.0.0.1:0", "--realm", "a"]);
    assert!(both.contains("--listen and --realm can't go with a configuration"), "{both}");
}

#[test]
fn flags_let_nobody_in_from_elsewhere() {
    let folder = Folder::new();
    for flag in ["--listen", "--rawsocket"] {
        for address in ["0.0.0.0:0", "[::]:0"] {
            let output =
                folder.run(&["--listen", "127.0.0.1:0", flag, address][if flag == "--listen" { 2.. } else { 0.. }]);
            let errors = text(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{errors}");
            assert!(errors.contains("without asking who it is") && errors.contains("wamp-router init"), "{errors}");
            assert!(output.stdout.is_empty());
        }
    }
}

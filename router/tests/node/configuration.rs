//! Files of version 1 and 2, in JSON and YAML, right and wrong in all ways.

use std::path::Path;

use crate::program::{Folder, text};

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

//! `wamp keygen`, `wamp profile` and `wamp completions`: what needs no router.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Ended, World, ended, wamp};

async fn keygen(file: &Path, flags: &[&str]) -> Ended {
    let mut arguments = vec!["keygen", file.to_str().unwrap()];
    arguments.extend(flags);
    ended(wamp(&arguments)).await
}

#[tokio::test]
async fn a_key_is_made_once_and_for_its_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("machine.key");
    let made: Value = serde_json::from_str(&keygen(&file, &[]).await.good()).unwrap();
    let public = made["public_key"].as_str().unwrap().to_owned();
    let private = fs::read_to_string(&file).unwrap();
    let is_key = |text: &str| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    assert!(is_key(&public) && is_key(private.trim_end()) && private.trim_end() != public);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    let shown: Value = serde_json::from_str(&keygen(&file, &["--public"]).await.good()).unwrap();
    assert_eq!(shown["public_key"], public.as_str());
    let error = keygen(&file, &[]).await.failed(2);
    assert!(error.contains("machine.key") && error.contains("--force"), "{error}");
    assert_eq!(fs::read_to_string(&file).unwrap(), private);

    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let made: Value = serde_json::from_str(&keygen(&file, &["--force"]).await.good()).unwrap();
    assert_ne!(made["public_key"], public.as_str());
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    // RFC 8032, 7.1, test 1.
    fs::write(&file, "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60\n").unwrap();
    let shown = keygen(&file, &["--public", "--text"]).await.good();
    assert_eq!(shown, "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    fs::write(&file, "no key").unwrap();
    let error = keygen(&file, &["--public"]).await.failed(2);
    assert!(error.contains("machine.key") && error.contains("64 hexadecimal digits"), "{error}");
}

async fn profile(config: &Path, arguments: &[&str]) -> Ended {
    let mut command = wamp(&[]);
    command.arg("profile").args(arguments).env("WAMP_CONFIG", config);
    ended(command).await
}

#[tokio::test(flavor = "multi_thread")]
async fn profiles_are_saved_used_and_removed() {
    let world = World::new().await;
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("new/config.toml");
    profile(&config, &["save", "home", "--url", &world.url(), "--timeout", "20s"]).await.good();
    profile(&config, &["save", "away", "--url", "ws://127.0.0.1:1/ws", "--serializer", "cbor"]).await.good();
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, format!("# mine\n{text}")).unwrap();
    profile(&config, &["use", "away"]).await.good();
    // What is saved later is added.
    profile(&config, &["save", "home", "--realm", "realm1"]).await.good();
    assert!(fs::read_to_string(&config).unwrap().contains("# mine\n"), "comments are kept");
    let listed = profile(&config, &[]).await.good();
    let listed: Vec<Value> = listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(listed[0], json!({"name": "away", "default": true, "url": "ws://127.0.0.1:1/ws", "serializer": "cbor"}));
    let home = json!({"name": "home", "default": false, "url": world.url(), "realm": "realm1", "timeout": "20s"});
    assert_eq!(listed[1], home);

    let count = |arguments: &[&str]| {
        let mut command = wamp(&["call", "wamp.session.count"]);
        command.args(arguments).env("WAMP_CONFIG", &config);
        ended(command)
    };
    assert_eq!(count(&["--profile", "home"]).await.good(), "2");
    let error = count(&[]).await.failed(3);
    assert!(error.contains("that of profile \"away\" in") && error.contains("config.toml"), "{error}");
    // A flag wins.
    assert_eq!(count(&["--url", &world.url()]).await.good(), "2");

    profile(&config, &["remove", "away"]).await.good();
    let error = count(&["--profile", "away"]).await.failed(2);
    assert!(error.contains("no profile \"away\"") && error.contains("which has home"), "{error}");
    assert!(!fs::read_to_string(&config).unwrap().contains("default"));
}

#[tokio::test]
async fn a_mistake_in_the_config_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config.toml");
    let missing = profile(&config, &["use", "home"]).await.failed(2);
    assert!(missing.contains("no profile \"home\""), "{missing}");
    let nothing = profile(&config, &["save", "home"]).await.failed(2);
    assert!(nothing.contains("--url"), "{nothing}");
    fs::write(&config, "[profiles.home]\nurll = \"ws://localhost/ws\"\n").unwrap();
    let mut command = wamp(&["call", "x"]);
    command.env("WAMP_CONFIG", &config);
    let error = ended(command).await.failed(2);
    assert!(error.contains("config.toml") && error.contains("line 2") && error.contains("urll"), "{error}");
}

#[tokio::test]
async fn shells_get_their_completions() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = ended(wamp(&["completions", shell])).await.good();
        assert!(script.contains("register") && script.contains("serializer"), "{shell}");
    }
}

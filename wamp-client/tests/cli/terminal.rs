//! What a person sees: the program in a terminal of its own, which `script` gives it.

use crate::support::{World, ended, within};

/// Runs the program in a terminal, and gives what it wrote there.
async fn seen(world: &World, line: &str, environment: &[(&str, &str)]) -> String {
    let mut command = tokio::process::Command::new("script");
    let line = format!("stty rows 24 cols 100; exec {} {line}", env!("CARGO_BIN_EXE_wamp"));
    command.args(["--quiet", "--return", "--command", &line, "/dev/null"]).env("WAMP_URL", world.url());
    command.env_remove("NO_COLOR").env("TERM", "xterm-256color").env("XDG_CONFIG_HOME", "/nonexistent");
    command.envs(environment.iter().copied()).stdin(std::process::Stdio::null()).kill_on_drop(true);
    let ended = ended(command).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended.stdout.replace("\r\n", "\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_gets_colours_and_tables() {
    let world = World::new().await;
    let result = || async { wamp_client::Results::new().arg("text").kwarg("n", 5) };
    world.client.register("com.example.result", result).await.unwrap();
    let shown = seen(&world, "call com.example.result", &[]).await;
    assert!(shown.contains("\u{1b}[32m\"text\"\u{1b}[0m") && shown.contains("\u{1b}[33m5\u{1b}[0m"), "{shown:?}");
    let table = seen(&world, "procedures", &[]).await;
    assert!(table.contains("\u{1b}[1mPROCEDURE") && table.contains("\u{1b}[36mcom.example.result"), "{table:?}");

    for plain in [
        seen(&world, "call com.example.result", &[("NO_COLOR", "1")]).await,
        seen(&world, "--color never call com.example.result", &[]).await,
    ] {
        assert_eq!(plain, "{\"args\": [\"text\"], \"kwargs\": {\"n\": 5}}\n");
    }
    let json = seen(&world, "call com.example.result --json", &[]).await;
    assert_eq!(json, "{\"args\":[\"text\"],\"kwargs\":{\"n\":5}}\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_send_does_not_steer_the_terminal() {
    let world = World::new().await;
    let hostile = || async { "\u{1b}[2J\u{9b}2J\u{202e}text" };
    world.client.register("com.example.hostile", hostile).await.unwrap();
    for line in ["call com.example.hostile --color never", "call com.example.hostile --raw"] {
        let shown = seen(&world, line, &[]).await;
        assert!(shown.contains("text") && !shown.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{shown:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn top_draws_over_what_it_has_drawn_and_leaves_the_last_state() {
    let world = World::new().await;
    for environment in [&[][..], &[("NO_COLOR", "1")]] {
        let shown = within(seen(&world, "top --count 2 --interval 50ms", environment)).await;
        let (screen, after) = shown.split_once("\u{1b}[?1049l").unwrap();
        assert!(screen.starts_with("\u{1b}[?1049h\u{1b}[?25l"), "{screen:?}");
        assert_eq!(screen.matches("\u{1b}[H").count(), 2, "{screen:?}");
        assert!(after.contains("realm1") && after.contains("sessions") && after.contains("events"), "{after:?}");
        assert_eq!(screen.contains("\u{1b}[1m"), environment.is_empty());
    }
}

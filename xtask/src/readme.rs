//! What README.md says is true: its commands run, its links lead somewhere, as do those of the documents. (Its Rust is a
//! doctest of wamp-client, and so is the guide's.)

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail, ensure};

use crate::checkout::Checkout;
use crate::command::{cargo, output, program, run};
use crate::options::Options;
use crate::{options, steps};

/// How long a release build and the start may take on a slow machine.
const START: Duration = Duration::from_secs(20 * 60);
const END: Duration = Duration::from_secs(20);

/// Checks README.md.
///
/// # Errors
/// With the first thing that is not so.
pub(crate) fn check(checkout: &Checkout, _: &Options) -> anyhow::Result<()> {
    let text = fs::read_to_string(checkout.root.join("README.md")).context("cannot read README.md")?;
    links(checkout)?;
    flags(checkout, &text)?;
    for command in commands(&text)? {
        println!("README.md: {command}");
        match command {
            "cargo run --release" => one_command(checkout)?,
            // This is it. That it has every step is checked by its own tests.
            "cargo xtask test" => ensure!(options::HELP.contains("  test ") && steps::names().count() > 0),
            other => bail!("README.md has a command nobody runs: {other}"),
        }
    }
    Ok(())
}

/// The commands in blocks marked `sh`. A block without a mark would be a block nobody checks.
fn commands(text: &str) -> anyhow::Result<Vec<&str>> {
    let mut commands = Vec::new();
    let mut block = None;
    for (number, line) in text.lines().enumerate() {
        match (block, line.strip_prefix("```")) {
            (None, Some(language)) => match language.split(',').next() {
                Some("sh" | "rust" | "text") => block = Some(language),
                _ => bail!("README.md:{}: a code block of kind {language:?} is checked by nobody", number + 1),
            },
            (Some(_), Some(_)) => block = None,
            (Some("sh"), None) if !line.trim().is_empty() && !line.starts_with('#') => commands.push(line.trim()),
            _ => {}
        }
    }
    Ok(commands)
}

/// Every link to a file leads to one, in the README and in the documents.
fn links(checkout: &Checkout) -> anyhow::Result<()> {
    for folder in ["", "docs", "docs/guide"].map(|folder| checkout.root.join(folder)) {
        for document in steps::files(&folder, ".md")? {
            let text = fs::read_to_string(&document).with_context(|| format!("cannot read {}", document.display()))?;
            for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
                let file = link.split('#').next().unwrap_or_default();
                let is_there = link.contains("://") || folder.join(file).exists();
                ensure!(is_there, "{} links to {file}, which is not there", document.display());
            }
        }
    }
    Ok(())
}

/// Every option the text names is one of the program `cargo run` starts.
fn flags(checkout: &Checkout, text: &str) -> anyhow::Result<()> {
    let help = output(program(checkout, checkout.binary("wamp-dashboard")).arg("--help"))?;
    for flag in text.split('`').filter(|code| code.starts_with("--")).filter_map(|code| code.split(' ').next()) {
        ensure!(help.contains(flag), "README.md names {flag}, which wamp-dashboard --help does not");
    }
    Ok(())
}

/// `cargo run --release`, nothing else: it serves the page, and Ctrl-C ends it in good order.
fn one_command(checkout: &Checkout) -> anyhow::Result<()> {
    // A build of its own first, so that what is awaited below is only the start.
    run(&mut cargo(checkout, &["build", "--release"]))?;
    let mut command = cargo(checkout, &["run", "--release"]);
    if TcpListener::bind("127.0.0.1:8080").is_err() {
        println!("port 8080 is taken here: another one");
        command.args(["--", "--listen", "127.0.0.1:0"]);
    }
    let folder = checkout.target.join("readme");
    // The settings go into a folder of the test's, not the person's own.
    let mut child = command
        .env("XDG_DATA_HOME", folder.join("data"))
        .env("XDG_STATE_HOME", folder.join("state"))
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()
        .context("cannot run cargo")?;
    let served = served(&mut child);
    let ended = interrupt(checkout, &mut child);
    served.and(ended)
}

/// Waits for the address on the program's output, and fetches the page.
fn served(child: &mut Child) -> anyhow::Result<()> {
    let output = child.stdout.take().context("its output is piped")?;
    let (send, lines) = mpsc::channel();
    thread::spawn(move || BufReader::new(output).lines().map_while(Result::ok).try_for_each(|line| send.send(line)));
    let line = lines.recv_timeout(START).context("it ended, or never said its address")?;
    let address = line.split("http://").nth(1).map(|rest| rest.split(['/', ' ']).next().unwrap_or(rest));
    let address = address.with_context(|| format!("its first line has no address: {line}"))?;

    let mut page = String::new();
    let mut stream = TcpStream::connect(address).with_context(|| format!("cannot reach {address}"))?;
    stream.set_read_timeout(Some(END))?;
    write!(stream, "GET / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    stream.read_to_string(&mut page)?;
    ensure!(page.starts_with("HTTP/1.1 200") && page.contains("<html"), "no page at {address}: {page:.200}");
    Ok(())
}

/// Ctrl-C: to the whole group, as a terminal does it.
fn interrupt(checkout: &Checkout, child: &mut Child) -> anyhow::Result<()> {
    let group = format!("-{}", child.id());
    run(program(checkout, "kill").args(["-INT", "--", &group]))?;
    for _ in 0..END.as_millis() / 50 {
        if let Some(status) = child.try_wait()? {
            ensure!(status.success(), "it ended with {status} on Ctrl-C");
            return Ok(());
        }
        thread::sleep(Duration::from_millis(50));
    }
    child.kill()?;
    bail!("it went on for {END:?} after Ctrl-C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_the_lines_of_sh_blocks() {
        let text = "a\n```sh\ncargo run\n\n# why\ncargo test\n```\n```rust,no_run\nfn main() {}\n```\n";
        assert_eq!(commands(text).unwrap(), ["cargo run", "cargo test"]);
    }

    #[test]
    fn an_unmarked_block_is_refused() {
        assert!(commands("```\ncargo run\n```\n").unwrap_err().to_string().contains("README.md:1"));
    }
}

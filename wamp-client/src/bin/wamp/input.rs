//! Standard input, read on a thread of its own, since it may never end.

use std::io::{self, BufRead, Read};

use tokio::sync::mpsc;

use crate::failure::Failure;

/// No router takes larger messages.
const MOST: u64 = 16 << 20;

/// The lines of standard input, as they come; empty ones are left out.
pub(crate) fn lines() -> mpsc::Receiver<Result<String, Failure>> {
    let (sender, lines) = mpsc::channel(64);
    std::thread::spawn(move || {
        let mut stdin = io::stdin().lock();
        for number in 1.. {
            let line = match line(&mut stdin, number) {
                Ok(None) => break,
                Ok(Some(line)) if line.is_empty() => continue,
                Ok(Some(line)) => Ok(line),
                Err(failure) => Err(failure),
            };
            let failed = line.is_err();
            // Closed: the program wants no more.
            if sender.blocking_send(line).is_err() || failed {
                break;
            }
        }
    });
    lines
}

/// The next line, without its end; nothing after the last.
fn line(stdin: &mut impl BufRead, number: u64) -> Result<Option<String>, Failure> {
    let mut line = Vec::new();
    stdin.take(MOST + 1).read_until(b'\n', &mut line).map_err(unreadable)?;
    if line.is_empty() {
        return Ok(None);
    }
    if line.len() as u64 > MOST {
        return Err(Failure::Usage(format!("line {number} of standard input is longer than {MOST} bytes")));
    }
    let text = String::from_utf8(line)
        .map_err(|_| Failure::Usage(format!("line {number} of standard input is no UTF-8 text")))?;
    Ok(Some(text.trim_end_matches(['\n', '\r']).to_owned()))
}

/// All of standard input.
pub(crate) async fn all() -> Result<String, Failure> {
    let read = tokio::task::spawn_blocking(|| {
        let mut text = String::new();
        io::stdin().lock().take(MOST + 1).read_to_string(&mut text).map(|_| text)
    });
    let text = read.await.map_err(|_| Failure::Other("cannot read standard input".to_owned()))?;
    let text = text.map_err(unreadable)?;
    if text.len() as u64 > MOST {
        return Err(Failure::Usage(format!("standard input is longer than {MOST} bytes")));
    }
    Ok(text)
}

fn unreadable(error: io::Error) -> Failure {
    Failure::io("cannot read standard input", error)
}

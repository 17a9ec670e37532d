//! What a program writes, line by line.

use tokio::io::{AsyncBufRead, AsyncBufReadExt};

/// The longest line that is kept, in bytes. The rest of a longer one is left out.
const MAX: usize = 8 << 10;

/// Passes on each line, without what ends it; empty ones are left out.
pub(super) async fn each(mut from: impl AsyncBufRead + Unpin, mut take: impl FnMut(&str)) {
    let mut line = Vec::new();
    let mut pass_on = |line: &mut Vec<u8>| {
        let text = String::from_utf8_lossy(line);
        let text = text.trim_end();
        if !text.is_empty() {
            take(text);
        }
        line.clear();
    };
    // A program that is gone has nothing more to say.
    while let Ok(bytes) = from.fill_buf().await {
        if bytes.is_empty() {
            break;
        }
        let (part, used) = match bytes.iter().position(|byte| *byte == b'\n') {
            Some(end) => (&bytes[..end], end + 1),
            None => (bytes, bytes.len()),
        };
        let ended = used > part.len();
        line.extend_from_slice(&part[..part.len().min(MAX - line.len())]);
        from.consume(used);
        if ended {
            pass_on(&mut line);
        }
    }
    pass_on(&mut line);
}

#[cfg(test)]
mod tests {
    use tokio::io::BufReader;

    use super::*;

    #[tokio::test]
    async fn lines_have_a_limit() {
        let long = "x".repeat(3 * MAX);
        let text = format!("one\r\n\n{long}\ntwo\u{fc}\nlast");
        let mut lines = Vec::new();
        each(BufReader::with_capacity(1000, text.as_bytes()), |line| lines.push(line.to_owned())).await;
        assert_eq!(lines, ["one", &long[..MAX], "twoü", "last"]);
    }
}

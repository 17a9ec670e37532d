//! A file, sent in parts: the procedure sends each part when it has read it, and the caller writes it at once. Neither
//! holds the whole file.
//!
//! ```sh
//! cargo run -p wamp-client --example download -- offer Cargo.lock
//! cargo run -p wamp-client --example download -- fetch copy.txt
//! ```

use std::path::PathBuf;

use anyhow::Context;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wamp_client::{App, Part, Progress, Serializer, State, Value, handlers, register};

const PART: usize = 64 * 1024;

struct Offered {
    path: PathBuf,
}

/// Sends the file in parts; the result is how many bytes it has.
#[register("com.example.download")]
async fn download(offered: State<Offered>, parts: Progress<Value>) -> anyhow::Result<usize> {
    let mut file = File::open(&offered.path).await.context("the file can't be opened")?;
    let mut length = 0;
    loop {
        let mut part = vec![0; PART];
        let read = file.read(&mut part).await?;
        if read == 0 {
            return Ok(length);
        }
        part.truncate(read);
        length += read;
        // Waits while the connection is congested. An error means that the caller has gone: there is nothing to do.
        parts.send(Value::Bin(part)).await?;
    }
}

async fn fetch(app: App, path: &str) -> anyhow::Result<()> {
    let running = app.start().await?;
    let mut file = File::create(path).await?;
    let mut written = 0;
    let mut parts = running.client().call::<usize>("com.example.download").progressive::<Value>();
    while let Some(part) = parts.next().await {
        match part? {
            Part::Progress(Value::Bin(bytes)) => {
                file.write_all(&bytes).await?;
                written += bytes.len();
                println!("{written} bytes so far");
            }
            Part::Progress(other) => anyhow::bail!("a part is no bytes, but {other:?}"),
            Part::Result(length) => println!("all {length} bytes are in {path}"),
        }
    }
    file.flush().await?;
    running.stop().await?;
    Ok(())
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let router = std::env::var("WAMP_URL").unwrap_or_else(|_| "ws://localhost:8080/ws".to_owned());
    // Bytes are bytes in MessagePack and CBOR; in JSON they travel as base64, a third longer.
    let app = App::new(router).realm("realm1").serializer(Serializer::MessagePack);
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["offer", path] => Ok(app.state(Offered { path: path.into() }).mount(handlers![download]).run().await?),
        ["fetch", path] => fetch(app, path).await,
        _ => anyhow::bail!("usage: download offer FILE | download fetch FILE"),
    }
}

//! A chat in the terminal: what is typed goes to everybody. Ctrl-D ends it.
//!
//! ```sh
//! cargo run -p wamp-client --example chat -- Anna
//! cargo run -p wamp-client --example chat -- Bert
//! ```

use std::io::BufRead;

use tokio::sync::mpsc;
use wamp_client::{App, Client, Result, State, on_join, subscribe};

#[subscribe("com.example.chat.message")]
async fn on_message(from: String, text: String) {
    println!("{from}: {text}");
}

#[subscribe("com.example.chat.came")]
async fn on_came(who: String) {
    println!("({who} is here)");
}

#[subscribe("com.example.chat.left")]
async fn on_left(who: String) {
    println!("({who} has left)");
}

struct Member {
    name: String,
}

/// The router publishes the testament when this session is gone, even if it was cut off.
#[on_join]
async fn come(client: Client, member: State<Member>) -> Result<()> {
    client.testament("com.example.chat.left").arg(&member.name).await?;
    client.publish("com.example.chat.came").arg(&member.name).await
}

#[tokio::main]
async fn main() -> Result<()> {
    let router = std::env::var("WAMP_URL").unwrap_or_else(|_| "ws://localhost:8080/ws".to_owned());
    let name = std::env::args().nth(1).unwrap_or_else(|| "somebody".to_owned());

    let app = App::new(router).realm("realm1").state(Member { name: name.clone() }).discover();
    let running = app.start().await?;
    println!("welcome, {name}");

    let mut lines = lines();
    while let Some(line) = lines.recv().await {
        let message = running.client().publish("com.example.chat.message").arg(&name).arg(line);
        if let Err(error) = message.acknowledge().await {
            println!("(not sent: {error})");
        }
    }
    running.stop().await
}

/// The lines of standard input, read by a thread: reading them blocks.
fn lines() -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel(1);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(std::io::Result::ok) {
            if sender.blocking_send(line).is_err() {
                break;
            }
        }
    });
    lines
}

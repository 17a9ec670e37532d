//! Forwards frames, and knows nothing of what is in them: how fast a router could be if routing cost nothing.
//!
//! What comes is four bytes of length, a mask of four bytes and a masked body, as over a WebSocket; what goes has no
//! mask. The first frame says what a connection is: `P topic` publishes to all that are `S topic`; `C procedure` calls the one
//! that is `R procedure`, and anything else nobody. A body that is a call, or the answer to one, has who calls in its bytes 1 to 4.
//!
//! ```sh
//! cargo run --release -p wamp-router --example forward -- 127.0.0.1:9000 [--each]
//! ```
//!
//! With `--each` every frame is written on its own, and without all that came by one read are written at once.

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockWriteGuard};

use anyhow::Context;
use tokio::io::Interest;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// Bytes read at a time.
const READ: usize = 64 << 10;

#[derive(Default)]
struct Shared {
    subscribers: RwLock<HashMap<Vec<u8>, Vec<Arc<Peer>>>>,
    callees: RwLock<HashMap<Vec<u8>, Arc<Peer>>>,
    peers: RwLock<HashMap<u32, Arc<Peer>>>,
    each: bool,
}

struct Peer {
    stream: TcpStream,
    out: Mutex<Vec<u8>>,
    full: Notify,
    gone: AtomicBool,
}

impl Peer {
    fn send(&self, frames: &[u8]) {
        let mut out = lock(&self.out);
        let written = if out.is_empty() { self.write(frames) } else { 0 };
        if written < frames.len() && !self.is_gone() {
            out.extend_from_slice(&frames[written..]);
            self.full.notify_one();
        }
    }

    /// Writes what there was no room for.
    fn flush(&self) {
        let mut out = lock(&self.out);
        let written = self.write(&out);
        out.drain(..written);
    }

    /// Writes what there is room for; to a peer that is gone, nothing.
    fn write(&self, bytes: &[u8]) -> usize {
        if self.is_gone() {
            return 0;
        }
        match self.stream.try_write(bytes) {
            Ok(written) => written,
            Err(error) => {
                if error.kind() != ErrorKind::WouldBlock {
                    self.gone.store(true, Ordering::Relaxed);
                }
                0
            }
        }
    }

    fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Relaxed)
    }

    fn is_behind(&self) -> bool {
        !lock(&self.out).is_empty()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where the frames of a connection go.
enum Role {
    Unknown,
    Publisher(Vec<Arc<Peer>>),
    Caller(Arc<Peer>),
    Callee,
    Subscriber,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().context("where to listen? 127.0.0.1:9000, say")?;
    let shared = Arc::new(Shared { each: arguments.next().as_deref() == Some("--each"), ..Shared::default() });
    let listener = TcpListener::bind(&address).await.with_context(|| format!("cannot listen on {address}"))?;
    println!("{}", listener.local_addr()?);
    let mut number = 0;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let peer = Arc::new(Peer { stream, out: Mutex::default(), full: Notify::new(), gone: AtomicBool::new(false) });
        number += 1;
        write(&shared.peers).insert(number, peer.clone());
        let shared = shared.clone();
        tokio::spawn(async move {
            let ended = serve(&shared, &peer, number).await;
            peer.gone.store(true, Ordering::Relaxed);
            // Its socket is closed once nobody forwards to it any more.
            write(&shared.peers).remove(&number);
            ended
        });
    }
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(shared: &Shared, peer: &Arc<Peer>, number: u32) -> io::Result<()> {
    let mut role = Role::Unknown;
    let mut input = vec![0; READ];
    let mut kept = 0;
    while !peer.is_gone() {
        let interest = if peer.is_behind() { Interest::READABLE | Interest::WRITABLE } else { Interest::READABLE };
        let ready = tokio::select! {
            ready = peer.stream.ready(interest) => ready?,
            () = peer.full.notified() => continue,
        };
        if ready.is_writable() {
            peer.flush();
        }
        if !ready.is_readable() {
            continue;
        }
        if input.len() < kept + READ {
            input.resize(kept + READ, 0);
        }
        let count = match peer.stream.try_read(&mut input[kept..]) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
            Err(error) => return Err(error),
        };
        let end = kept + count;
        let taken = forward(shared, peer, number, &mut role, &mut input[..end]);
        input.copy_within(taken..end, 0);
        kept = end - taken;
    }
    Ok(())
}

/// Forwards the whole frames of `input` and answers how long they are.
fn forward(shared: &Shared, peer: &Arc<Peer>, number: u32, role: &mut Role, input: &mut [u8]) -> usize {
    let mut taken = 0;
    let mut run = Vec::with_capacity(input.len());
    let mut answers: HashMap<u32, Vec<u8>> = HashMap::new();
    while let Some(head) = input[taken..].first_chunk::<4>() {
        let length = u32::from_be_bytes(*head);
        let Some(frame) = input.get_mut(taken..taken + 8 + length as usize) else { break };
        taken += frame.len();
        let (head, body) = frame.split_at_mut(8);
        unmask(body, [head[4], head[5], head[6], head[7]]);
        let to = match role {
            Role::Unknown => {
                *role = introduced(shared, peer, body);
                continue;
            }
            Role::Caller(_) => {
                body[1..5].copy_from_slice(&number.to_be_bytes());
                &mut run
            }
            Role::Callee => answers.entry(u32::from_be_bytes([body[1], body[2], body[3], body[4]])).or_default(),
            Role::Publisher(_) | Role::Subscriber => &mut run,
        };
        to.extend_from_slice(&length.to_be_bytes());
        to.extend_from_slice(body);
        if shared.each {
            send(shared, role, &mut run, &mut answers);
        }
    }
    send(shared, role, &mut run, &mut answers);
    taken
}

/// Sends what has been gathered.
fn send(shared: &Shared, role: &Role, run: &mut Vec<u8>, answers: &mut HashMap<u32, Vec<u8>>) {
    if !run.is_empty() {
        match role {
            Role::Publisher(subscribers) => subscribers.iter().for_each(|subscriber| subscriber.send(run)),
            Role::Caller(callee) => callee.send(run),
            Role::Unknown | Role::Callee | Role::Subscriber => {}
        }
        run.clear();
    }
    if !answers.is_empty() {
        let peers = shared.peers.read().unwrap_or_else(PoisonError::into_inner);
        for (caller, frames) in answers.drain() {
            if let Some(caller) = peers.get(&caller) {
                caller.send(&frames);
            }
        }
    }
}

fn unmask(bytes: &mut [u8], [a, b, c, d]: [u8; 4]) {
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (words, rest) = bytes.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip([a, b, c, d].iter().cycle()) {
        *byte ^= key;
    }
}

fn introduced(shared: &Shared, peer: &Arc<Peer>, what: &[u8]) -> Role {
    peer.send(&[0; 4]);
    let name = what.get(2..).unwrap_or_default().to_vec();
    match what.first() {
        Some(b'S') => {
            let mut subscribers = write(&shared.subscribers);
            let of_topic = subscribers.entry(name).or_default();
            of_topic.retain(|peer| !peer.is_gone());
            of_topic.push(peer.clone());
            Role::Subscriber
        }
        Some(b'P') => {
            let subscribers = shared.subscribers.read().unwrap_or_else(PoisonError::into_inner);
            Role::Publisher(subscribers.get(&name).cloned().unwrap_or_default())
        }
        Some(b'R') => {
            write(&shared.callees).insert(name, peer.clone());
            Role::Callee
        }
        Some(b'C') => match shared.callees.read().unwrap_or_else(PoisonError::into_inner).get(&name) {
            Some(callee) => Role::Caller(callee.clone()),
            None => Role::Subscriber,
        },
        _ => Role::Subscriber,
    }
}

//! `wamp keygen`.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use clap::Args;
use wamp_client::Value;
use wamp_proto::auth::cryptosign::{SigningKey, hex};

use crate::failure::Failure;
use crate::output::Output;
use crate::render::{NAME, object};

pub(crate) const EXAMPLES: &str = "\
Examples:
  wamp keygen machine.key             writes machine.key and prints the public key
  wamp keygen --public machine.key    prints the public key of a private one

  wamp --key machine.key sub com.a    joins with it, where the router knows the public key

The file holds the private key as 64 hex digits, readable by its owner only. autobahn takes that \
text as it is; the public key, 64 hex digits too, goes to a router's authorized keys.";

/// Make a key pair for WAMP-Cryptosign (Ed25519)
#[derive(Debug, Args)]
pub(crate) struct Flags {
    /// The file of the private key
    file: PathBuf,

    /// Make no key: print the public key of the one in the file
    #[arg(long, conflicts_with = "force")]
    public: bool,

    /// Overwrite the file if there is one: the key in it is lost
    #[arg(long)]
    force: bool,
}

pub(crate) fn run(flags: Flags, mut output: Output) -> Result<(), Failure> {
    let key = if flags.public { read(&flags.file)? } else { generate(&flags.file, flags.force)? };
    let public = key.public_key().to_string();
    let file = flags.file.display().to_string();
    if !output.for_people() {
        output.json(&object([("public_key", Value::from(public)), ("private_key_file", Value::from(file))]))?;
    } else if flags.public {
        output.line(public)?;
    } else {
        output.line(format_args!("public key   {NAME}{public}{NAME:#}"))?;
        output.line(format_args!("private key  in {file}, for its owner's eyes only"))?;
    }
    Ok(output.flush()?)
}

fn generate(file: &Path, force: bool) -> Result<SigningKey, Failure> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|error| Failure::Other(format!("the system has no random numbers: {error}")))?;
    let key = SigningKey::from_seed(&seed);
    write(file, &(hex(&seed) + "\n"), force).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => Failure::Usage(format!(
            "{} exists, and whatever key is in it would be lost; --force overwrites it",
            file.display()
        )),
        _ => Failure::io(format!("cannot write {}", file.display()), error),
    })?;
    Ok(key)
}

/// Writes a file that nobody else can read at any time.
fn write(file: &Path, text: &str, force: bool) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    if force {
        options.create(true).truncate(true)
    } else {
        options.create_new(true)
    };
    let mut opened = options.open(file)?;
    // One that was there keeps its permissions otherwise.
    opened.set_permissions(fs::Permissions::from_mode(0o600))?;
    opened.write_all(text.as_bytes())?;
    opened.sync_all()
}

fn read(file: &Path) -> Result<SigningKey, Failure> {
    let text =
        fs::read_to_string(file).map_err(|error| Failure::io(format!("cannot read {}", file.display()), error))?;
    text.trim().parse().map_err(|problem| Failure::Usage(format!("{} holds no private key: {problem}", file.display())))
}

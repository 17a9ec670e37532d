//! Who joins, and how that is proved.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use wamp_client::{Auth, SigningKey};

use crate::config::Profile;
use crate::failure::Failure;
use crate::setting::{Origin, Setting, Sources};

/// Flags about who joins.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Who joins (nobody in particular, if not given)")]
pub(crate) struct IdentityFlags {
    /// Who you are [env: WAMP_AUTHID]
    #[arg(long, global = true, value_name = "ID")]
    pub(crate) authid: Option<String>,

    /// Prove it with the private key in this file, as `wamp keygen` makes it [env: WAMP_KEY]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) key: Option<String>,

    /// Prove it with a secret: by ticket, wampcra or scram [env: WAMP_AUTH]
    #[arg(long, global = true, value_name = "METHOD", conflicts_with = "key")]
    pub(crate) auth: Option<String>,

    /// The file of the secret; without it the secret is $WAMP_SECRET [env: WAMP_SECRET_FILE]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) secret_file: Option<String>,
}

/// Who joins.
#[derive(Debug)]
pub(crate) enum Identity {
    Anonymous,
    Key { authid: Option<String>, key: Secret },
    Secret { authid: String, method: Method, secret: Secret },
}

/// How a secret proves who somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Ticket,
    Cra,
    Scram,
}

/// What is not to be shown.
pub(crate) struct Secret(String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

impl Identity {
    /// Settles what was left open by the flags. A profile's files are sought beside the config file.
    pub(crate) fn choose(
        flags: &IdentityFlags,
        profile: Option<&Profile>,
        sources: &Sources<'_>,
    ) -> Result<Self, Failure> {
        let nothing = Profile::default();
        let profile = profile.unwrap_or(&nothing);
        let folder = sources.config.path.parent().unwrap_or(Path::new(""));
        let find = |flag: &Option<String>, names, profile: &Option<String>| {
            sources.find(flag.as_ref(), names, profile.as_ref())
        };
        let authid = find(&flags.authid, ["--authid", "WAMP_AUTHID"], &profile.authid);
        let key = find(&flags.key, ["--key", "WAMP_KEY"], &profile.key);
        let auth = find(&flags.auth, ["--auth", "WAMP_AUTH"], &profile.auth);
        // The one that is nearer to the person wins, where a profile has the other.
        match (key, auth) {
            (Some(key), auth) if auth.as_ref().is_none_or(|auth| key.origin.distance() <= auth.origin.distance()) => {
                let text = read(&key, folder)?;
                text.parse::<SigningKey>().map_err(|problem| {
                    Failure::Usage(format!("{} (that is {}) holds no private key: {problem}", key.value, key.origin))
                })?;
                Ok(Self::Key { authid: authid.map(|authid| authid.value), key: Secret(text) })
            }
            (_, Some(auth)) => {
                let method = method(&auth)?;
                let authid = authid.ok_or_else(|| {
                    Failure::Usage(format!("{} proves who somebody is: --authid says who", auth.value))
                })?;
                let file = find(&flags.secret_file, ["--secret-file", "WAMP_SECRET_FILE"], &profile.secret_file);
                let secret = match file {
                    Some(file) => read(&file, folder)?,
                    None => (sources.variable)("WAMP_SECRET").ok_or_else(|| {
                        Failure::Usage(format!("{} needs a secret: WAMP_SECRET, or a --secret-file", auth.value))
                    })?,
                };
                Ok(Self::Secret { authid: authid.value, method, secret: Secret(secret) })
            }
            (_, None) => match authid {
                Some(authid) => Err(Failure::Usage(format!(
                    "what proves that you are {:?} ({})? --key, or --auth",
                    authid.value, authid.origin
                ))),
                None => Ok(Self::Anonymous),
            },
        }
    }

    /// The proof, where there is somebody.
    pub(crate) fn auth(&self) -> Option<Auth> {
        match self {
            Self::Anonymous => None,
            Self::Key { authid, key: Secret(key) } => {
                let auth = Auth::cryptosign(key.parse().ok()?);
                Some(match authid {
                    Some(authid) => auth.authid(authid),
                    None => auth,
                })
            }
            Self::Secret { authid, method, secret: Secret(secret) } => Some(match method {
                Method::Ticket => Auth::ticket(authid, secret),
                Method::Cra => Auth::wampcra(authid, secret),
                Method::Scram => Auth::scram(authid, secret),
            }),
        }
    }
}

fn method(setting: &Setting) -> Result<Method, Failure> {
    match setting.value.as_str() {
        "ticket" => Ok(Method::Ticket),
        "wampcra" => Ok(Method::Cra),
        "scram" => Ok(Method::Scram),
        other => Err(Failure::Usage(format!(
            "there is no way {other:?} to prove who somebody is ({}), only ticket, wampcra and scram; and --key",
            setting.origin
        ))),
    }
}

/// What a file holds, without the end of its last line.
fn read(file: &Setting, folder: &Path) -> Result<String, Failure> {
    let path = match file.origin {
        Origin::Profile(..) => folder.join(&file.value),
        _ => PathBuf::from(&file.value),
    };
    let text = fs::read_to_string(&path)
        .map_err(|error| Failure::Usage(format!("cannot read {} ({}): {error}", path.display(), file.origin)))?;
    Ok(text.trim_end_matches(['\n', '\r']).to_owned())
}

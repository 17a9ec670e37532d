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

    /// Bind the signature of --key to this one TLS connection: tls-exporter [env: WAMP_CHANNEL_BINDING]
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) channel_binding: Option<String>,

    /// Prove it with a secret, by ticket, wampcra, scram or jwt, or by tls with --tls-cert [env: WAMP_AUTH]
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
    Key {
        authid: Option<String>,
        key: Secret,
        binds: bool,
    },
    Secret {
        authid: String,
        method: Method,
        secret: Secret,
    },
    /// A token says who it is; an authid would have to be the same.
    Token {
        authid: Option<String>,
        token: Secret,
    },
    /// What is shown in TLS.
    Certificate {
        authid: Option<String>,
    },
}

/// How a secret proves who somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Ticket,
    Cra,
    Scram,
}

/// What is not to be shown.
pub(crate) struct Secret(pub(crate) String);

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
        has_certificate: bool,
    ) -> Result<Self, Failure> {
        let nothing = Profile::default();
        let profile = profile.unwrap_or(&nothing);
        let folder = sources.folder();
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
                let binding = ["--channel-binding", "WAMP_CHANNEL_BINDING"];
                let binds = match find(&flags.channel_binding, binding, &profile.channel_binding) {
                    None => false,
                    Some(binding) if binding.value == "tls-exporter" => true,
                    Some(Setting { value, origin }) => {
                        return Err(Failure::Usage(format!(
                            "there is no channel binding {value:?} ({origin}), only tls-exporter"
                        )));
                    }
                };
                Ok(Self::Key { authid: authid.map(|authid| authid.value), key: Secret(text), binds })
            }
            (_, Some(auth)) if auth.value == "tls" => {
                if !has_certificate {
                    return Err(Failure::Usage("tls needs a certificate: --tls-cert and --tls-key".to_owned()));
                }
                Ok(Self::Certificate { authid: authid.map(|authid| authid.value) })
            }
            (_, Some(auth)) => {
                let method = method(&auth)?;
                if method.is_some() && authid.is_none() {
                    return Err(Failure::Usage(format!("{} proves who somebody is: --authid says who", auth.value)));
                }
                let authid = authid.map(|authid| authid.value);
                let file = find(&flags.secret_file, ["--secret-file", "WAMP_SECRET_FILE"], &profile.secret_file);
                let secret = match file {
                    Some(file) => read(&file, folder)?,
                    None => (sources.variable)("WAMP_SECRET").ok_or_else(|| {
                        Failure::Usage(format!("{} needs a secret: WAMP_SECRET, or a --secret-file", auth.value))
                    })?,
                };
                let secret = Secret(secret);
                Ok(match (method, authid) {
                    (Some(method), Some(authid)) => Self::Secret { authid, method, secret },
                    (_, authid) => Self::Token { authid, token: secret },
                })
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
            Self::Key { authid, key: Secret(key), binds } => {
                let auth = Auth::cryptosign(key.parse().ok()?);
                Some(named(if *binds { auth.bind_channel() } else { auth }, authid))
            }
            Self::Token { authid, token: Secret(token) } => Some(named(Auth::jwt(token), authid)),
            Self::Certificate { authid } => Some(named(Auth::tls(), authid)),
            Self::Secret { authid, method, secret: Secret(secret) } => Some(match method {
                Method::Ticket => Auth::ticket(authid, secret),
                Method::Cra => Auth::wampcra(authid, secret),
                Method::Scram => Auth::scram(authid, secret),
            }),
        }
    }
}

fn named(auth: Auth, authid: &Option<String>) -> Auth {
    match authid {
        Some(authid) => auth.authid(authid),
        None => auth,
    }
}

/// What a secret is for; nothing if it says itself who it is.
fn method(setting: &Setting) -> Result<Option<Method>, Failure> {
    match setting.value.as_str() {
        "ticket" => Ok(Some(Method::Ticket)),
        "wampcra" => Ok(Some(Method::Cra)),
        "scram" => Ok(Some(Method::Scram)),
        "jwt" => Ok(None),
        other => Err(Failure::Usage(format!(
            "there is no way {other:?} to prove who somebody is ({}), only ticket, wampcra, scram, jwt and tls; \
             and --key",
            setting.origin
        ))),
    }
}

/// What a file holds, without the end of its last line.
pub(crate) fn read(file: &Setting, folder: &Path) -> Result<String, Failure> {
    let path = match file.origin {
        Origin::Profile(..) => folder.join(&file.value),
        _ => PathBuf::from(&file.value),
    };
    let text = fs::read_to_string(&path)
        .map_err(|error| Failure::Usage(format!("cannot read {} ({}): {error}", path.display(), file.origin)))?;
    Ok(text.trim_end_matches(['\n', '\r']).to_owned())
}

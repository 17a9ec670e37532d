//! What a directory knows of a user.

use serde_json::{Map, Value};
use wamp_proto::auth::cra::Salt;
use wamp_proto::auth::cryptosign::{PublicKey, unhex};
use wamp_proto::auth::scram::{Kdf, Verifier};

use super::Unavailable;
use crate::auth::{CraSecret, ScramSecret};
use crate::session::{Admission, Identity};

/// A user, as a directory describes it.
pub(super) struct Principal(pub(super) Map<String, Value>);

/// It may hold secrets.
impl std::fmt::Debug for Principal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Principal(…)")
    }
}

impl Principal {
    /// Whom it lets in; `authid` and `authrole` are what holds unless it says something else.
    pub(super) fn admission(
        &self,
        authid: Option<&str>,
        authrole: Option<&str>,
        method: &str,
        provider: &str,
    ) -> Result<Admission, Unavailable> {
        let authid = self.text("authid")?.or(authid).filter(|authid| !authid.is_empty());
        let authid =
            authid.ok_or_else(|| Unavailable("it names no `authid`, and neither does the client".to_owned()))?;
        let authrole = self.text("role")?.or(authrole).filter(|authrole| !authrole.is_empty());
        let authrole = authrole.ok_or_else(|| Unavailable("it names no `role`, and there is no default".to_owned()))?;
        let authextra = match self.0.get("extra") {
            None | Some(Value::Null) => None,
            Some(extra @ Value::Object(_)) => serde_json::from_value(extra.clone()).ok(),
            Some(_) => return Err(Unavailable("its `extra` is no dict".to_owned())),
        };
        let identity = Identity {
            authid: authid.into(),
            authrole: authrole.into(),
            authmethod: method.into(),
            authprovider: provider.into(),
        };
        Ok(Admission { realm: self.text("realm")?.map(Into::into), authextra, ..identity.into() })
    }

    pub(super) fn cra(&self) -> Result<CraSecret, Unavailable> {
        let secret = self.text("secret")?.ok_or_else(|| missing("secret"))?;
        if !["salt", "iterations", "keylen"].iter().any(|key| self.0.get(*key).is_some_and(|value| !value.is_null())) {
            return Ok(CraSecret::plain(secret));
        }
        let salt = self.text("salt")?.ok_or_else(|| missing("salt"))?;
        let keylen = self.number("keylen")?.unwrap_or(32);
        let salt = Salt::checked(salt, self.number("iterations")?.unwrap_or(1000), keylen as usize);
        let salt = salt.ok_or_else(|| Unavailable("its `iterations` or `keylen` is out of bounds".to_owned()))?;
        Ok(CraSecret::stored(secret, salt))
    }

    pub(super) fn scram(&self) -> Result<ScramSecret, Unavailable> {
        let kdf = self.text("kdf")?.ok_or_else(|| missing("kdf"))?;
        let iterations = self.number("iterations")?.ok_or_else(|| missing("iterations"))?;
        let kdf = Kdf::checked(kdf, iterations, self.number("memory")?);
        let kdf = kdf.map_err(|error| Unavailable(error.to_string()))?;
        let verifier = Verifier { stored_key: self.key("stored-key")?, server_key: self.key("server-key")? };
        Ok(ScramSecret { salt: self.bytes("salt")?, kdf, verifier })
    }

    pub(super) fn key_of_user(&self) -> Result<PublicKey, Unavailable> {
        let key = self.text("pubkey")?.ok_or_else(|| missing("pubkey"))?;
        key.parse().map_err(|invalid| Unavailable(format!("its `pubkey`: {invalid}")))
    }

    fn text(&self, key: &str) -> Result<Option<&str>, Unavailable> {
        match self.0.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Unavailable(format!("its `{key}` is no text"))),
        }
    }

    fn number(&self, key: &str) -> Result<Option<u32>, Unavailable> {
        match self.0.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(number) => {
                let number = number.as_u64().and_then(|number| u32::try_from(number).ok());
                number.map(Some).ok_or_else(|| Unavailable(format!("its `{key}` is no number")))
            }
        }
    }

    fn bytes(&self, key: &str) -> Result<Vec<u8>, Unavailable> {
        let text = self.text(key)?.ok_or_else(|| missing(key))?;
        let pairs = text.as_bytes().chunks(2).map(|pair| {
            let pair = str::from_utf8(pair).ok()?;
            unhex::<1>(pair).map(|[byte]| byte)
        });
        let bytes: Option<Vec<u8>> = pairs.collect();
        bytes.ok_or_else(|| Unavailable(format!("its `{key}` is not in hexadecimal")))
    }

    fn key(&self, key: &str) -> Result<[u8; 32], Unavailable> {
        self.bytes(key)?.try_into().map_err(|_| Unavailable(format!("its `{key}` has not 32 bytes")))
    }
}

fn missing(key: &str) -> Unavailable {
    Unavailable(format!("it has no `{key}`"))
}

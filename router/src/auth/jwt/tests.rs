//! The keys and tokens in `fixtures` were made by the Python package `cryptography`; the tokens are good until 2100.

use ::ring::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value as Json, json};
use wamp_proto::Value;

use super::*;

const TOKENS: &str = include_str!("fixtures/tokens.txt");
const KEY_SET: &[u8] = include_bytes!("fixtures/keys.json");
const PEM: &[u8] = include_bytes!("fixtures/keys.pem");
const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

fn asked() -> Asked {
    Asked { realm: "realm1".into(), authid: None }
}

fn part(json: &Json) -> String {
    URL_SAFE_NO_PAD.encode(json.to_string())
}

fn signed(header: &Json, claims: &Json, secret: &[u8]) -> String {
    let message = format!("{}.{}", part(header), part(claims));
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// A token with these claims besides its subject, role and expiry.
fn token(claims: Json) -> String {
    let mut all = json!({"sub": "joe", "role": "user", "exp": now() + 100});
    let more = claims.as_object().unwrap().clone();
    all.as_object_mut().unwrap().extend(more);
    signed(&json!({"alg": "HS256"}), &all, SECRET)
}

fn now() -> u64 {
    get_current_timestamp()
}

fn jwt() -> Jwt {
    Jwt::new([JwtKey::secret(SECRET).unwrap()]).allow_role("user").allow_role("admin")
}

fn refused(jwt: &Jwt, token: &str) -> String {
    let refusal = jwt.admit(token, METHOD, &asked()).unwrap_err();
    assert_eq!(refusal.reason, "wamp.error.authentication_denied");
    refusal.message
}

#[track_caller]
fn assert_refused(jwt: &Jwt, token: &str, why: &str) {
    assert_eq!(refused(jwt, token), format!("the token is not accepted: {why}"));
}

#[test]
fn every_algorithm_of_a_key_set() {
    let jwt = Jwt::new(JwtKey::set(KEY_SET).unwrap()).allow_role("user");
    let mut algorithms = Vec::new();
    for (algorithm, token) in TOKENS.lines().map(|line| line.split_once(' ').unwrap()) {
        let admission = jwt.admit(token, METHOD, &asked()).unwrap();
        assert_eq!((&*admission.identity.authid, &*admission.identity.authrole), ("joe", "user"), "{algorithm}");
        // One bit of the signature is wrong.
        let (message, signature) = token.rsplit_once('.').unwrap();
        let mut signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        *signature.last_mut().unwrap() ^= 1;
        let forged = format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature));
        assert_refused(&jwt, &forged, "its signature is of another key");
        algorithms.push(algorithm);
    }
    assert_eq!(
        algorithms.join(" "),
        "HS256 HS384 HS512 RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 EdDSA",
        "the fixtures have them all"
    );
}

#[test]
fn public_keys_of_a_pem_file() {
    let keys = JwtKey::pem(PEM).unwrap();
    assert_eq!(keys.len(), 4);
    let jwt = Jwt::new(keys).allow_role("user");
    for (algorithm, token) in TOKENS.lines().map(|line| line.split_once(' ').unwrap()) {
        let admitted = jwt.admit(token, METHOD, &asked()).is_ok();
        assert_eq!(admitted, !algorithm.starts_with("HS"), "{algorithm}: there is no secret in a PEM file");
    }
}

/// Who knows the public key must not be able to sign with it, as if it were a secret.
#[test]
fn a_public_key_is_no_secret() {
    for keys in [JwtKey::pem(PEM).unwrap(), JwtKey::set(KEY_SET).unwrap()] {
        let jwt = Jwt::new(keys).allow_role("user");
        let claims = json!({"sub": "joe", "role": "user", "exp": now() + 100});
        for kid in [json!(null), json!("rsa"), json!("ed")] {
            let header = json!({"alg": "HS256", "kid": kid});
            refused(&jwt, &signed(&header, &claims, PEM));
            refused(&jwt, &signed(&header, &claims, KEY_SET));
        }
    }
}

#[test]
fn what_is_not_signed_is_not_believed() {
    let claims = json!({"sub": "joe", "role": "user", "exp": now() + 100});
    for alg in ["none", "None", "NONE", "", "HS1", "hs256"] {
        let unsigned = format!("{}.{}.", part(&json!({"alg": alg})), part(&claims));
        let why = "it is no JSON Web Token, or says that it is signed in a way that nobody accepts";
        assert_refused(&jwt(), &unsigned, why);
    }
    let unsigned = format!("{}.{}.", part(&json!({"alg": "HS256"})), part(&claims));
    assert_refused(&jwt(), &unsigned, "its signature is of another key");
    let other = signed(&json!({"alg": "HS256"}), &claims, b"another secret of thirty-two byte");
    assert_refused(&jwt(), &other, "its signature is of another key");
    let critical = signed(&json!({"alg": "HS256", "crit": ["b64"], "b64": false}), &claims, SECRET);
    assert_refused(&jwt(), &critical, "it has critical headers (`crit`), and none is known here");
    for garbage in ["", ".", "..", "a.b.c", "é.é.é", &"a".repeat(LONGEST + 1), &format!("{}.e30.", "W".repeat(4000))]
    {
        refused(&jwt(), garbage);
    }
    let no_object = format!("{}.{}", part(&json!({"alg": "HS256"})), part(&json!([1])));
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET), no_object.as_bytes());
    let no_object = format!("{no_object}.{}", URL_SAFE_NO_PAD.encode(signature));
    assert_refused(&jwt(), &no_object, "it is no JSON Web Token as it should be");
}

#[test]
fn a_token_has_its_time() {
    let jwt = jwt().leeway(Duration::from_secs(30));
    let admits = |claims| jwt.admit(&token(claims), METHOD, &asked()).is_ok();
    assert!(admits(json!({"exp": now() - 10, "nbf": now() + 10, "iat": now() + 10})), "within the leeway");
    assert!(admits(json!({"exp": now() as f64 + 10.5})), "times may have fractions");
    assert_refused(&jwt, &token(json!({"exp": now() - 100})), "it has expired");
    assert_refused(&jwt, &token(json!({"nbf": now() + 100})), "its time (`nbf`) has not come yet");
    assert_refused(&jwt, &token(json!({"iat": now() + 100})), "it has been issued in the future");
    assert_refused(&jwt, &token(json!({"iat": "today"})), "its claim \"iat\" is no time");
    assert_refused(&jwt, &token(json!({"nbf": "today"})), "its claim \"nbf\" is not as it should be");
    for no_time in [json!(null), json!("tomorrow"), json!(-1)] {
        assert_refused(&jwt, &token(json!({"exp": no_time})), "it lacks the claim \"exp\"");
    }
}

#[test]
fn issuer_and_audience() {
    let one = jwt().issuer("https://a.example").issuer("https://b.example").audience("wamp");
    let admission = one.admit(&token(json!({"iss": "https://b.example", "aud": ["x", "wamp"]})), METHOD, &asked());
    assert_eq!(&*admission.unwrap().identity.authprovider, "https://b.example");
    let iss = "https://a.example";
    assert_refused(&one, &token(json!({"iss": iss})), "it lacks the claim \"aud\"");
    assert_refused(&one, &token(json!({"aud": "wamp"})), "it lacks the claim \"iss\"");
    assert_refused(&one, &token(json!({"iss": iss, "aud": "http"})), "it is meant for another audience (`aud`)");
    let wrong = token(json!({"iss": "https://evil.example", "aud": "wamp"}));
    assert_refused(&one, &wrong, "it is of an issuer (`iss`) that is not trusted here");
    assert_refused(&jwt(), &token(json!({"aud": "http"})), "it is meant for another audience (`aud`)");
}

#[test]
fn roles_are_given_only_as_allowed() {
    let role = |jwt: &Jwt, claims| Some(jwt.admit(&token(claims), METHOD, &asked()).ok()?.identity.authrole);
    let (strict, lenient) = (jwt(), jwt().role("guest"));
    assert_eq!(role(&strict, json!({"role": "admin"})).as_deref(), Some("admin"));
    assert_eq!(role(&strict, json!({"role": ["offline", "admin", "user"]})).as_deref(), Some("admin"));
    for other in [json!("root"), json!(["root"]), json!(null), json!(7)] {
        assert_eq!(role(&strict, json!({"role": other})), None);
        assert_eq!(role(&lenient, json!({"role": other})).as_deref(), Some("guest"));
    }
}

#[test]
fn claims_are_found_by_name_or_way() {
    let jwt = jwt().claims(JwtClaims {
        authid: "https://example.com/user".into(),
        authrole: "access.wamp.roles".into(),
        realm: "tenant".into(),
        authextra: vec!["email".into(), "access.level".into(), "missing".into()],
    });
    let claims = json!({
        "https://example.com/user": 42, "tenant": ["realm0", "realm1"], "email": "joe@example.com",
        "access": {"wamp": {"roles": ["user"]}, "level": 3},
    });
    let admission = jwt.admit(&token(claims), METHOD, &asked()).unwrap();
    assert_eq!((&*admission.identity.authid, &*admission.identity.authrole), ("42", "user"));
    let extra = vec![
        ("email".to_owned(), Value::Str("joe@example.com".to_owned())),
        ("access.level".to_owned(), Value::Uint(3)),
    ];
    assert_eq!(admission.authextra, Some(Value::Map(extra)));
    assert_refused(&jwt, &token(json!({})), "its claim \"https://example.com/user\" names nobody");
}

#[test]
fn a_token_is_for_its_realm_and_user() {
    let jwt = jwt();
    assert!(jwt.admit(&token(json!({"realm": "realm1"})), METHOD, &asked()).is_ok());
    for realm in [json!("realm2"), json!(["realm2"]), json!(1)] {
        assert_refused(&jwt, &token(json!({"realm": realm})), "it is for another realm");
    }
    let anywhere = Asked { realm: "".into(), ..asked() };
    let admission = jwt.admit(&token(json!({"realm": ["realm7", "realm1"]})), METHOD, &anywhere).unwrap();
    assert_eq!(admission.realm.as_deref(), Some("realm7"), "who asks for no realm gets the token's");
    let as_joe = |authid: &str| jwt.admit(&token(json!({})), METHOD, &Asked { authid: Some(authid.into()), ..asked() });
    assert!(as_joe("joe").is_ok());
    assert!(as_joe("ann").unwrap_err().message.ends_with("it is not of the authid in HELLO"));
}

/// A new key is added under a name of its own; the old one goes when its last token has expired.
#[test]
fn keys_rotate_by_their_names() {
    let set = |keys: &[(&str, &[u8])]| {
        let keys: Vec<_> = keys
            .iter()
            .map(|(kid, key)| json!({"kty": "oct", "alg": "HS256", "kid": kid, "k": URL_SAFE_NO_PAD.encode(key)}))
            .collect();
        Jwt::new(JwtKey::set(json!({"keys": keys}).to_string().as_bytes()).unwrap()).allow_role("user")
    };
    let new: &[u8] = b"a new secret of thirty-two bytes";
    let jwt = set(&[("2025", SECRET), ("2026", new)]);
    let claims = json!({"sub": "joe", "role": "user", "exp": now() + 100});
    let token = |kid: &str, secret| signed(&json!({"alg": "HS256", "kid": kid}), &claims, secret);
    for (kid, secret) in [("2025", SECRET), ("2026", new)] {
        assert!(jwt.admit(&token(kid, secret), METHOD, &asked()).is_ok(), "{kid}");
    }
    assert!(jwt.admit(&signed(&json!({"alg": "HS256"}), &claims, new), METHOD, &asked()).is_ok(), "each is tried");
    assert_refused(&jwt, &token("2025", new), "its signature is of another key");
    assert_refused(&jwt, &token("2024", SECRET), "there is no key here for its `kid` and `alg`");
    assert_refused(&set(&[("2026", new)]), &token("2025", SECRET), "there is no key here for its `kid` and `alg`");
}

#[test]
fn keys_that_are_none() {
    assert_eq!(JwtKey::secret(&[7; 31]).unwrap_err(), JwtKeyError::ShortSecret(31));
    let private = b"-----BEGIN PRIVATE KEY-----\nMC4CAQ==\n-----END PRIVATE KEY-----\n";
    for wrong in [&b""[..], b"ssh-ed25519 AAAA", private, include_bytes!("fixtures/secp256k1.pem")] {
        assert_eq!(JwtKey::pem(wrong).unwrap_err(), JwtKeyError::Pem);
    }
    assert!(matches!(JwtKey::set(b"[]").unwrap_err(), JwtKeyError::KeySet(_)));
    assert_eq!(JwtKey::set(br#"{"keys":[{"kty":"oct","k":"c2hvcnQ"}]}"#).unwrap_err(), JwtKeyError::NoneUsable(1));
    let many = json!({"keys": vec![json!({}); 65]}).to_string();
    assert_eq!(JwtKey::set(many.as_bytes()).unwrap_err(), JwtKeyError::TooMany(65));
    let shown = format!("{:?}", jwt());
    assert!(!shown.contains("48, 49") && !shown.contains("0123"), "{shown}");
}

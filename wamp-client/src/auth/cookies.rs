//! Cookies, by which a router knows a client again (RFC 6265, as far as a program with one purpose needs it).

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

/// Cookies of one router that are kept; a router needs one.
const MOST: usize = 16;

/// The longest cookie that is kept, name and value.
const LONGEST: usize = 4096;

/// What routers have asked to be sent with the next handshake.
#[derive(Default)]
pub(crate) struct Cookies(Mutex<HashMap<String, Vec<Cookie>>>);

struct Cookie {
    name: String,
    value: String,
    /// Not for connections that anybody can listen to.
    secure: bool,
}

impl Cookies {
    /// The header `Cookie` for a router.
    pub(crate) fn header(&self, router: &str, tls: bool) -> Option<String> {
        let routers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fit = routers.get(router)?.iter().filter(|cookie| tls || !cookie.secure);
        let pairs: Vec<_> = fit.map(|Cookie { name, value, .. }| format!("{name}={value}")).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// Keeps what a header `Set-Cookie` says.
    pub(crate) fn set(&self, router: &str, header: &str) {
        let mut parts = header.split(';').map(str::trim);
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else { return };
        if name.is_empty() || name.len() + value.len() > LONGEST {
            return;
        }
        let (mut secure, mut is_over) = (false, false);
        for attribute in parts {
            let (attribute, value) = attribute.split_once('=').unwrap_or((attribute, ""));
            secure |= attribute.eq_ignore_ascii_case("secure");
            is_over |= attribute.eq_ignore_ascii_case("max-age") && value.parse().is_ok_and(|age: i64| age <= 0);
        }
        let mut routers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let cookies = routers.entry(router.to_owned()).or_default();
        cookies.retain(|cookie| cookie.name != name);
        if !is_over && cookies.len() < MOST {
            cookies.push(Cookie { name: name.to_owned(), value: value.to_owned(), secure });
        }
    }
}

impl fmt::Debug for Cookies {
    /// Shows no secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cookies(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_goes_back_to_its_router() {
        let cookies = Cookies::default();
        assert_eq!(cookies.header("a:80", true), None);
        cookies.set("a:80", "cbtid=one; Max-Age=604800; HttpOnly; SameSite=Lax");
        cookies.set("a:80", "lb=x=y");
        assert_eq!(cookies.header("a:80", false).as_deref(), Some("cbtid=one; lb=x=y"));
        assert_eq!(cookies.header("b:80", false), None);
        cookies.set("a:80", "cbtid=two;secure");
        assert_eq!(cookies.header("a:80", true).as_deref(), Some("lb=x=y; cbtid=two"));
        assert_eq!(cookies.header("a:80", false).as_deref(), Some("lb=x=y"));
        cookies.set("a:80", "cbtid=; max-age=0");
        assert_eq!(cookies.header("a:80", true).as_deref(), Some("lb=x=y"));
    }

    #[test]
    fn what_is_none_or_too_much_is_not_kept() {
        let cookies = Cookies::default();
        for header in ["", "a", "=b", &format!("a={}", "x".repeat(LONGEST))] {
            cookies.set("a:80", header);
        }
        assert_eq!(cookies.header("a:80", true), None);
        for number in 0..2 * MOST {
            cookies.set("a:80", &format!("n{number}=v"));
        }
        assert_eq!(cookies.header("a:80", true).expect("there are some").split("; ").count(), MOST);
    }
}

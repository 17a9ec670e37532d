//! The cookies of a WebSocket transport.

use std::time::Duration;

use crate::auth::{CookieSettings, SameSite};
use crate::configuration::section::Section;

const SAME_SITE: [(&str, SameSite); 6] = [
    ("strict", SameSite::Strict),
    ("lax", SameSite::Lax),
    ("none", SameSite::None),
    ("Strict", SameSite::Strict),
    ("Lax", SameSite::Lax),
    ("None", SameSite::None),
];

/// Ten years, as Crossbar.io counts them.
const LONGEST: u64 = 86_400 * 360 * 10;

/// Reads `cookie` of a transport.
pub(crate) fn read(transport: &Section<'_>) -> Option<CookieSettings> {
    let section = transport.section("cookie")?;
    let mut settings = CookieSettings::default();
    if let Some(name) = section.text("name") {
        let mut letters = name.chars();
        let is_good = letters.next().is_some_and(|first| first.is_ascii_lowercase())
            && name.len() >= 2
            && letters.all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_');
        if !is_good {
            section.problem_at("name", "a cookie's name is small letters, digits and _, with a letter at first");
        }
        settings.name = name.to_owned();
    }
    settings.length = section.count("length", 6..=CookieSettings::LONGEST).unwrap_or(settings.length);
    if let Some(seconds) = section.integer("max_age", 1..=LONGEST) {
        settings.max_age = Duration::from_secs(seconds);
    }
    settings.same_site = section.choice("same_site", &SAME_SITE).unwrap_or(settings.same_site);
    settings.secure = section.bool("secure").unwrap_or(settings.secure);
    settings.http_only = section.bool("http_strict").unwrap_or(settings.http_only);
    if let Some(store) = section.section("store") {
        match store.required_choice("type", &[("memory", Kind::Memory), ("file", Kind::File), ("database", Kind::Lmdb)])
        {
            Some(Kind::Memory) => store.finish(),
            Some(Kind::File) => {
                settings.file = store.required_path("filename");
                // What has expired is not kept anyway.
                store.ignored(&["purge_on_startup"]);
                store.finish();
            }
            Some(Kind::Lmdb) => {
                store.unsupported("type", "there is no LMDB here; use {\"type\": \"file\", \"filename\": …}");
                store.abandon();
            }
            None => store.abandon(),
        }
    }
    section.finish();
    Some(settings)
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Memory,
    File,
    Lmdb,
}

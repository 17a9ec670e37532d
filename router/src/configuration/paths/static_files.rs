//! `static`: the files of a folder.

use std::collections::HashMap;

use axum::http::HeaderValue;

use super::{Section, Service};
use crate::configuration::document::Value;
use crate::http::services::static_files::{StaticSettings, is_servable};

pub(super) fn read(section: Section<'_>) -> Option<Service> {
    let instead = "name the folder itself with the key \"directory\"";
    section.unsupported("package", instead);
    section.unsupported("resource", instead);
    let directory = if section.has("package") { section.path("directory") } else { section.required_path("directory") };
    if let Some(directory) = &directory
        && !directory.is_dir()
    {
        section.warn(format!("there is no folder {} yet", directory.display()));
    }
    let mut settings = StaticSettings {
        directory: directory.unwrap_or_default(),
        default_file: None,
        listing: false,
        mime_types: HashMap::new(),
        cache_timeout: None,
        allow_cross_origin: false,
    };
    if let Some(options) = section.section("options") {
        settings.listing = options.bool("enable_directory_listing").unwrap_or(false);
        settings.cache_timeout = options.seconds("cache_timeout");
        settings.allow_cross_origin = options.bool("allow_cross_origin").unwrap_or(false);
        settings.default_file = options.text("default_file").map(Into::into);
        if settings.default_file.as_deref().is_some_and(|name| !is_servable(name)) {
            options.problem_at("default_file", "this has to be the name of a file in the folder, relative to it");
        }
        if let Some(kinds) = options.section("mime_types") {
            settings.mime_types = mime_types(kinds);
        }
    }
    Some(Service::Static(settings))
}

fn mime_types(kinds: Section<'_>) -> HashMap<String, HeaderValue> {
    let mut read = HashMap::new();
    for (extension, kind) in kinds.entries() {
        let place = extension.trim_start_matches('.').to_ascii_lowercase();
        let Value::Text(text) = kind.raw() else {
            kind.text();
            continue;
        };
        match HeaderValue::from_str(text) {
            Ok(text) if !text.is_empty() => _ = read.insert(place, text),
            _ => kind.problem("this has to be a media type such as \"text/plain\""),
        }
    }
    read
}

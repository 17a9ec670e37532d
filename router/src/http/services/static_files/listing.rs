//! A page that shows what is in a folder.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use axum::response::Html;

use super::path::{is_hidden, segment_of};

/// Names shown. A folder of more is not for people.
const MOST: usize = 10_000;

/// The page; none if there is no such folder. `nested` says whether there is one above it.
pub(super) async fn of(folder: PathBuf, nested: bool) -> Option<Html<String>> {
    let names = tokio::task::spawn_blocking(move || names(&folder)).await.ok()??;
    Some(Html(page(&names, nested)))
}

/// The names, those of folders with a slash at the end.
fn names(folder: &Path) -> Option<Vec<String>> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .ok()?
        .flatten()
        .filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry.path().is_dir())))
        .filter(|(name, _)| !is_hidden(name))
        .map(|(name, is_folder)| if is_folder { name + "/" } else { name })
        .take(MOST)
        .collect();
    names.sort_unstable();
    Some(names)
}

fn page(names: &[String], nested: bool) -> String {
    let mut page =
        String::from("<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Files</title>\n<ul>\n");
    if nested {
        page.push_str("<li><a href=\"../\">../</a>\n");
    }
    for name in names {
        let (bare, slash) = name.strip_suffix('/').map_or((name.as_str(), ""), |bare| (bare, "/"));
        // `./`: a name with a colon in it would begin with a scheme.
        let _ = writeln!(page, "<li><a href=\"./{}{slash}\">{}</a>", segment_of(bare), escaped(name));
    }
    page.push_str("</ul>\n");
    page
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_names() {
        let names = ["<script>&.txt".to_owned(), "a b/".to_owned(), "javascript:alert(1)".to_owned()];
        let page = page(&names, true);
        assert!(page.contains("<a href=\"../\">../</a>"), "{page}");
        assert!(page.contains("<a href=\"./%3Cscript%3E%26.txt\">&lt;script&gt;&amp;.txt</a>"), "{page}");
        assert!(page.contains("<a href=\"./a%20b/\">a b/</a>"), "{page}");
        assert!(page.contains("<a href=\"./javascript%3Aalert%281%29\">"), "{page}");
    }
}

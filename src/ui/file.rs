//! A file of the UI as an HTTP answer. Names with a hash of their content are kept by browsers for good; all
//! others are asked for again each time, and not sent again while they are the same.

use std::fs::Metadata;
use std::time::UNIX_EPOCH;

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use tokio::io::AsyncReadExt as _;
use tokio_util::io::ReaderStream;

use super::folder::UiFolder;

const CHUNK_BYTES: usize = 64 * 1024;

/// The answer to a GET or HEAD of `path`, or nothing if the UI has no such file.
pub(super) async fn answer(folder: &UiFolder, path: &str, request: &HeaderMap) -> Option<Response> {
    let file = tokio::fs::File::open(folder.locate(path)?).await.ok()?;
    let metadata = file.metadata().await.ok().filter(Metadata::is_file)?;
    let validators = [(ETAG, etag(&metadata)), (CACHE_CONTROL, cache_control(path).to_owned())];
    if is_known(&validators[0].1, request) {
        return Some((StatusCode::NOT_MODIFIED, validators).into_response());
    }
    let headers = [(CONTENT_TYPE, content_type(path)), (CONTENT_LENGTH, metadata.len().to_string())];
    let content = ReaderStream::with_capacity(file.take(metadata.len()), CHUNK_BYTES);
    Some((validators, headers, Body::from_stream(content)).into_response())
}

/// Changes when the file does; also when an older one is put in its place, which a date would not tell.
fn etag(metadata: &Metadata) -> String {
    let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    format!("\"{:x}-{:x}\"", modified.unwrap_or_default().as_nanos(), metadata.len())
}

fn is_known(etag: &str, request: &HeaderMap) -> bool {
    let known = request.get(IF_NONE_MATCH).and_then(|tags| tags.to_str().ok()).unwrap_or_default();
    known.split(',').map(|tag| tag.trim().trim_start_matches("W/")).any(|tag| tag == "*" || tag == etag)
}

fn cache_control(path: &str) -> &'static str {
    let name = path.rsplit('/').next().unwrap_or(path);
    if name.split('.').any(is_hash) { "public, max-age=31536000, immutable" } else { "no-cache" }
}

/// As the UI's build puts it into names: eight hexadecimal digits or more.
fn is_hash(part: &str) -> bool {
    part.len() >= 8 && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn content_type(path: &str) -> String {
    let guessed = mime_guess::from_path(path).first_raw().unwrap_or("application/octet-stream");
    if guessed.starts_with("text/") { format!("{guessed}; charset=utf-8") } else { guessed.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_a_hash_is_kept_for_good() {
        for name in [
            "static/js/main.c2f5f8d4.js",
            "static/media/pdf.worker.min.16b289c2599c81a29db9.mjs",
            "0123456789",
        ] {
            assert!(cache_control(name).contains("immutable"), "{name}");
        }
        for name in ["index.html", "manifest.json", "favicon.ico", "deadbeefs/index.html", "a.c2f5f8d.js", ""]
        {
            assert_eq!(cache_control(name), "no-cache", "{name}");
        }
    }

    #[test]
    fn scripts_fonts_and_pages_have_the_types_that_browsers_insist_on() {
        for (name, expected) in [
            ("a.js", "text/javascript; charset=utf-8"),
            ("a.mjs", "application/javascript"),
            ("a.css", "text/css; charset=utf-8"),
            ("a.html", "text/html; charset=utf-8"),
            ("a.svg", "image/svg+xml"),
            ("a.woff2", "font/woff2"),
            ("a.json", "application/json"),
            ("a", "application/octet-stream"),
        ] {
            assert_eq!(content_type(name), expected, "{name}");
        }
    }

    #[test]
    fn any_of_the_known_states_may_be_the_present_one() {
        let knows = |tags: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(IF_NONE_MATCH, tags.parse().unwrap());
            is_known("\"1-2\"", &headers)
        };
        assert!(knows("\"1-2\"") && knows("\"0-0\", W/\"1-2\"") && knows("*"));
        assert!(!knows("\"1-3\"") && !knows("1-2") && !is_known("\"1-2\"", &HeaderMap::new()));
    }
}

//! What a file's name says: its type, and how the browser is told to call it.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use unicode_normalization::UnicodeNormalization;

/// Extensions, or whole names, that are shown as text.
const TEXT: [&str; 27] = [
    "txt",
    "log",
    "err",
    "cfg",
    "conf",
    "cnf",
    "cf",
    "ini",
    "properties",
    "prop",
    "hocon",
    "toml",
    "yaml",
    "yml",
    "xml",
    "json",
    "js",
    "py",
    "py3",
    "csv",
    "tsv",
    "md",
    "rst",
    "ipynb",
    "MLmodel",
    "MLproject",
    "mlproject",
];

/// Extensions of compressed files; the type is that of what is inside.
const COMPRESSED: [&str; 5] = ["gz", "Z", "bz2", "xz", "br"];

const BINARY: &str = "application/octet-stream";

/// The characters that RFC 5987 leaves as they are.
const ATTRIBUTE_CHARS: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// The media type of a file, without a charset.
pub(super) fn content_type(name: &str) -> String {
    let extension = extension(name).unwrap_or(name);
    if TEXT.contains(&extension) {
        return "text/plain".to_owned();
    }
    let inside = name.strip_suffix(extension).map(|stem| stem.trim_end_matches('.'));
    let guessed = match extension.to_ascii_lowercase().as_str() {
        "tgz" | "tar" => Some("application/x-tar"),
        _ if COMPRESSED.contains(&extension) => inside.and_then(guess),
        _ => guess(name),
    };
    guessed.unwrap_or(BINARY).to_owned()
}

/// What is behind the last dot; none when all before it is dots.
fn extension(name: &str) -> Option<&str> {
    let (stem, extension) = name.rsplit_once('.')?;
    (!stem.trim_start_matches('.').is_empty() && !extension.is_empty()).then_some(extension)
}

fn guess(name: &str) -> Option<&'static str> {
    match extension(name)?.to_ascii_lowercase().as_str() {
        "tar" => Some("application/x-tar"),
        _ => mime_guess::from_path(name).first_raw(),
    }
}

/// The `Content-Disposition` of a download: the name as it is, or in ASCII with the real one beside it.
pub(super) fn content_disposition(name: &str) -> String {
    if name.is_ascii() {
        return format!("attachment; filename={}", quoted(name));
    }
    let ascii: String = name.nfkd().filter(char::is_ascii).collect();
    let fallback = if ascii.is_empty() { "download" } else { &ascii };
    let exact = utf8_percent_encode(name, ATTRIBUTE_CHARS);
    format!("attachment; filename={}; filename*=UTF-8''{exact}", quoted(fallback))
}

/// A header's value: a token as it is, anything else in quotes.
fn quoted(value: &str) -> String {
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if !value.is_empty() && value.chars().all(is_token) {
        return value.to_owned();
    }
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_follow_the_extension_and_text_is_shown_as_text() {
        for (name, expected) in [
            ("a.txt", "text/plain"),
            ("a.yaml", "text/plain"),
            ("MLmodel", "text/plain"),
            ("x.MLproject", "text/plain"),
            ("data.json", "text/plain"),
            ("nb.ipynb", "text/plain"),
            ("A.TXT", "text/plain"),
            ("page.html", "text/html"),
            ("plot.svg", "image/svg+xml"),
            ("plot.png", "image/png"),
            ("x.tar.gz", "application/x-tar"),
            ("x.tgz", "application/x-tar"),
            ("x.gz", BINARY),
            ("x.json.gz", "application/json"),
            ("model.pkl", BINARY),
            ("noextension", BINARY),
            (".txt", BINARY),
            ("x.", BINARY),
            ("", BINARY),
        ] {
            assert_eq!(content_type(name), expected, "{name}");
        }
    }

    #[test]
    fn names_that_are_not_tokens_are_quoted_and_foreign_ones_encoded() {
        for (name, expected) in [
            ("a.txt", "a.txt"),
            ("s p ace.txt", "\"s p ace.txt\""),
            ("quote\".txt", "\"quote\\\".txt\""),
            ("back\\slash", "\"back\\\\slash\""),
            ("c:d.txt", "\"c:d.txt\""),
            ("ünï.txt", "uni.txt; filename*=UTF-8''%C3%BCn%C3%AF.txt"),
            ("日本語", "download; filename*=UTF-8''%E6%97%A5%E6%9C%AC%E8%AA%9E"),
            ("日 (1)*'.txt", "\" (1)*'.txt\"; filename*=UTF-8''%E6%97%A5%20%281%29%2A%27.txt"),
            ("", "\"\""),
        ] {
            assert_eq!(content_disposition(name), format!("attachment; filename={expected}"), "{name}");
        }
    }
}

//! Paths of artifacts as callers write them, made safe to join with a folder.
//!
//! The one idea: a value of [`ArtifactPath`] has no segment that could leave the folder it is joined with,
//! however often the caller percent-encoded it. Symbolic links are the store's business, not the text's.

use forebay_core::invalid::Invalid;
use percent_encoding::percent_decode_str;

/// How often a path is percent-decoded, at most, until it stays the same.
const MAX_DECODINGS: usize = 10;

/// Longest segment, in bytes: what file systems take.
const MAX_SEGMENT_BYTES: usize = 255;

/// Longest path, in bytes; with the folder before it, file systems take 4,096.
const MAX_PATH_BYTES: usize = 3_072;

/// Beginning of the names of uploads that are under way, MLflow's own; listings leave them out.
pub(crate) const UPLOADING_PREFIX: &str = ".artifact.uploading.";

/// A relative path with `/` between segments; empty for the folder itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ArtifactPath(String);

impl ArtifactPath {
    /// Decodes and checks a path.
    ///
    /// Bytes that are not UTF-8 become U+FFFD, and ASCII control characters become `%0a` and the like, as literal characters of the name.
    pub(crate) fn parse(raw: &str) -> Result<Self, Invalid> {
        let path = escape_controls(decode(raw)?);
        if is_unsafe(&path) {
            return Err(invalid());
        }
        if path.len() > MAX_PATH_BYTES || path.split('/').any(|segment| segment.len() > MAX_SEGMENT_BYTES) {
            return Err(Invalid::message(format!(
                "Invalid path: it is longer than {MAX_PATH_BYTES} bytes, or a name in it is longer than \
                 {MAX_SEGMENT_BYTES} bytes: '{path}'"
            )));
        }
        Ok(ArtifactPath(path))
    }

    /// The path as the caller wrote it, decoded; it may hold empty and `.` segments.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The names along the path, from the top; none is empty, `.` or `..`.
    pub(crate) fn segments(&self) -> impl Iterator<Item = &str> {
        self.0.split('/').filter(|segment| !matches!(*segment, "" | "."))
    }

    /// The last name; none for the folder itself.
    pub(crate) fn file_name(&self) -> Option<&str> {
        self.segments().last()
    }

    /// `below` in the folder that this path names.
    pub(crate) fn join(&self, below: &ArtifactPath) -> ArtifactPath {
        ArtifactPath(self.name_of(&below.0))
    }

    /// What a listing of this folder calls its entry `name`.
    pub(crate) fn name_of(&self, name: &str) -> String {
        match self.0.as_str() {
            "" => name.to_owned(),
            folder if folder.ends_with('/') => format!("{folder}{name}"),
            folder => format!("{folder}/{name}"),
        }
    }
}

/// The path of a file that is to be written: it has a name, and its folders are spelt in one way only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewArtifact(ArtifactPath);

impl NewArtifact {
    pub(crate) fn parse(path: ArtifactPath) -> Result<Self, Invalid> {
        let text = path.as_str();
        let (folder, name) = text.rsplit_once('/').unwrap_or(("", text));
        let folder = folder.trim_end_matches('/');
        if matches!(name, "" | ".")
            || (!folder.is_empty() && folder.split('/').any(|s| matches!(s, "" | ".")))
        {
            return Err(Invalid::message(format!("Invalid artifact path: '{text}'. It must name a file.")));
        }
        if name.starts_with(UPLOADING_PREFIX) {
            return Err(Invalid::message(format!(
                "Invalid artifact file name: '{name}'. \
                 Artifact names starting with '{UPLOADING_PREFIX}' are reserved."
            )));
        }
        Ok(NewArtifact(path))
    }

    pub(crate) fn path(&self) -> &ArtifactPath {
        &self.0
    }

    /// The same file in `folder`.
    pub(crate) fn in_folder(&self, folder: &ArtifactPath) -> NewArtifact {
        NewArtifact(folder.join(&self.0))
    }
}

fn invalid() -> Invalid {
    Invalid::message("Invalid path")
}

fn decode(raw: &str) -> Result<String, Invalid> {
    let mut path = raw.to_owned();
    for _ in 0..MAX_DECODINGS {
        let decoded = percent_decode_str(&path).decode_utf8_lossy();
        if decoded == path {
            return Ok(path);
        }
        path = decoded.into_owned();
    }
    Err(invalid())
}

fn escape_controls(path: String) -> String {
    let escaped =
        |c: char| if c.is_ascii_control() { format!("%{:02x}", u32::from(c)) } else { c.to_string() };
    if path.contains(|c: char| c.is_ascii_control()) { path.chars().map(escaped).collect() } else { path }
}

fn is_unsafe(path: &str) -> bool {
    path.contains('#')
        || path.starts_with('/')
        || path.split('/').any(|segment| segment == "..")
        || path.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("file:"))
        || is_absolute_on_windows(path.as_bytes())
}

/// `C:\x`, `C:/x` and `\\host\x`; a backslash elsewhere is an ordinary character here.
fn is_absolute_on_windows(path: &[u8]) -> bool {
    match path {
        [drive, b':', b'/' | b'\\', ..] => drive.is_ascii_alphabetic(),
        [b'\\', b'\\', ..] => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Component, Path};

    use proptest::prelude::*;

    use super::*;

    fn parse(raw: &str) -> Option<String> {
        ArtifactPath::parse(raw).ok().map(|path| path.0)
    }

    #[test]
    fn paths_are_decoded_until_they_stay_the_same() {
        assert_eq!(parse("a%2525.txt").unwrap(), "a%.txt");
        assert_eq!(parse("a%252fb").unwrap(), "a/b");
        let mut deep = "%41".to_owned();
        for _ in 0..MAX_DECODINGS {
            deep = deep.replace('%', "%25");
        }
        assert_eq!(parse(&deep), None);
    }

    #[test]
    fn what_could_leave_the_folder_is_refused_in_every_encoding() {
        for path in [
            "..",
            "../x",
            "a/../b",
            "a/..",
            "/x",
            "//x",
            "#",
            "a#b",
            "file:x",
            "FILE:///x",
            "C:\\x",
            "c:/x",
            "\\\\host\\x",
            "%2e%2e/x",
            "%252e%252e%252fx",
            "a%23b",
            "%2fetc/passwd",
            "a/%2e%2e",
        ] {
            assert_eq!(parse(path), None, "{path}");
        }
    }

    #[test]
    fn odd_names_that_stay_inside_are_names() {
        for path in ["", ".", "a\\b", "a\\..\\b", "C:x", "...", "..a", "a..b/c", "ü", "a b", "a?b", "a%"] {
            assert_eq!(parse(path).as_deref(), Some(path));
        }
        assert_eq!(parse("a%00b%0a").unwrap(), "a%00b%0a");
        assert_eq!(parse("%2500").unwrap(), "%00");
        assert_eq!(parse("bad%FF").unwrap(), "bad\u{fffd}");
    }

    #[test]
    fn overlong_names_and_paths_are_refused() {
        assert!(parse(&"x".repeat(255)).is_some());
        assert_eq!(parse(&"x".repeat(256)), None);
        assert_eq!(parse(&"x/".repeat(2_000)), None);
    }

    #[test]
    fn listings_echo_the_folder_as_the_caller_wrote_it() {
        for (folder, name) in [("", "x"), (".", "./x"), ("a", "a/x"), ("a/", "a/x"), ("./a", "./a/x")] {
            assert_eq!(ArtifactPath::parse(folder).unwrap().name_of("x"), name);
        }
    }

    #[test]
    fn a_new_file_needs_a_name_and_folders_spelt_plainly() {
        for (path, accepted) in [
            ("a.txt", true),
            ("a/b.txt", true),
            ("a//b.txt", true),
            ("", false),
            ("a/", false),
            (".", false),
            ("a/.", false),
            ("./a", false),
            ("a/./b", false),
            ("x//etc/p", false),
            ("http://x/y", false),
            (".artifact.uploading.1", false),
        ] {
            let parsed = NewArtifact::parse(ArtifactPath::parse(path).unwrap());
            assert_eq!(parsed.is_ok(), accepted, "{path}");
        }
    }

    proptest! {
        #[test]
        fn whatever_goes_in_the_joined_path_stays_below_the_folder(
            raw in r"(\.|/|\\|%|2|5|e|f|E|F|#|:|c|file|\x00|ü|\PC){0,40}"
        ) {
            let Ok(path) = ArtifactPath::parse(&raw) else { return Ok(()) };
            let root = Path::new("/srv/folder");
            let joined = path.segments().fold(root.to_owned(), |folder, segment| folder.join(segment));
            prop_assert!(joined.starts_with(root), "{joined:?}");
            let below = joined.strip_prefix(root).unwrap();
            prop_assert!(below.components().all(|c| matches!(c, Component::Normal(_))), "{joined:?}");
            prop_assert!(!path.as_str().chars().any(|c| c.is_ascii_control()));
            prop_assert_eq!(below.components().count(), path.segments().count());
        }
    }
}

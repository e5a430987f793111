//! The repository as the checks see it: every file that git tracks or would track, read once, with Rust
//! files parsed. Lines that hold test code are known here, because most checks spare them.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use proc_macro2::{TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// The folder that holds the workspace's `Cargo.toml`, as cargo says when it runs this: what it said when this was
/// compiled may be another checkout that shares the build folder.
pub(crate) fn root() -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "cargo speaks through the environment")]
    let package = std::env::var_os("CARGO_MANIFEST_DIR");
    let package = package.unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&package).parent().unwrap_or(Path::new(".")).to_path_buf()
}

/// All text files of the repository.
pub(crate) struct Tree {
    pub(crate) files: Vec<Source>,
}

/// One text file, its path relative to the root with `/` between the parts.
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
    pub(crate) rust: Option<Rust>,
}

/// What a Rust file says.
pub(crate) struct Rust {
    pub(crate) ast: syn::File,
    pub(crate) tokens: TokenStream,
    tests: Vec<RangeInclusive<usize>>,
}

impl Tree {
    /// Reads the files that git knows, and new ones that it does not ignore.
    pub(crate) fn load() -> Result<Self> {
        let root = root();
        let listing = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(&root)
            .output()
            .context("cannot run git")?;
        ensure!(
            listing.status.success(),
            "git ls-files failed: {}",
            String::from_utf8_lossy(&listing.stderr)
        );
        let mut files = Vec::new();
        for path in String::from_utf8(listing.stdout)?.split_terminator('\0') {
            // A file deleted but not yet committed, or one that is not text, has nothing to check.
            let Ok(text) = std::fs::read_to_string(root.join(path)) else { continue };
            files.push(Source::parse(path, text)?);
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self { files })
    }

    /// The Rust files.
    pub(crate) fn rust(&self) -> impl Iterator<Item = (&Source, &Rust)> {
        self.files.iter().filter_map(|source| Some((source, source.rust.as_ref()?)))
    }
}

impl Source {
    /// Parses `text` when the path names a Rust file.
    pub(crate) fn parse(path: &str, text: String) -> Result<Self> {
        let is_rust = Path::new(path).extension().is_some_and(|extension| extension == "rs");
        let rust = if is_rust { Some(Rust::parse(&text).with_context(|| path.to_owned())?) } else { None };
        Ok(Self { path: path.to_owned(), text, rust })
    }

    /// A file that holds nothing but tests or what tests share.
    pub(crate) fn is_test_file(&self) -> bool {
        self.path.starts_with("tests/") || self.path.contains("/tests/") || self.path.ends_with("/tests.rs")
    }

    /// Whether `line` (from 1) belongs to a test.
    pub(crate) fn is_test_line(&self, line: usize) -> bool {
        let in_item = |rust: &Rust| rust.tests.iter().any(|lines| lines.contains(&line));
        self.is_test_file() || self.rust.as_ref().is_some_and(in_item)
    }
}

impl Rust {
    fn parse(text: &str) -> Result<Self> {
        let ast = syn::parse_file(text)?;
        let tokens = text.parse().map_err(|error| anyhow::anyhow!("{error}"))?;
        let mut tests = TestItems::default();
        tests.visit_file(&ast);
        Ok(Self { ast, tokens, tests: tests.lines })
    }

    /// Every token in source order; groups come before what they hold.
    pub(crate) fn flat_tokens(&self) -> Vec<TokenTree> {
        let mut flat = Vec::new();
        flatten(self.tokens.clone(), &mut flat);
        flat
    }
}

fn flatten(tokens: TokenStream, flat: &mut Vec<TokenTree>) {
    for token in tokens {
        flat.push(token.clone());
        if let TokenTree::Group(group) = token {
            flatten(group.stream(), flat);
        }
    }
}

/// The lines of an item, from its first attribute or word to its last.
pub(crate) fn lines_of(item: &impl Spanned) -> RangeInclusive<usize> {
    item.span().start().line..=item.span().end().line
}

/// Whether the item that starts at `line` (from 1) is marked as a table: by `// tidy: table` on the line above,
/// or by the same words in the opening of a file that is nothing but a table.
pub(crate) fn is_marked_table(text: &str, line: usize) -> bool {
    let mut opening = text.lines().take_while(|line| line.starts_with("//!"));
    let above = line.checked_sub(2).and_then(|above| text.lines().nth(above));
    above.is_some_and(|above| above.trim() == "// tidy: table")
        || opening.any(|line| line.ends_with("tidy: table"))
}

/// `#[test]`, `#[tokio::test]` and the like.
pub(crate) fn is_test_attribute(attribute: &syn::Attribute) -> bool {
    attribute.path().segments.last().is_some_and(|segment| segment.ident == "test")
}

fn is_cfg_test(attribute: &syn::Attribute) -> bool {
    attribute.path().is_ident("cfg")
        && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
}

#[derive(Default)]
struct TestItems {
    lines: Vec<RangeInclusive<usize>>,
}

impl<'ast> Visit<'ast> for TestItems {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if module.attrs.iter().any(is_cfg_test) {
            self.lines.push(lines_of(module));
        }
        visit::visit_item_mod(self, module);
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        if function.attrs.iter().any(|attribute| is_test_attribute(attribute) || is_cfg_test(attribute)) {
            self.lines.push(lines_of(function));
        }
        visit::visit_item_fn(self, function);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_tests_are_known_as_such() -> Result<()> {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n}\n#[tokio::test]\nasync fn b() {}\nfn c() {}\n";
        let source = Source::parse("src/a.rs", text.to_owned())?;
        let lines: Vec<_> = (1..=7).filter(|line| source.is_test_line(*line)).collect();
        assert_eq!(lines, [2, 3, 4, 5, 6]);
        Ok(())
    }

    #[test]
    fn files_under_tests_hold_only_tests() -> Result<()> {
        assert!(Source::parse("tests/api/main.rs", String::new())?.is_test_file());
        assert!(!Source::parse("src/main.rs", String::new())?.is_test_file());
        Ok(())
    }
}

//! What is left to do is an issue; a comment that says so names its number.

use std::path::Path;

use super::Finding;
use crate::tree::Tree;

const WORDS: [&str; 3] = ["TODO", "FIXME", "XXX"];
const CODE: [&str; 6] = ["rs", "py", "sql", "sh", "toml", "yml"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    // These rules name what they look for.
    for source in tree.files.iter().filter(|source| !source.path.starts_with("xtask/src/tidy/")) {
        let extension = Path::new(&source.path).extension().and_then(|extension| extension.to_str());
        if !extension.is_some_and(|extension| CODE.contains(&extension)) {
            continue;
        }
        for (number, line) in source.text.lines().enumerate() {
            if has_word(line) && !names_an_issue(line) {
                findings.push(Finding::new(&source.path, number + 1, "unfinished without an issue number"));
            }
        }
    }
    findings
}

fn has_word(line: &str) -> bool {
    line.split(|c: char| !c.is_alphanumeric()).any(|word| WORDS.contains(&word))
}

fn names_an_issue(line: &str) -> bool {
    line.split('#').skip(1).any(|after| after.starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::findings;

    #[test]
    fn unfinished_work_without_an_issue_is_found() {
        assert_eq!(
            findings(check, "src/a.rs", "// TODO: later\n"),
            ["1: unfinished without an issue number"]
        );
        assert!(findings(check, "src/a.rs", "// TODO(#12): later\n").is_empty());
        assert!(findings(check, "src/a.rs", "// mastodons\n").is_empty());
    }
}

//! Attributes the house does without: `allow` (an `expect` with a reason says when it has become needless),
//! `ignore` and `should_panic`.

use syn::spanned::Spanned;
use syn::visit::Visit;

use super::Finding;
use crate::tree::{Source, Tree};

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (source, rust) in tree.rust() {
        Attributes { source, findings: &mut findings }.visit_file(&rust.ast);
    }
    findings
}

struct Attributes<'a> {
    source: &'a Source,
    findings: &'a mut Vec<Finding>,
}

impl<'ast> Visit<'ast> for Attributes<'_> {
    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        let instead = match attribute.path().get_ident().map(ToString::to_string).as_deref() {
            Some("allow") => "`allow` hides; use `expect` with a reason",
            Some("ignore") => "an ignored test tests nothing; fix it or remove it",
            Some("should_panic") => "`should_panic` passes on any panic; assert on the error",
            _ => return,
        };
        self.findings.push(Finding::new(&self.source.path, attribute.span().start().line, instead));
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::findings;

    #[test]
    fn banned_attributes_are_found_inside_and_outside_of_items() {
        let text = "#![allow(dead_code)]\n#[test]\n#[ignore]\nfn a() {}\n#[should_panic]\nfn b() {}\n";
        assert_eq!(findings(check, "src/a.rs", text).len(), 3);
    }

    #[test]
    fn an_expectation_with_a_reason_is_fine() {
        assert!(
            findings(check, "src/a.rs", "#[expect(dead_code, reason = \"why\")]\nfn a() {}\n").is_empty()
        );
    }
}

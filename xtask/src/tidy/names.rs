//! Names that say nothing: modules for leftovers, and `test_` before a test's sentence.

use syn::visit::{self, Visit};

use super::Finding;
use crate::tree::{Source, Tree, is_test_attribute};

const MODULES: [&str; 8] = ["util", "utils", "helper", "helpers", "manager", "service", "common", "misc"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (source, rust) in tree.rust() {
        findings.extend(module_of_path(source));
        Names { source, findings: &mut findings }.visit_file(&rust.ast);
    }
    findings
}

fn module_of_path(source: &Source) -> Option<Finding> {
    let name = source
        .path
        .split('/')
        .map(|part| part.trim_end_matches(".rs"))
        .find(|part| MODULES.contains(part))?;
    Some(Finding::new(&source.path, 1, format!("`{name}` is no name for a module; say what it is for")))
}

struct Names<'a> {
    source: &'a Source,
    findings: &'a mut Vec<Finding>,
}

impl<'ast> Visit<'ast> for Names<'_> {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        let name = &function.sig.ident;
        if function.attrs.iter().any(is_test_attribute) && name.to_string().starts_with("test_") {
            let message = format!("`{name}`: a test's name is a sentence of the specification");
            self.findings.push(Finding::new(&self.source.path, name.span().start().line, message));
        }
        visit::visit_item_fn(self, function);
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        // A module with a file of its own is found by the file's path.
        if module.content.is_some() && MODULES.contains(&module.ident.to_string().as_str()) {
            let message = format!("`{}` is no name for a module; say what it is for", module.ident);
            self.findings.push(Finding::new(&self.source.path, module.ident.span().start().line, message));
        }
        visit::visit_item_mod(self, module);
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::findings;

    #[test]
    fn modules_for_leftovers_are_found() {
        assert_eq!(findings(check, "src/utils.rs", "").len(), 1);
        assert_eq!(findings(check, "src/helpers/time.rs", "").len(), 1);
        assert_eq!(findings(check, "src/a.rs", "mod service { }\n").len(), 1);
        assert!(findings(check, "src/clock.rs", "mod runs;\n").is_empty());
    }

    #[test]
    fn a_test_named_test_is_found_and_a_plain_function_is_not() {
        assert_eq!(findings(check, "src/a.rs", "#[tokio::test]\nasync fn test_it() {}\n").len(), 1);
        assert!(findings(check, "src/a.rs", "fn test_server() {}\n").is_empty());
    }
}

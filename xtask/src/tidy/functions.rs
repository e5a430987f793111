//! Function sizes, from `fn` to the closing brace: 80 lines, and 15 for a handler in `http/`. A function that
//! is a table is marked by `// tidy: table` on the line above it.

use syn::visit::{self, Visit};

use super::Finding;
use crate::tree::{Source, Tree, is_marked_table};

const LIMIT: usize = 80;
const HANDLER_LIMIT: usize = 15;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (source, rust) in tree.rust() {
        Functions { source, findings: &mut findings }.visit_file(&rust.ast);
    }
    findings
}

struct Functions<'a> {
    source: &'a Source,
    findings: &'a mut Vec<Finding>,
}

impl Functions<'_> {
    fn measure(&mut self, signature: &syn::Signature, block: &syn::Block, first: usize) {
        let start = signature.fn_token.span.start().line;
        let lines = start..=block.brace_token.span.close().end().line;
        let limit = if self.is_handler(signature) { HANDLER_LIMIT } else { LIMIT };
        let n_lines = lines.count();
        if n_lines > limit && !is_marked_table(&self.source.text, first) {
            let message = format!("`{}` has {n_lines} lines, the limit is {limit}", signature.ident);
            self.findings.push(Finding::new(&self.source.path, start, message));
        }
    }

    /// A handler takes its arguments apart, `State(tracking): State<Tracking>`; what it calls does not.
    fn is_handler(&self, signature: &syn::Signature) -> bool {
        let is_extractor = |argument: &syn::FnArg| matches!(argument, syn::FnArg::Typed(typed) if matches!(*typed.pat, syn::Pat::TupleStruct(_)));
        signature.asyncness.is_some()
            && self.source.path.contains("/src/http/")
            && signature.inputs.iter().any(is_extractor)
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.measure(&function.sig, &function.block, *crate::tree::lines_of(function).start());
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.measure(&function.sig, &function.block, *crate::tree::lines_of(function).start());
        visit::visit_impl_item_fn(self, function);
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::findings;

    fn function(head: &str, n_lines: usize) -> String {
        format!("{head} {{\n{}}}\n", "    step();\n".repeat(n_lines - 2))
    }

    #[test]
    fn a_long_function_is_found_and_one_at_the_limit_is_not() {
        let found = findings(check, "src/a.rs", &function("fn long()", 81));
        assert_eq!(found, ["1: `long` has 81 lines, the limit is 80"]);
        assert!(findings(check, "src/a.rs", &function("fn long()", 80)).is_empty());
    }

    #[test]
    fn methods_are_measured_too() {
        let text = format!("impl A {{\n{}}}\n", function("fn long()", 81));
        assert_eq!(findings(check, "src/a.rs", &text).len(), 1);
    }

    #[test]
    fn a_handler_has_fifteen_lines() {
        let text = function("async fn create(State(tracking): State<Tracking>)", 16);
        assert_eq!(findings(check, "tracking/src/http/runs.rs", &text).len(), 1);
        assert!(findings(check, "tracking/src/runs/create.rs", &text).is_empty());
        let called_by_it = function("async fn stream(file: File)", 16);
        assert!(findings(check, "tracking/src/http/runs.rs", &called_by_it).is_empty());
    }

    #[test]
    fn a_table_may_be_long() {
        let text = format!("// tidy: table\n{}", function("fn long()", 90));
        assert!(findings(check, "src/a.rs", &text).is_empty());
    }
}

//! One source file's routers: for each function the routes it adds and the tables it mounts. Paths may be
//! literals, constants, loop variables over either, or `format!` strings of those.

use std::collections::HashMap;

use syn::visit::{self, Visit};
use syn::{Expr, ExprMethodCall, Pat};

use super::{Route, join};

/// A function that returns a router, or part of one.
#[derive(Debug, Default)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) routes: Vec<Route>,
    pub(super) mounts: Vec<Mount>,
}

/// Another function's table, and the prefix it stands under.
#[derive(Debug)]
pub(super) struct Mount {
    pub(super) prefix: String,
    pub(super) callee: String,
}

/// The functions of `file` that add a route or mount a table.
pub(super) fn read(file: &syn::File) -> Vec<Function> {
    let mut reader = Reader::default();
    // Constants may stand below their use, so they are read first.
    for item in &file.items {
        if let syn::Item::Const(constant) = item {
            let texts = reader.texts(&constant.expr);
            reader.texts.insert(constant.ident.to_string(), texts);
        }
    }
    reader.visit_file(file);
    reader.functions.retain(|function| !function.routes.is_empty() || !function.mounts.is_empty());
    reader.functions
}

#[derive(Default)]
struct Reader {
    functions: Vec<Function>,
    current: Function,
    /// What a constant, a loop variable or a local may say.
    texts: HashMap<String, Vec<String>>,
    /// The functions called where a local was made.
    tables: HashMap<String, Vec<String>>,
}

impl Reader {
    fn function(&mut self, name: &syn::Ident, body: &syn::Block) {
        let outer = std::mem::take(&mut self.current);
        self.current.name = name.to_string();
        visit::visit_block(self, body);
        self.functions.push(std::mem::replace(&mut self.current, outer));
    }

    /// Every text that an expression may stand for; empty when it is none that can be known here.
    fn texts(&self, expr: &Expr) -> Vec<String> {
        match expr {
            Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => vec![text.value()],
            Expr::Reference(reference) => self.texts(&reference.expr),
            Expr::Paren(paren) => self.texts(&paren.expr),
            Expr::Array(array) => array.elems.iter().flat_map(|element| self.texts(element)).collect(),
            Expr::MethodCall(call) => self.texts(&call.receiver),
            Expr::Path(path) => {
                last_name(path).and_then(|name| self.texts.get(&name).cloned()).unwrap_or_default()
            }
            Expr::Macro(call) if call.mac.path.is_ident("format") => self.format(&call.mac),
            _ => Vec::new(),
        }
    }

    /// `format!("{prefix}/2.0")`, with names written inside the braces.
    fn format(&self, call: &syn::Macro) -> Vec<String> {
        let Ok(template) = call.parse_body::<syn::LitStr>() else { return Vec::new() };
        let mut texts = vec![template.value()];
        for (name, values) in &self.texts {
            let hole = format!("{{{name}}}");
            if template.value().contains(&hole) {
                texts = texts
                    .iter()
                    .flat_map(|text| values.iter().map(|value| text.replace(&hole, value)))
                    .collect();
            }
        }
        // A parameter is `{{id}}` inside a format string.
        texts.into_iter().map(|text| text.replace("{{", "{").replace("}}", "}")).collect()
    }

    /// Adds what a router expression holds, seen from `prefix`.
    fn router(&mut self, expr: &Expr, prefix: &str) {
        match expr {
            Expr::MethodCall(call) => {
                self.router(&call.receiver, prefix);
                self.addition(call, prefix);
            }
            Expr::Call(call) => {
                if let Expr::Path(path) = &*call.func {
                    self.mount(prefix, last_name(path));
                }
            }
            Expr::Path(path) => {
                let callees = last_name(path).and_then(|name| self.tables.get(&name).cloned());
                callees.into_iter().flatten().for_each(|callee| self.mount(prefix, Some(callee)));
            }
            Expr::Reference(reference) => self.router(&reference.expr, prefix),
            Expr::Paren(paren) => self.router(&paren.expr, prefix),
            _ => {}
        }
    }

    /// What one call of a router's chain adds. A call of any other name may be a method that makes a router.
    fn addition(&mut self, call: &ExprMethodCall, prefix: &str) {
        let arguments: Vec<_> = call.args.iter().collect();
        match (call.method.to_string().as_str(), &arguments[..]) {
            ("route", [path, handlers]) => {
                for path in self.texts(path) {
                    let path = join(prefix, &path);
                    self.current
                        .routes
                        .extend(methods(handlers).iter().map(|method| Route::new(method, &path)));
                }
            }
            ("nest", [below, table]) => {
                for below in self.prefixes(below) {
                    self.router(table, &join(prefix, &below));
                }
            }
            ("merge", [table]) => self.router(table, prefix),
            (method, _) => self.mount(prefix, Some(method.to_owned())),
        }
    }

    /// A prefix that is known only at run time, such as `--static-prefix`, is empty unless configured.
    fn prefixes(&self, expr: &Expr) -> Vec<String> {
        let known = self.texts(expr);
        if known.is_empty() { vec![String::new()] } else { known }
    }

    fn mount(&mut self, prefix: &str, callee: Option<String>) {
        let mount = callee.map(|callee| Mount { prefix: prefix.to_owned(), callee });
        self.current.mounts.extend(mount);
    }

    /// The functions called where a local is made: `v2()`, `tracking.v2().with_state(…)`.
    fn callees(&self, expr: &Expr) -> Vec<String> {
        match expr {
            Expr::Call(call) => match &*call.func {
                Expr::Path(path) => last_name(path).into_iter().collect(),
                _ => Vec::new(),
            },
            Expr::MethodCall(call) => {
                let mut names = self.callees(&call.receiver);
                names.push(call.method.to_string());
                names
            }
            Expr::Path(path) => {
                last_name(path).and_then(|name| self.tables.get(&name).cloned()).unwrap_or_default()
            }
            _ => Vec::new(),
        }
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.function(&function.sig.ident, &function.block);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.function(&function.sig.ident, &function.block);
    }

    fn visit_expr_for_loop(&mut self, repeat: &'ast syn::ExprForLoop) {
        if let Pat::Ident(variable) = &*repeat.pat {
            let texts = self.texts(&repeat.expr);
            self.texts.insert(variable.ident.to_string(), texts);
        }
        visit::visit_expr_for_loop(self, repeat);
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        // What the new local is made of may use an older one of the same name, so that one is read first.
        visit::visit_local(self, local);
        if let (Pat::Ident(name), Some(init)) = (&local.pat, &local.init) {
            let (texts, callees) = (self.texts(&init.expr), self.callees(&init.expr));
            self.texts.insert(name.ident.to_string(), texts);
            self.tables.insert(name.ident.to_string(), callees);
        }
    }

    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        // A chain is read as a whole, from its last call; below it there is nothing left to visit.
        if matches!(call.method.to_string().as_str(), "route" | "nest" | "merge") {
            self.router(&call.receiver, "");
            self.addition(call, "");
            return;
        }
        visit::visit_expr_method_call(self, call);
    }
}

fn last_name(path: &syn::ExprPath) -> Option<String> {
    path.path.segments.last().map(|segment| segment.ident.to_string())
}

/// The methods of `get(a).post(b)`, in upper case.
fn methods(handlers: &Expr) -> Vec<String> {
    const METHODS: [&str; 9] = ["get", "post", "put", "patch", "delete", "head", "options", "trace", "any"];
    let named = |name: &str| METHODS.contains(&name).then(|| name.to_uppercase());
    match handlers {
        Expr::Call(call) => match &*call.func {
            Expr::Path(path) => last_name(path).as_deref().and_then(named).into_iter().collect(),
            _ => Vec::new(),
        },
        Expr::MethodCall(call) => {
            let mut found = methods(&call.receiver);
            found.extend(named(&call.method.to_string()));
            found
        }
        _ => Vec::new(),
    }
}

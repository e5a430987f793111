//! From text to a tree of SQL, in which every name is known and nothing looks beyond one row.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use datafusion_sql::sqlparser::ast::{self, Expr, Ident, ObjectNamePart, Visit, Visitor};
use datafusion_sql::sqlparser::dialect::GenericDialect;
use datafusion_sql::sqlparser::keywords::Keyword;
use datafusion_sql::sqlparser::parser::{Parser, ParserError};
use datafusion_sql::sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};
use forebay_core::nearest::did_you_mean;

use super::defect::Defect;
use super::functions::Functions;
use crate::model::name::Name;
use crate::model::value_type::ValueType;

/// How deep parentheses and `CASE` may be nested. The parser tries some of them in two ways when they have a mistake, so
/// that each level doubles its work.
const MAX_NESTING: usize = 12;

/// How deep the tree may be; a sum is as deep as it has terms. All that reads trees does so recursively.
const MAX_DEPTH: usize = 50;

/// How long a text may be, in bytes.
const MAX_LEN: usize = 10_000;

/// Reads one expression, to the end of the text.
pub(super) fn parse(
    text: &str,
    inputs: &BTreeMap<Name, ValueType>,
    functions: &Functions,
) -> Result<Expr, Defect> {
    if text.len() > MAX_LEN {
        return Err(Defect::of_all(format!("the expression is longer than {MAX_LEN} bytes")));
    }
    let tokens = Tokenizer::new(&GenericDialect {}, text).tokenize_with_location();
    let tokens = tokens.map_err(|error| Defect::of_all(error.to_string()))?;
    if nesting(&tokens) > MAX_NESTING {
        return Err(Defect::of_all(format!("the expression is nested deeper than {MAX_NESTING} levels")));
    }
    let mut parser = Parser::new(&GenericDialect {}).with_tokens_with_locations(tokens);
    let expr = parser.parse_expr().map_err(|error| Defect::of_all(said(error)))?;
    let rest = parser.peek_token();
    if rest.token != Token::EOF {
        let at = format!("line {}, column {}", rest.span.start.line, rest.span.start.column);
        return Err(Defect::of_all(format!("{at}: the expression ended before '{rest}'")));
    }
    match expr.visit(&mut Check { inputs, functions, depth: 0 }) {
        ControlFlow::Break(defect) => Err(defect),
        ControlFlow::Continue(()) => Ok(expr),
    }
}

fn nesting(tokens: &[TokenWithSpan]) -> usize {
    let is_word = |token: &Token, keyword| matches!(token, Token::Word(word) if word.keyword == keyword);
    let (mut depth, mut deepest) = (0_usize, 0);
    for TokenWithSpan { token, .. } in tokens {
        let opens = matches!(token, Token::LParen | Token::LBracket | Token::LBrace);
        let closes = matches!(token, Token::RParen | Token::RBracket | Token::RBrace);
        if opens || is_word(token, Keyword::CASE) {
            depth += 1;
        } else if closes || is_word(token, Keyword::END) {
            depth = depth.saturating_sub(1);
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// Looks at each part before the parts it has.
struct Check<'a> {
    inputs: &'a BTreeMap<Name, ValueType>,
    functions: &'a Functions,
    depth: usize,
}

impl Visitor for Check<'_> {
    type Break = Defect;

    fn pre_visit_expr(&mut self, part: &Expr) -> ControlFlow<Defect> {
        self.depth += 1;
        let too_deep = (self.depth > MAX_DEPTH).then(|| Defect::of_all(too_deep()));
        match too_deep.or_else(|| refusal(part, self.inputs, self.functions)) {
            Some(defect) => ControlFlow::Break(defect),
            None => ControlFlow::Continue(()),
        }
    }

    fn post_visit_expr(&mut self, _: &Expr) -> ControlFlow<Defect> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }
}

fn too_deep() -> String {
    format!("the expression has more than {MAX_DEPTH} operations in a row; parentheses can halve them")
}

fn said(error: ParserError) -> String {
    match error {
        ParserError::TokenizerError(text) | ParserError::ParserError(text) => text,
        ParserError::RecursionLimitExceeded => too_deep(),
    }
}

/// Why this part, without the parts it has, is refused.
fn refusal(part: &Expr, inputs: &BTreeMap<Name, ValueType>, functions: &Functions) -> Option<Defect> {
    match part {
        Expr::Identifier(name) => unknown(name, inputs),
        Expr::CompoundIdentifier(_) => {
            let why = format!("'{part}': a feature is written without its view");
            Some(Defect::of(part, why))
        }
        Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. } => {
            Some(Defect::of(part, "a subquery; an expression sees one row"))
        }
        Expr::Function(function) => uncallable(function, functions),
        Expr::Value(value) if matches!(value.value, ast::Value::Placeholder(_)) => {
            Some(Defect::of(part, format!("'{part}': values of the request are written by their names")))
        }
        _ => None,
    }
}

fn unknown(name: &Ident, inputs: &BTreeMap<Name, ValueType>) -> Option<Defect> {
    let names = || inputs.keys().map(Name::as_str);
    if names().any(|known| known == name.value) {
        return None;
    }
    let hint = did_you_mean(&name.value, names());
    let why = format!("neither an input nor a value of the request is named '{}'{hint}", name.value);
    Some(Defect::of(&Expr::Identifier(name.clone()), why))
}

fn uncallable(function: &ast::Function, functions: &Functions) -> Option<Defect> {
    let name = match function.name.0.as_slice() {
        [ObjectNamePart::Identifier(name)] => name.value.as_str(),
        _ => return Some(Defect::of(function, format!("there is no function '{}'", function.name))),
    };
    if function.over.is_some() {
        let why = format!("'{name} … OVER' looks at many rows; an expression sees one");
        return Some(Defect::of(function, why));
    }
    functions.refusal(name).map(|why| Defect::of(function, why))
}

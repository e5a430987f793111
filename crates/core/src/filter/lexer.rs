//! Cuts a filter into tokens that borrow from it.
//!
//! MLflow reads filters with a SQL tokeniser, so these are SQL's tokens as far as a filter can hold them:
//! a dotted name is one token (``tags.`my key` ``), so is a list in parentheses. What no filter may contain
//! becomes `Kind::Other` instead of an error, because the message about it needs the whole filter.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Words and quoted names joined by dots; keywords such as AND too.
    Name,
    /// A text in single quotes.
    Text,
    /// Digits, perhaps with a minus sign.
    Integer,
    /// A number with a fraction or an exponent.
    Float,
    /// `=`, `!=`, `<`, …, `LIKE`; also misspelt ones such as `==`.
    Operator,
    /// From `(` to the `)` that belongs to it.
    List,
    /// Names, numbers or texts with `/` or `-` directly between them, or a word and its parentheses: arithmetic
    /// and calls to SQL, a key to some searches.
    Joined,
    /// Anything else.
    Other,
}

/// A piece of the filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    /// As written, quotes included.
    pub(super) text: &'a str,
}

impl Token<'_> {
    /// Whether this is the bare word `word`, in any case.
    pub(super) fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Name && self.text.eq_ignore_ascii_case(word)
    }
}

/// Words that the SQL tokeniser takes for keywords even after a dot.
const NEVER_A_KEY: [&str; 6] = ["case", "in", "values", "using", "from", "as"];

/// All tokens of `filter` without the white space between them.
pub(super) fn tokens(filter: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = filter;
    while let Some((token, after)) = next(rest) {
        tokens.push(token);
        rest = after;
    }
    tokens
}

/// The token that `text` begins with behind any white space, and what follows it; `None` at the end.
pub(super) fn next(text: &str) -> Option<(Token<'_>, &str)> {
    let text = text.trim_start();
    let (kind, len) = if text.is_empty() { return None } else { first_joined(text) };
    Some((Token { kind, text: &text[..len] }, &text[len..]))
}

/// Kind and length in bytes (≥ 1) of the token that `text` begins with.
fn first_joined(text: &str) -> (Kind, usize) {
    let (kind, mut len) = first_token(text);
    if !matches!(kind, Kind::Name | Kind::Integer | Kind::Float | Kind::Text) {
        return (kind, len);
    }
    let first_len = len;
    while let Some(more) = joined_len(&text[len..]) {
        len += more;
    }
    (if len > first_len { Kind::Joined } else { kind }, len)
}

/// Length of a `/` or `-` and the operand behind it; two hyphens are a comment, a hyphen and a digit a number.
fn joined_len(text: &str) -> Option<usize> {
    let operators = run_len(text, |c| c == '/' || c == '-');
    let (joint, operand) = text.split_at(operators);
    let is_number = joint.ends_with('-') && operand.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    if joint.is_empty() || joint.contains("--") || is_number {
        return None;
    }
    Some(operators + dotted_len(operand)?)
}

/// As `first_joined`, for a token that does not go on behind a `/` or `-`.
fn first_token(text: &str) -> (Kind, usize) {
    let Some(first) = text.chars().next() else { return (Kind::Other, 0) };
    match first {
        '\'' => quoted_len(text).map_or((Kind::Other, text.len()), |len| (Kind::Text, len)),
        '(' => list_len(text).map_or((Kind::Other, text.len()), |len| (Kind::List, len)),
        '<' | '>' | '=' | '~' | '!' => (Kind::Operator, run_len(text, |c| "<>=~!".contains(c))),
        '-' | '.' | '0'..='9' => number(text),
        '`' | '"' => name(text),
        _ if is_word_char(first) => name(text),
        _ => (Kind::Other, first.len_utf8()),
    }
}

fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn run_len(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

/// Length of the quoted text that `text` begins with, quotes included; `None` when it never ends.
///
/// A doubled quote and a quote behind a backslash do not end it (backslashes mean nothing in backticks),
/// unless no other quote follows: then the last of those ends it after all.
pub(super) fn quoted_len(text: &str) -> Option<usize> {
    let quote = text.chars().next()?;
    let mut last_escaped = None;
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        let next_is_quote = chars.peek().is_some_and(|(_, next)| *next == quote);
        if c == quote && !next_is_quote {
            return Some(at + 1);
        }
        if next_is_quote && (c == quote || (c == '\\' && quote != '`')) {
            last_escaped = Some(if c == quote { at + 1 } else { at + 2 });
            chars.next();
        }
    }
    last_escaped
}

/// Length of the list that `text` begins with; `None` when a parenthesis or a quote stays open.
fn list_len(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        match c {
            '\'' | '"' | '`' => {
                at += quoted_len(&text[at..])?;
                continue;
            }
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        at += c.len_utf8();
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// A number, when no letter follows it directly.
fn number(text: &str) -> (Kind, usize) {
    let digits = |at: usize| at + run_len(&text[at..], |c| c.is_ascii_digit());
    let start = usize::from(text.starts_with('-'));
    let whole_end = digits(start);
    let has_dot = text[whole_end..].starts_with('.');
    let mantissa_end = if has_dot { digits(whole_end + 1) } else { whole_end };
    if mantissa_end - start <= usize::from(has_dot) {
        return (Kind::Other, 1);
    }
    let end = exponent_end(text, mantissa_end).unwrap_or(mantissa_end);
    let word = run_len(&text[end..], is_word_char);
    if word > 0 {
        return (Kind::Other, end + word);
    }
    (if has_dot || end > mantissa_end { Kind::Float } else { Kind::Integer }, end)
}

/// Where the exponent behind a mantissa ends; a mantissa such as `1.` or `.5` takes none.
fn exponent_end(text: &str, mantissa_end: usize) -> Option<usize> {
    let mantissa = text[..mantissa_end].trim_start_matches('-');
    let exponent = text[mantissa_end..].strip_prefix(['e', 'E'])?;
    let sign = usize::from(exponent.starts_with('-'));
    let digits = run_len(&exponent[sign..], |c| c.is_ascii_digit());
    let takes_one = !mantissa.starts_with('.') && !mantissa.ends_with('.') && digits > 0;
    takes_one.then_some(mantissa_end + 1 + sign + digits)
}

/// A dotted name, a call, or one of the operators that are words.
fn name(text: &str) -> (Kind, usize) {
    let Some(len) = dotted_len(text) else { return (Kind::Other, text.len()) };
    if let Some(arguments) = arguments_len(&text[..len], &text[len..]) {
        let is_dotted = text[..len].contains('.');
        return (if is_dotted { Kind::Name } else { Kind::Joined }, len + arguments);
    }
    if let Some(len) = like_len(text, len) {
        return (Kind::Operator, len);
    }
    (Kind::Name, len)
}

/// Length of the parentheses directly behind a name that ends with a plain word.
fn arguments_len(name: &str, rest: &str) -> Option<usize> {
    let word = name.rsplit('.').next().unwrap_or(name);
    let is_callable = word.ends_with(is_word_char) && !is_never_a_key(word);
    if is_callable && rest.starts_with('(') { list_len(rest) } else { None }
}

/// Length of `LIKE`, `NOT LIKE` or a relative of theirs, when the first word of `text`, `word_len` long, begins one.
fn like_len(text: &str, word_len: usize) -> Option<usize> {
    let is_like = |word: &str| ["like", "ilike", "rlike"].iter().any(|like| word.eq_ignore_ascii_case(like));
    let (word, rest) = text.split_at(word_len);
    if is_like(word) {
        return Some(word_len);
    }
    let next = rest.trim_start();
    let next_len = run_len(next, is_word_char);
    let is_negated =
        word.eq_ignore_ascii_case("not") && next.len() < rest.len() && is_like(&next[..next_len]);
    is_negated.then(|| text.len() - next.len() + next_len)
}

/// Length of a word or quoted name and all that dots add to it; `None` when there is none or a quote stays open.
fn dotted_len(text: &str) -> Option<usize> {
    let mut len = name_part_len(text)?;
    while let Some(after_dot) = text[len..].strip_prefix('.') {
        if after_dot.starts_with(|c: char| c.is_ascii_digit()) && !begins_with_numbered_word(after_dot) {
            break;
        }
        len += 1 + key_part_len(after_dot).unwrap_or(0);
    }
    Some(len)
}

fn name_part_len(text: &str) -> Option<usize> {
    if text.starts_with(['`', '"', '\'']) {
        return quoted_len(text);
    }
    Some(run_len(text, is_word_char)).filter(|len| *len > 0)
}

/// Whether `text` begins with one digit and letters, as in `1st`; after a dot any other digit is a decimal.
fn begins_with_numbered_word(text: &str) -> bool {
    let second_is_letter = text.chars().nth(1).is_some_and(|c| is_word_char(c) && !c.is_ascii_digit());
    second_is_letter && number(text).0 == Kind::Other
}

/// As `name_part_len`, behind a dot, where reserved words cannot stand; a name may also end with a dot.
fn key_part_len(text: &str) -> Option<usize> {
    let len = name_part_len(text)?;
    (!is_never_a_key(&text[..len])).then_some(len)
}

fn is_never_a_key(word: &str) -> bool {
    NEVER_A_KEY.iter().any(|reserved| word.eq_ignore_ascii_case(reserved))
}

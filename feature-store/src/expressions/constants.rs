//! What of an expression is the same for all rows is computed once. What can never be computed is refused then, rather
//! than in the first row of a training set.

use arrow::datatypes::DataType;
use datafusion_common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion_common::{Result, ScalarValue, plan_err};
use datafusion_expr::expr::{Cast, ScalarFunction};
use datafusion_expr::{Expr, ExprSchemable, Operator, lit};
use regex::RegexBuilder;

use super::engine::Engine;

/// How long a constant may be, in bytes. It is written out for each row of a batch.
const MAX_LEN: usize = 10_000;

/// How much a regular expression may take when it is read, in bytes. It is read again for each batch.
const MAX_PATTERN: usize = 1 << 20;

/// Functions with a regular expression as their second argument, and where they have flags.
const PATTERNED: [(&str, usize); 5] = [
    ("regexp_count", 3),
    ("regexp_instr", 5),
    ("regexp_like", 2),
    ("regexp_match", 2),
    ("regexp_replace", 3),
];

/// Functions that read their first argument by the formats behind it.
const READING: [&str; 8] = [
    "to_date",
    "to_time",
    "to_timestamp",
    "to_timestamp_seconds",
    "to_timestamp_millis",
    "to_timestamp_micros",
    "to_timestamp_nanos",
    "to_unixtime",
];

/// Functions whose arguments depend on one another: a 31st is fine in some months.
const DEPENDING: [&str; 2] = ["make_date", "make_time"];

/// The same expression, or its value if it has no columns. Its parts were seen before.
pub(super) fn folded(expr: Expr, engine: &Engine) -> Result<Expr> {
    let (mut n_parts, mut n_literals) = (0, 0);
    expr.apply_children(|part| {
        n_parts += 1;
        n_literals += usize::from(matches!(part, Expr::Literal(..)));
        Ok(TreeNodeRecursion::Continue)
    })?;
    let is_leaf = n_parts == 0 && !matches!(expr, Expr::ScalarFunction(_));
    check_patterns(&expr)?;
    if is_leaf || n_literals < n_parts {
        check_call(&expr, engine)?;
        return Ok(expr);
    }
    let value = engine.value(&expr)?;
    let n_bytes = length(&value);
    if n_bytes > MAX_LEN {
        return plan_err!("a constant of {n_bytes} bytes; there may be {MAX_LEN}");
    }
    Ok(Expr::Literal(value, None))
}

/// Of a text.
fn length(value: &ScalarValue) -> usize {
    value.try_as_str().flatten().map_or(0, str::len)
}

fn text(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Literal(value, _) => value.try_as_str().flatten(),
        _ => None,
    }
}

/// Regular expressions are constants, and small ones.
fn check_patterns(expr: &Expr) -> Result<()> {
    match expr {
        Expr::ScalarFunction(call) => {
            let Some((_, flags)) = PATTERNED.iter().find(|(name, _)| *name == call.name()) else {
                return Ok(());
            };
            call.args.get(1).map_or(Ok(()), check_pattern)?;
            match call.args.get(*flags) {
                Some(flags) if !matches!(flags, Expr::Literal(..)) => {
                    plan_err!("the flags of a regular expression must be a constant")
                }
                _ => Ok(()),
            }
        }
        Expr::BinaryExpr(binary) if is_match(binary.op) => check_pattern(&binary.right),
        Expr::SimilarTo(like) => check_pattern(&like.pattern),
        _ => Ok(()),
    }
}

fn is_match(op: Operator) -> bool {
    use Operator::{RegexIMatch, RegexMatch, RegexNotIMatch, RegexNotMatch};
    matches!(op, RegexMatch | RegexIMatch | RegexNotMatch | RegexNotIMatch)
}

fn check_pattern(pattern: &Expr) -> Result<()> {
    let Expr::Literal(value, _) = pattern else {
        return plan_err!("a regular expression must be a constant");
    };
    let Some(pattern) = value.try_as_str().flatten() else { return Ok(()) };
    match RegexBuilder::new(pattern).size_limit(MAX_PATTERN).build() {
        Ok(_) => Ok(()),
        Err(regex::Error::CompiledTooBig(_)) => plan_err!("the regular expression '{pattern}' is too large"),
        Err(error) => plan_err!("{error}"),
    }
}

/// Calls a function with a plain value for each argument that rows have: what fails then is wrong with the others.
fn check_call(expr: &Expr, engine: &Engine) -> Result<()> {
    let call = match expr {
        Expr::Cast(cast) => return check_zone(cast.field.data_type(), engine),
        Expr::TryCast(cast) => return check_zone(cast.field.data_type(), engine),
        Expr::ScalarFunction(call) => call,
        _ => return Ok(()),
    };
    if DEPENDING.contains(&call.name()) || !call.args.iter().any(|arg| matches!(arg, Expr::Literal(..))) {
        return Ok(());
    }
    if READING.contains(&call.name()) {
        return call.args.iter().skip(1).filter_map(text).try_for_each(|format| check_format(format, engine));
    }
    let plain = |arg: &Expr| match arg {
        Expr::Literal(..) => Ok(arg.clone()),
        arg => Ok(lit(plain(&arg.get_type(&engine.schema)?)?)),
    };
    let args = call.args.iter().map(plain).collect::<Result<Vec<_>>>()?;
    engine.value(&Expr::ScalarFunction(ScalarFunction { func: call.func.clone(), args })).map(drop)
}

/// A value that most functions take: 1 of numbers, an empty text, the epoch.
fn plain(kind: &DataType) -> Result<ScalarValue> {
    if kind.is_numeric() { ScalarValue::new_one(kind) } else { ScalarValue::new_default(kind) }
}

fn check_zone(kind: &DataType, engine: &Engine) -> Result<()> {
    let DataType::Timestamp(_, Some(zone)) = kind else { return Ok(()) };
    // The zone is read when a time in it is written.
    let epoch = lit(ScalarValue::TimestampMicrosecond(Some(0), Some(zone.clone())));
    let written = Expr::Cast(Cast::new(Box::new(epoch), DataType::Utf8));
    if engine.value(&written).is_err() {
        return plan_err!("there is no time zone '{zone}'");
    }
    Ok(())
}

/// What can be written in a format can be read in it, too.
fn check_format(format: &str, engine: &Engine) -> Result<()> {
    let epoch = ScalarValue::TimestampMicrosecond(Some(0), None);
    let written = datafusion_functions::datetime::to_char().call(vec![lit(epoch), lit(format)]);
    if engine.value(&written).is_err() {
        return plan_err!("'{format}' is no format of times");
    }
    Ok(())
}

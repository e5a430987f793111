//! Functions whose texts may be far longer than their arguments: how long is found out before they are called.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, FieldRef};
use datafusion_common::Result;
use datafusion_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};

use super::room;

/// Most bytes that one byte of a format stands for, as the two of `%+`.
const PER_FORMAT_BYTE: usize = 20;

/// How the length of a result follows from the arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Growth {
    /// All arguments, one behind the other.
    Joined,
    /// All arguments, with the first between any two others.
    Separated,
    /// Every occurrence of the second in the first becomes the third.
    Replaced,
    /// The same for what matches the second, and the third may name parts of it.
    Rewritten,
    /// What each group of the second has of the first.
    Matched,
    /// What the second says of the first.
    Formatted,
    /// A number, by comparing all characters with all.
    Compared,
}

const GROWING: [(&str, Growth); 7] = [
    ("concat", Growth::Joined),
    ("concat_ws", Growth::Separated),
    ("replace", Growth::Replaced),
    ("regexp_replace", Growth::Rewritten),
    ("regexp_match", Growth::Matched),
    ("to_char", Growth::Formatted),
    ("levenshtein", Growth::Compared),
];

/// A function that is not called where it would need too much.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Bounded {
    inner: Arc<ScalarUDF>,
    growth: Growth,
}

/// The same function, bounded if it is one of these.
pub(super) fn bounded(function: Arc<ScalarUDF>) -> Arc<ScalarUDF> {
    match GROWING.iter().find(|(name, _)| *name == function.name()) {
        Some((_, growth)) => Arc::new(ScalarUDF::new_from_impl(Bounded { inner: function, growth: *growth })),
        None => function,
    }
}

impl ScalarUDFImpl for Bounded {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, kinds: &[DataType]) -> Result<DataType> {
        self.inner.return_type(kinds)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        self.inner.return_field_from_args(args)
    }

    fn coerce_types(&self, kinds: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(kinds)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let texts = args.args.iter().map(Texts::of).collect::<Result<Vec<_>>>()?;
        // One for all rows where all arguments are constants.
        let is_one = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let n_rows = if is_one { 1 } else { args.number_rows };
        let need = |row: usize| self.growth.of(&texts, row);
        if self.growth == Growth::Compared {
            (0..n_rows).try_for_each(|row| room::step(need(row)))?;
        } else {
            room::check((0..n_rows).map(need).fold(0, usize::saturating_add))?;
        }
        self.inner.invoke_with_args(args)
    }
}

impl Growth {
    /// Most bytes of the result for a row, or pairs of characters.
    fn of(self, args: &[Texts], row: usize) -> usize {
        let text = |index: usize| args.get(index).map_or("", |texts| texts.at(row));
        let all = || args.iter().map(|texts| texts.at(row).len()).fold(0, usize::saturating_add);
        match self {
            Growth::Joined => all(),
            Growth::Separated => text(0).len().saturating_mul(args.len()).saturating_add(all()),
            Growth::Replaced => replaced(text(0), text(1), text(2)),
            Growth::Rewritten => rewritten(text(0), text(2), text(3)),
            Growth::Matched => text(0).len().saturating_mul(1 + text(1).matches('(').count()),
            Growth::Formatted => text(1).len().saturating_mul(PER_FORMAT_BYTE),
            Growth::Compared => text(0).len().saturating_mul(text(1).len()),
        }
    }
}

fn replaced(text: &str, from: &str, to: &str) -> usize {
    if from.is_empty() || to.len() <= from.len() {
        return text.len();
    }
    let more = text.matches(from).count().saturating_mul(to.len() - from.len());
    text.len().saturating_add(more)
}

/// The replacement stands once for each match, and wherever it names a group that has a part of the text.
fn rewritten(text: &str, to: &str, flags: &str) -> usize {
    let n_matches = if flags.contains('g') { text.len() + 1 } else { 1 };
    let n_groups = to.matches(['$', '\\']).count();
    let written = n_matches.saturating_mul(to.len());
    written.saturating_add(text.len().saturating_mul(1 + n_groups))
}

/// A column of texts, or one text for all rows; of other types there are none.
struct Texts {
    array: ArrayRef,
    is_one: bool,
}

impl Texts {
    fn of(values: &ColumnarValue) -> Result<Self> {
        Ok(match values {
            ColumnarValue::Array(array) => Texts { array: Arc::clone(array), is_one: false },
            ColumnarValue::Scalar(value) => Texts { array: value.to_array()?, is_one: true },
        })
    }

    fn at(&self, row: usize) -> &str {
        let row = if self.is_one { 0 } else { row };
        if row >= self.array.len() || self.array.is_null(row) {
            return "";
        }
        match self.array.data_type() {
            DataType::Utf8 => self.array.as_string::<i32>().value(row),
            DataType::LargeUtf8 => self.array.as_string::<i64>().value(row),
            DataType::Utf8View => self.array.as_string_view().value(row),
            _ => "",
        }
    }
}

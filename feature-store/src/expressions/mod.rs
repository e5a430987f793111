//! Computed features: SQL expressions over features and values of the request, one row at a time.
//!
//! A feature must come out the same in a training set and in an answer, however its rows are cut into batches. So the
//! value of a row is what the expression gives for that row alone, and nothing may be called that depends on more than
//! its arguments. What SQL leaves open is settled thus:
//!
//! - Numbers: an integer that overflows is an error, and so is a cast that does not fit. Division by zero is null where
//!   an integer or a decimal is divided, and infinite or NaN where a float is. `/` between integers drops the remainder.
//! - Floats: NaN equals itself and is greater than all others; 0 and -0 are equal.
//! - Null: an operator or a function with a null gives null, but for those that ask for it (`IS NULL`, `coalesce`,
//!   `CASE`, `concat`).
//! - Text is compared by code points. Names are those of features, capitals and all; only functions ignore case.
//! - Times: a time without a zone is in UTC, and `TIMESTAMP` counts microseconds.
//! - Constants: what no row can have a value of, such as a regular expression that is none, is refused beforehand.
//! - Results: an expression has the declared type, or one that becomes it without a loss. Any other asks for a `CAST`.

mod functions;
mod defect;
mod text;
mod room;
mod growth;
mod engine;
mod constants;
mod exact;
pub(crate) mod compiled;
mod rows;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod batches;
#[cfg(test)]
mod bounds;

//! Whether the numbers of a feature are within bounds.

use std::fmt::{Display, Write};

use arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray};
use arrow::datatypes::{ArrowPrimitiveType, DataType, Float32Type, Float64Type, Int32Type, Int64Type};

use super::finding::grouped;

/// What was seen of one feature.
#[derive(Debug)]
pub(super) struct Range {
    min: Option<String>,
    max: Option<String>,
    n_outside: u64,
    n_nan: u64,
    /// The least and the greatest number.
    integers: Option<(i64, i64)>,
    floats: Option<(f64, f64)>,
}

impl Range {
    pub(super) fn of(min: Option<&String>, max: Option<&String>) -> Self {
        let (min, max) = (min.cloned(), max.cloned());
        Range { min, max, n_outside: 0, n_nan: 0, integers: None, floats: None }
    }

    /// Takes a column of numbers; no other type has bounds.
    pub(super) fn observe(&mut self, column: &ArrayRef) {
        match column.data_type() {
            DataType::Int32 => self.integers(column.as_primitive::<Int32Type>()),
            DataType::Int64 => self.integers(column.as_primitive::<Int64Type>()),
            // A bound of 0.1 is meant for the single that is nearest to it.
            DataType::Float32 => self.floats(column.as_primitive::<Float32Type>(), single),
            DataType::Float64 => self.floats(column.as_primitive::<Float64Type>(), double),
            _ => {}
        }
    }

    fn integers<T: ArrowPrimitiveType<Native: Into<i64>>>(&mut self, column: &PrimitiveArray<T>) {
        let least = self.min.as_deref().map(|text| whole(text, f64::ceil));
        let greatest = self.max.as_deref().map(|text| whole(text, f64::floor));
        for value in column.iter().flatten() {
            let value: i64 = value.into();
            let is_outside = least.is_some_and(|least| i128::from(value) < least)
                || greatest.is_some_and(|greatest| i128::from(value) > greatest);
            self.n_outside += u64::from(is_outside);
            let (low, high) = self.integers.unwrap_or((value, value));
            self.integers = Some((low.min(value), high.max(value)));
        }
    }

    fn floats<T: ArrowPrimitiveType<Native: Into<f64>>>(
        &mut self,
        column: &PrimitiveArray<T>,
        bound: fn(&str) -> Option<f64>,
    ) {
        let least = self.min.as_deref().and_then(bound);
        let greatest = self.max.as_deref().and_then(bound);
        for value in column.iter().flatten() {
            let value: f64 = value.into();
            if value.is_nan() {
                self.n_nan += 1;
                continue;
            }
            let is_outside =
                least.is_some_and(|least| value < least) || greatest.is_some_and(|greatest| value > greatest);
            self.n_outside += u64::from(is_outside);
            let (low, high) = self.floats.unwrap_or((value, value));
            self.floats = Some((low.min(value), high.max(value)));
        }
    }

    pub(super) fn merge(&mut self, other: &Range) {
        self.n_outside += other.n_outside;
        self.n_nan += other.n_nan;
        self.integers = joined(self.integers, other.integers, i64::min, i64::max);
        self.floats = joined(self.floats, other.floats, f64::min, f64::max);
    }

    /// What is wrong with the numbers of `feature`, of `n_rows` rows; NaN is within no bounds.
    pub(super) fn finding(&self, feature: &str, n_rows: u64) -> Option<String> {
        let n_bad = self.n_outside + self.n_nan;
        if n_bad == 0 {
            return None;
        }
        let bounds = match (&self.min, &self.max) {
            (Some(min), Some(max)) => format!("not within {min} and {max}"),
            (Some(min), None) => format!("not {min} or more"),
            (None, max) => format!("not {} or less", max.as_deref().unwrap_or("any number")),
        };
        let mut text =
            format!("feature '{feature}' is {bounds} in {} of {} rows", grouped(n_bad), grouped(n_rows));
        if self.n_nan > 0 {
            let _ = write!(text, ", being NaN in {}", grouped(self.n_nan));
        }
        let extent = self.integers.map(extent).or(self.floats.map(extent));
        text.push_str(&extent.unwrap_or_default());
        Some(text)
    }
}

fn extent<T: Display>((low, high): (T, T)) -> String {
    format!("; its least value is {low}, its greatest {high}")
}

fn joined<T: Copy>(
    one: Option<(T, T)>,
    other: Option<(T, T)>,
    min: fn(T, T) -> T,
    max: fn(T, T) -> T,
) -> Option<(T, T)> {
    match (one, other) {
        (Some(one), Some(other)) => Some((min(one.0, other.0), max(one.1, other.1))),
        (one, other) => one.or(other),
    }
}

/// A bound of integers, rounded towards what it allows; it may have any text that a number has in JSON.
#[expect(
    clippy::cast_possible_truncation,
    reason = "past the largest the cast saturates, beyond all 64 bits"
)]
fn whole(text: &str, round: fn(f64) -> f64) -> i128 {
    text.parse().unwrap_or_else(|_| round(text.parse().unwrap_or(f64::NAN)) as i128)
}

fn single(text: &str) -> Option<f64> {
    text.parse::<f32>().ok().map(f64::from)
}

fn double(text: &str) -> Option<f64> {
    text.parse().ok()
}

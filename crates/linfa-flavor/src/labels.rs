//! The labels of a classifier: all texts, all whole numbers, or all booleans.

use serde::{Deserialize, Serialize};

/// The labels of a classifier, in the order in which its parameters count them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a list of booleans, of whole numbers or of texts")]
pub enum Labels {
    /// `true` and `false`.
    Booleans(Vec<bool>),
    /// Whole numbers.
    Integers(Vec<i64>),
    /// Texts.
    Texts(Vec<String>),
}

impl Labels {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Labels::Booleans(labels) => labels.len(),
            Labels::Integers(labels) => labels.len(),
            Labels::Texts(labels) => labels.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A type that linfa takes as label.
pub trait Label: Clone {
    /// Labels of this type as a file keeps them; none when a number is beyond 64 bits with a sign.
    fn labels(all: &[Self]) -> Option<Labels>;
}

impl Label for bool {
    fn labels(all: &[Self]) -> Option<Labels> {
        Some(Labels::Booleans(all.to_vec()))
    }
}

impl Label for String {
    fn labels(all: &[Self]) -> Option<Labels> {
        Some(Labels::Texts(all.to_vec()))
    }
}

impl Label for &str {
    fn labels(all: &[Self]) -> Option<Labels> {
        Some(Labels::Texts(all.iter().map(|label| (*label).to_owned()).collect()))
    }
}

/// Whole numbers of other widths.
macro_rules! whole_numbers {
    ($($number:ty)*) => {$(
        impl Label for $number {
            fn labels(all: &[Self]) -> Option<Labels> {
                let all: Result<_, _> = all.iter().map(|label| i64::try_from(*label)).collect();
                all.ok().map(Labels::Integers)
            }
        }
    )*};
}

whole_numbers!(u8 u16 u32 u64 usize i8 i16 i32 i64);

//! Which types take all that another one takes.
//!
//! For columns this is what MLflow's own check converts (`_enforce_mlflow_datatype`), tried with 3.17.2: a long
//! does not become a double there, since a double cannot tell all longs apart. That text passes for binary in a
//! data frame is left out: over HTTP the same text would be read as base64.
//! Of a tensor the same check wants just the dtype that is told, and takes no narrower one; only its shape can widen.

use super::{Field, Tensor, Type};

/// MLflow's scalar types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scalar {
    Boolean,
    /// 32 bits.
    Integer,
    /// 64 bits.
    Long,
    /// 32 bits.
    Float,
    /// 64 bits.
    Double,
    String,
    Binary,
    Datetime,
}

impl Scalar {
    pub(super) const ALL: [Scalar; 8] = [
        Scalar::Boolean,
        Scalar::Integer,
        Scalar::Long,
        Scalar::Float,
        Scalar::Double,
        Scalar::String,
        Scalar::Binary,
        Scalar::Datetime,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Scalar::Boolean => "boolean",
            Scalar::Integer => "integer",
            Scalar::Long => "long",
            Scalar::Float => "float",
            Scalar::Double => "double",
            Scalar::String => "string",
            Scalar::Binary => "binary",
            Scalar::Datetime => "datetime",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        Scalar::ALL.into_iter().find(|scalar| scalar.name() == name)
    }

    fn takes(self, old: Scalar) -> bool {
        let is_wider = matches!(
            (old, self),
            (Scalar::Integer, Scalar::Long | Scalar::Double) | (Scalar::Float, Scalar::Double)
        );
        self == old || is_wider
    }
}

impl Type {
    /// Whether all that `old` takes is taken.
    pub(super) fn takes(&self, old: &Type) -> bool {
        match (self, old) {
            (Type::Any, _) | (Type::SparkVector, Type::SparkVector) => true,
            (Type::Scalar(new), Type::Scalar(old)) => new.takes(*old),
            (Type::Array(new), Type::Array(old)) | (Type::Map(new), Type::Map(old)) => new.takes(old),
            // MLflow refuses an object with a property that it does not know.
            (Type::Object(new), Type::Object(old)) => {
                let is_taken =
                    |(name, field): (&String, &Field)| new.get(name).is_some_and(|new| new.takes(field));
                let is_sent = |(name, field): (&String, &Field)| !field.required || old.contains_key(name);
                old.iter().all(is_taken) && new.iter().all(is_sent)
            }
            _ => false,
        }
    }
}

impl Field {
    /// Whether all that `old` takes is taken, and its absence too.
    pub(super) fn takes(&self, old: &Field) -> bool {
        self.kind.takes(&old.kind) && (old.required || !self.required)
    }
}

impl Tensor {
    /// Whether all that `old` takes is taken.
    pub(super) fn takes(&self, old: &Tensor) -> bool {
        let takes_length = |(new, old): (&i64, &i64)| *new == -1 || new == old;
        self.shape.len() == old.shape.len()
            && self.shape.iter().zip(&old.shape).all(takes_length)
            && self.dtype == old.dtype
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_widen_as_mlflow_converts_them() {
        let taken_by = |old: Scalar| {
            Scalar::ALL.into_iter().filter(|new| new.takes(old)).map(Scalar::name).collect::<Vec<_>>()
        };
        assert_eq!(taken_by(Scalar::Integer), ["integer", "long", "double"]);
        assert_eq!(taken_by(Scalar::Long), ["long"]);
        assert_eq!(taken_by(Scalar::Float), ["float", "double"]);
        for same in [Scalar::Boolean, Scalar::Double, Scalar::String, Scalar::Binary, Scalar::Datetime] {
            assert_eq!(taken_by(same), [same.name()]);
        }
    }
}

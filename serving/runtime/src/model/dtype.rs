//! Types of a tensor's elements, as the Open Inference Protocol and numpy name them.

/// The type of a tensor's elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DType {
    /// One byte, 0 or 1.
    Bool,
    /// Unsigned, 8 bits.
    Uint8,
    /// Unsigned, 16 bits.
    Uint16,
    /// Unsigned, 32 bits.
    Uint32,
    /// Unsigned, 64 bits.
    Uint64,
    /// Signed, 8 bits.
    Int8,
    /// Signed, 16 bits.
    Int16,
    /// Signed, 32 bits.
    Int32,
    /// Signed, 64 bits.
    Int64,
    /// IEEE 754 half precision.
    Fp16,
    /// The upper half of a single.
    Bf16,
    /// IEEE 754 single precision.
    Fp32,
    /// IEEE 754 double precision.
    Fp64,
    /// Texts or other bytes, of any length.
    Bytes,
}

/// Each type with its name in the Open Inference Protocol, its name in numpy, and its width in bytes; 0 for any length.
const NAMES: [(DType, &str, &str, usize); 14] = [
    (DType::Bool, "BOOL", "bool", 1),
    (DType::Uint8, "UINT8", "uint8", 1),
    (DType::Uint16, "UINT16", "uint16", 2),
    (DType::Uint32, "UINT32", "uint32", 4),
    (DType::Uint64, "UINT64", "uint64", 8),
    (DType::Int8, "INT8", "int8", 1),
    (DType::Int16, "INT16", "int16", 2),
    (DType::Int32, "INT32", "int32", 4),
    (DType::Int64, "INT64", "int64", 8),
    (DType::Fp16, "FP16", "float16", 2),
    (DType::Bf16, "BF16", "bfloat16", 2),
    (DType::Fp32, "FP32", "float32", 4),
    (DType::Fp64, "FP64", "float64", 8),
    (DType::Bytes, "BYTES", "str", 0),
];

impl DType {
    fn row(self) -> &'static (DType, &'static str, &'static str, usize) {
        // One row for each variant, in their order.
        &NAMES[self as usize]
    }

    /// Its name in the Open Inference Protocol, such as `FP32`.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// The type of this name in the Open Inference Protocol.
    pub fn from_name(name: &str) -> Option<Self> {
        NAMES.iter().find(|row| row.1 == name).map(|row| row.0)
    }

    /// Its name in numpy and in MLflow's tensor specs, such as `float32`.
    pub fn numpy_name(self) -> &'static str {
        self.row().2
    }

    /// The type of this name in numpy; texts and bytes have several.
    pub fn from_numpy_name(name: &str) -> Option<Self> {
        match name {
            "object" | "bytes" | "string" => Some(DType::Bytes),
            _ => NAMES.iter().find(|row| row.2 == name).map(|row| row.0),
        }
    }

    /// Bytes of one element; none for those of any length.
    pub fn width(self) -> Option<usize> {
        Some(self.row().3).filter(|width| *width > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_found_by_both_of_its_names() {
        for (dtype, name, numpy_name, width) in NAMES {
            assert_eq!(DType::from_name(name), Some(dtype));
            assert_eq!(DType::from_numpy_name(numpy_name), Some(dtype));
            assert_eq!((dtype.name(), dtype.numpy_name()), (name, numpy_name));
            assert_eq!(dtype.width().unwrap_or(0), width);
        }
    }
}

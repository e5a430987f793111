//! All SQL of this crate. Functions take `&mut Tx`; none of them opens a transaction.

pub(crate) mod feature_definitions;

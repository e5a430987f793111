//! Training sets from real tables.

pub(super) mod fixture;
mod rows;
mod computed;
mod pins;
mod places;
mod sent;
mod whole;
mod memory;

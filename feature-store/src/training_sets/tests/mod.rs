//! Training sets from real tables.

mod fixture;
mod rows;
mod pins;
mod whole;
mod memory;

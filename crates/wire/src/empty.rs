//! The empty message: the answer to most requests that change something.

use crate::presence::message;

message! {
    /// `{}`.
    pub struct Empty {}
}

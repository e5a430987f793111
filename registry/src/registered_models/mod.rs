//! Use cases of registered models.

mod search;

//! Secrets of webhooks: sealed before they are stored, opened to sign a delivery.
//!
//! MLflow stores them as Fernet tokens, under a key that it is given by a variable; so the same key opens them in both
//! servers. Without that variable MLflow makes a key up that is gone with the process; ours keeps one in a file.

mod fernet;
mod key_file;
mod keeper;

pub use fernet::{BadKey, FernetKey};
pub(crate) use keeper::SecretKeeper;
pub use keeper::{KeySource, SecretError};

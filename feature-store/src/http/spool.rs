//! The rows that a caller sends, kept in a file: they are read twice.

use std::time::Duration;

use axum::body::Body;
use forebay_core::invalid::Invalid;
use http_body_util::BodyExt as _;
use tempfile::TempPath;
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;
use tokio::time::timeout;

use crate::{Error, Result};

/// Longest body, in bytes.
const MAX_BYTES: u64 = 1 << 30;

/// How long a body may stand still before its caller counts as gone.
const MAX_SILENCE: Duration = Duration::from_mins(1);

/// Writes a body to a file that is gone when this is dropped.
///
/// # Errors
/// [`Error::Invalid`] for one that is too long, breaks off or stands still.
pub(super) async fn spool(mut body: Body) -> Result<TempPath> {
    let file =
        tempfile::Builder::new().prefix("forebay-").suffix(".arrows").tempfile().map_err(Error::Spool)?;
    let (file, path) = file.into_parts();
    let (mut file, mut n_bytes) = (File::from_std(file), 0);
    loop {
        let stalled = |_| Invalid::message(format!("Nothing came for {} seconds.", MAX_SILENCE.as_secs()));
        let Some(frame) = timeout(MAX_SILENCE, body.frame()).await.map_err(stalled)? else { break };
        let broken = |error| Invalid::message(format!("The request body could not be read: {error}"));
        let chunk = frame.map_err(broken)?.into_data().unwrap_or_default();
        n_bytes += chunk.len() as u64;
        if n_bytes > MAX_BYTES {
            let why = format!("The rows are longer than {MAX_BYTES} bytes; write them to a table instead.");
            return Err(Invalid::message(why).into());
        }
        file.write_all(&chunk).await.map_err(Error::Spool)?;
    }
    file.flush().await.map_err(Error::Spool)?;
    Ok(path)
}

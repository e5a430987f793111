//! What tells one cached model from another.

use bytes::BytesMut;
use forebay_core::hexadecimal::hexadecimal;
use futures_util::TryStreamExt as _;
use sha2::{Digest as _, Sha256};

use crate::sources::error::SourceError;
use crate::sources::files::{ModelFile, ModelFiles};

/// The file that stands for a model whose files have no etags.
const MLMODEL: &str = "MLmodel";

/// Longest such file, in bytes.
const MAX_MLMODEL: usize = 4 * 1024 * 1024;

/// A name for a listing, which fits a file system.
///
/// # Errors
/// The listing is none of a model.
pub(super) async fn of(files: &dyn ModelFiles, listed: &[ModelFile]) -> Result<String, SourceError> {
    let mlmodel = listed.iter().find(|file| file.path.as_str() == MLMODEL);
    let mlmodel = mlmodel.ok_or_else(|| SourceError::Listing {
        uri: files.place().to_owned(),
        reason: format!("there is no {MLMODEL}, so it is no model"),
    })?;
    let mut hash = Sha256::new();
    let mut add = |part: &[u8]| {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    };
    add(files.place().as_bytes());
    for file in listed {
        add(file.path.as_str().as_bytes());
        add(&file.size_bytes.map_or([0xff; 8], u64::to_le_bytes));
        add(file.etag.as_deref().unwrap_or_default().as_bytes());
    }
    if listed.iter().any(|file| file.etag.is_none()) {
        add(&content(files, mlmodel).await?);
    }
    Ok(hexadecimal(&hash.finalize()))
}

async fn content(files: &dyn ModelFiles, file: &ModelFile) -> Result<BytesMut, SourceError> {
    let mut chunks = files.open(file, None).await?.chunks;
    let mut content = BytesMut::new();
    while let Some(chunk) = chunks.try_next().await? {
        content.extend_from_slice(&chunk);
        if content.len() > MAX_MLMODEL {
            return Err(SourceError::Size {
                uri: files.place().to_owned(),
                path: MLMODEL.to_owned(),
                expected_bytes: MAX_MLMODEL as u64,
                actual_bytes: content.len() as u64,
            });
        }
    }
    Ok(content)
}

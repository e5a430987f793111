//! [`SecretKeeper`]: seals and opens secrets, and finds the key when it is first needed.

use std::io;
use std::path::{Path, PathBuf};

use forebay_core::ids::Ids;
use tokio::sync::OnceCell;

use super::fernet::{BadKey, FernetKey};
use super::key_file::{self, Created};
use crate::model::sealed::SealedSecret;

/// Where the key comes from; the operator decides.
#[derive(Debug, Clone)]
pub enum KeySource {
    /// From the operator, as MLflow takes it.
    Given(FernetKey),
    /// From this file, which is made when the first secret is stored.
    File(PathBuf),
}

/// Why a secret cannot be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file is there, or should be, and cannot be used.
    #[error("the key file {} cannot be used", .0.display())]
    KeyFile(PathBuf, #[source] io::Error),
    /// The file holds something else.
    #[error("the key file {} holds no key", .0.display())]
    NoKey(PathBuf, #[source] BadKey),
    /// There are secrets, but no key.
    #[error("the key file {} is missing, without which stored secrets cannot be read", .0.display())]
    KeyFileMissing(PathBuf),
    /// The key is not the one with which the secret was sealed.
    #[error("the secret was encrypted with another key than this server has")]
    OtherKey,
    /// The thread that should read the file is gone.
    #[error("the key file was not read")]
    Stopped,
}

/// Seals and opens secrets.
#[derive(Debug)]
pub(crate) struct SecretKeeper {
    source: KeySource,
    from_file: OnceCell<FernetKey>,
}

impl SecretKeeper {
    pub(crate) fn new(source: KeySource) -> Self {
        SecretKeeper { source, from_file: OnceCell::new() }
    }

    /// Encrypts a secret; makes the key file if there is none yet.
    pub(crate) async fn seal(
        &self,
        secret: &str,
        now_ms: i64,
        ids: &dyn Ids,
    ) -> Result<SealedSecret, SecretError> {
        let key = match &self.source {
            KeySource::Given(key) => key,
            KeySource::File(path) => {
                let new_key = FernetKey::text(ids.secret_bytes());
                self.from_file
                    .get_or_try_init(|| off_thread(path, move |path| load_or_create(path, &new_key)))
                    .await?
            }
        };
        let [iv, _] = halves(ids.secret_bytes());
        Ok(SealedSecret::new(key.seal(secret, now_ms, iv)))
    }

    /// Decrypts a secret.
    pub(crate) async fn open(&self, sealed: &SealedSecret) -> Result<String, SecretError> {
        let key = match &self.source {
            KeySource::Given(key) => key,
            KeySource::File(path) => self.from_file.get_or_try_init(|| off_thread(path, load)).await?,
        };
        key.open(sealed.as_str()).map_err(|_| SecretError::OtherKey)
    }
}

fn halves(bytes: [u8; 32]) -> [[u8; 16]; 2] {
    let mut halves = [[0; 16]; 2];
    for (half, chunk) in halves.iter_mut().zip(bytes.chunks_exact(16)) {
        half.copy_from_slice(chunk);
    }
    halves
}

/// Files are read where nobody else waits for it.
async fn off_thread(
    path: &Path,
    work: impl FnOnce(&Path) -> Result<FernetKey, SecretError> + Send + 'static,
) -> Result<FernetKey, SecretError> {
    let path = path.to_owned();
    tokio::task::spawn_blocking(move || work(&path)).await.unwrap_or(Err(SecretError::Stopped))
}

fn load(path: &Path) -> Result<FernetKey, SecretError> {
    let found = key_file::read(path).map_err(|error| SecretError::KeyFile(path.to_owned(), error))?;
    let text = found.ok_or_else(|| SecretError::KeyFileMissing(path.to_owned()))?;
    let key = FernetKey::parse(&text).map_err(|error| SecretError::NoKey(path.to_owned(), error))?;
    if key_file::is_open_to_others(path) {
        tracing::warn!("the key file {} can be read by others than its owner", path.display());
    }
    tracing::info!("secrets of webhooks are encrypted with the key in {}", path.display());
    Ok(key)
}

fn load_or_create(path: &Path, new_key: &str) -> Result<FernetKey, SecretError> {
    let cannot_be_used = |error| SecretError::KeyFile(path.to_owned(), error);
    // Where there is one the folder may be read-only.
    let is_missing = key_file::read(path).map_err(cannot_be_used)?.is_none();
    if is_missing && key_file::create(path, new_key).map_err(cannot_be_used)? == Created::Now {
        tracing::info!(
            "made a key for the secrets of webhooks: {}. It belongs into the backup, and all servers of this database \
             need the same one",
            path.display()
        );
    }
    load(path)
}

#[cfg(test)]
mod tests {
    use forebay_core::ids::SequentialIds;
    use tempfile::TempDir;

    use super::*;

    #[tokio::test]
    async fn a_key_is_made_for_the_first_secret_and_read_by_the_next_server() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("key");
        let keeper = || SecretKeeper::new(KeySource::File(path.clone()));
        let sealed = keeper().seal("s3cret", 0, &SequentialIds::default()).await.unwrap();
        assert!(!sealed.as_str().contains("s3cret") && !format!("{sealed:?}").contains(sealed.as_str()));
        assert_eq!(keeper().open(&sealed).await.unwrap(), "s3cret");
    }

    #[tokio::test]
    async fn without_the_right_key_a_secret_stays_closed_and_no_key_is_made_up() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("key");
        let keeper = SecretKeeper::new(KeySource::File(path.clone()));
        let sealed = SealedSecret::new("gAAAA".to_owned());
        assert!(matches!(keeper.open(&sealed).await, Err(SecretError::KeyFileMissing(_))));
        assert!(!path.exists());
        std::fs::write(&path, "not a key").unwrap();
        assert!(matches!(keeper.open(&sealed).await, Err(SecretError::NoKey(_, _))));
        std::fs::write(&path, FernetKey::text([1; 32])).unwrap();
        assert!(matches!(keeper.open(&sealed).await, Err(SecretError::OtherKey)));
    }
}

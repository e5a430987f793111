//! One at a time for each key: among the tasks of this process, and among processes.

use std::collections::HashMap;
use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use crate::sources::error::{SourceError, disk};

/// How often another process is asked whether it is done.
const POLL: Duration = Duration::from_millis(50);

/// Who is at which key.
#[derive(Debug, Default)]
pub(super) struct Turns(Mutex<HashMap<String, Weak<AsyncMutex<()>>>>);

/// The right to look at a key and to change what is there. Whatever ends the process ends it too.
pub(super) struct Turn {
    _among_processes: File,
    _in_process: OwnedMutexGuard<()>,
}

impl Turns {
    /// Waits until nobody else is at the key.
    pub(super) async fn take(&self, key: &str, file: &Path) -> Result<Turn, SourceError> {
        let in_process = self.mutex(key).lock_owned().await;
        let opened = tokio::fs::OpenOptions::new().create(true).truncate(false).write(true).open(file).await;
        let locked = opened.map_err(disk(file))?.into_std().await;
        loop {
            match locked.try_lock() {
                Ok(()) => return Ok(Turn { _among_processes: locked, _in_process: in_process }),
                Err(TryLockError::WouldBlock) => tokio::time::sleep(POLL).await,
                Err(TryLockError::Error(error)) => return Err(disk(file)(error)),
            }
        }
    }

    fn mutex(&self, key: &str) -> Arc<AsyncMutex<()>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, mutex| mutex.strong_count() > 0);
        if let Some(mutex) = all.get(key).and_then(Weak::upgrade) {
            return mutex;
        }
        let mutex = Arc::default();
        all.insert(key.to_owned(), Arc::downgrade(&mutex));
        mutex
    }
}

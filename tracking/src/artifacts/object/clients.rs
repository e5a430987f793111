//! One client for each bucket in use, made when it is first needed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use forebay_core::invalid::Invalid;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

use super::address::BucketName;
use super::bucket::Bucket;
use super::connect::{connect, store_key};
use super::s3_settings::S3Settings;
use super::settings::StoreSettings;
use crate::artifacts::StoreError;
use crate::model::artifact::expiration;

/// How many buckets are kept; callers choose buckets, so there may be any number of names.
const MAX_BUCKETS: usize = 64;

/// What the parts of all uploads together may hold, in MiB: the memory of many uploads at once.
const UPLOADING_MIB: usize = 512;

/// How long addresses for downloads are good, in seconds.
const DOWNLOAD_EXPIRES: &str = "MLFLOW_PRESIGNED_DOWNLOAD_URL_TTL_SECONDS";
const FIVE_MINUTES: Duration = Duration::from_mins(5);

/// The clients of all buckets. Cloning it is cheap.
#[derive(Debug, Clone)]
pub(crate) struct Clients(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: StoreSettings,
    s3: S3Settings,
    download_expires: Duration,
    made: Mutex<HashMap<BucketName, Arc<Bucket>>>,
    uploading_mib: Arc<Semaphore>,
    clean_up: TaskTracker,
}

impl Clients {
    /// Reads the settings; no store is asked anything yet.
    pub(crate) fn new(settings: StoreSettings) -> Result<Self, Invalid> {
        let s3 = S3Settings::read(&settings)?;
        let download_expires = settings.get(DOWNLOAD_EXPIRES).map_or(Ok(FIVE_MINUTES), expires_in)?;
        Ok(Clients(Arc::new(Inner {
            settings,
            s3,
            download_expires,
            made: Mutex::default(),
            uploading_mib: Arc::new(Semaphore::new(UPLOADING_MIB)),
            clean_up: TaskTracker::new(),
        })))
    }

    /// The bucket of that name, with a client that was made before or is made now.
    pub(crate) async fn bucket(&self, name: BucketName) -> Result<Arc<Bucket>, StoreError> {
        if let Some(bucket) = self.made().get(&name) {
            return Ok(Arc::clone(bucket));
        }
        // A client reads the certificates of the system.
        let (clients, wanted) = (self.clone(), name.clone());
        let made = tokio::task::spawn_blocking(move || clients.make(&wanted)).await;
        let bucket = Arc::new(made.map_err(|error| StoreError::from_io("", error.into()))??);
        let mut all = self.made();
        if all.len() >= MAX_BUCKETS {
            all.clear();
        }
        Ok(Arc::clone(all.entry(name).or_insert(bucket)))
    }

    /// How long an address for a download is good, unless its caller says so.
    pub(crate) fn download_expires(&self) -> Duration {
        self.0.download_expires
    }

    /// One text for one bucket, whatever a URI calls it.
    pub(crate) fn store_key(&self, name: &BucketName) -> String {
        store_key(name, &self.0.settings)
    }

    /// Waits until uploads that broke off are cleaned up; their tasks end by themselves.
    pub(crate) async fn close(&self) {
        self.0.clean_up.close();
        self.0.clean_up.wait().await;
    }

    fn make(&self, name: &BucketName) -> Result<Bucket, StoreError> {
        let Inner { settings, s3, uploading_mib, clean_up, .. } = &*self.0;
        match connect(name, settings, s3) {
            Ok(client) => {
                let (uploading_mib, clean_up) = (Arc::clone(uploading_mib), clean_up.clone());
                Ok(Bucket { client, uploading_mib, clean_up })
            }
            Err(source) => Err(StoreError::Unavailable {
                reason: "its client cannot be made from the server's settings".to_owned(),
                source,
            }),
        }
    }

    fn made(&self) -> std::sync::MutexGuard<'_, HashMap<BucketName, Arc<Bucket>>> {
        self.0.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn expires_in(text: &str) -> Result<Duration, Invalid> {
    let seconds = text.trim().parse();
    seconds.ok().map(expiration).transpose()?.ok_or_else(|| {
        Invalid::message(format!("{DOWNLOAD_EXPIRES} cannot be used: '{text}' is not a number of seconds"))
    })
}

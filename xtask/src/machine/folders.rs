//! Where things are kept between runs: the cache folder of the user and the build folder.

use std::path::PathBuf;

use crate::tree;

/// Folders taken from the environment.
#[derive(clap::Args)]
pub(crate) struct Folders {
    /// Cache folder [default: forebay in the user's cache folder]
    #[arg(long, env = "FOREBAY_CACHE")]
    cache: Option<PathBuf>,
    #[arg(long, env = "XDG_CACHE_HOME", hide = true)]
    user_cache: Option<PathBuf>,
    #[arg(long, env = "HOME", hide = true, default_value = ".")]
    home: PathBuf,
    #[arg(long, env = "CARGO_TARGET_DIR", hide = true)]
    target_dir: Option<PathBuf>,
}

impl Folders {
    /// Forebay's own folder in the user's cache.
    pub(crate) fn cache(&self) -> PathBuf {
        let user_cache = || self.user_cache.clone().unwrap_or_else(|| self.home.join(".cache"));
        self.cache.clone().unwrap_or_else(|| user_cache().join("forebay"))
    }

    /// cargo's build folder.
    pub(crate) fn target(&self) -> PathBuf {
        tree::root().join(self.target_dir.as_deref().unwrap_or("target".as_ref()))
    }

    /// Where a task leaves the output of what it ran.
    pub(crate) fn log(&self, name: &str) -> PathBuf {
        self.target().join("xtask-logs").join(name).with_extension("log")
    }
}

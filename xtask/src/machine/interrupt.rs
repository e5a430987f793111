//! Ctrl-C reaches every program of the terminal at once. The children end by themselves; this process only
//! takes note, so that it can stop its servers and remove its folders before it ends too.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Result;

/// Whether Ctrl-C was pressed.
#[derive(Clone)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Takes over Ctrl-C; once per process.
    pub(crate) fn watch() -> Result<Self> {
        let pressed = Self(Arc::new(AtomicBool::new(false)));
        let noted = pressed.clone();
        ctrlc::set_handler(move || noted.0.store(true, Ordering::SeqCst))?;
        Ok(pressed)
    }

    /// Whether it happened.
    pub(crate) fn came(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

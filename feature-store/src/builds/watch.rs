//! Whoever waits for a training set: it hears how far it is, and the build ends when it is gone.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use forebay_wire::features::TrainingSetProgress;
use tokio::sync::mpsc::Sender;

use crate::training_sets::{Progress, Step};

/// How often there is news of one step.
const EVERY: Duration = Duration::from_millis(500);

/// Somebody who waits.
pub(crate) struct Watch {
    is_gone: Arc<AtomicBool>,
    news: Option<Sender<TrainingSetProgress>>,
    last: Mutex<Option<(TrainingSetProgress, Instant)>>,
}

/// Lets the build end when it is dropped.
pub(crate) struct Waiting(Arc<AtomicBool>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Watch {
    /// Somebody who waits for as long as the other half lives, and may want to hear news.
    pub(crate) fn new(news: Option<Sender<TrainingSetProgress>>) -> (Self, Waiting) {
        let is_gone = Arc::new(AtomicBool::new(false));
        (Watch { is_gone: Arc::clone(&is_gone), news, last: Mutex::default() }, Waiting(is_gone))
    }
}

impl Progress for Watch {
    fn at(&self, step: Step<'_>, done: u64, of: Option<u64>) {
        let Some(news) = &self.news else { return };
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let told = news_of(step, done, of);
        let is_new = last.as_ref().is_none_or(|(before, at)| {
            (&before.step, &before.view) != (&told.step, &told.view) || at.elapsed() >= EVERY
        });
        if is_new {
            // Whoever does not keep up hears less.
            let _ = news.try_send(told.clone());
            *last = Some((told, Instant::now()));
        }
    }

    fn is_cancelled(&self) -> bool {
        self.is_gone.load(Ordering::Relaxed)
    }
}

fn news_of(step: Step<'_>, done: u64, of: Option<u64>) -> TrainingSetProgress {
    let (word, view) = match step {
        Step::Spine => ("spine", None),
        Step::View(view) => ("view", Some(view.to_owned())),
        Step::Parts => ("parts", None),
        Step::Write => ("write", None),
    };
    let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX).into();
    TrainingSetProgress { step: Some(word.to_owned()), view, done: Some(number(done)), of: of.map(number) }
}

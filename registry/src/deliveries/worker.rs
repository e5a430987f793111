//! The worker: takes from the outbox what is due, and sends it, until the server stops.
//!
//! All that it knows is in the table. It is woken when this process writes, and looks by itself now and then for what
//! another process left there. Of one subscriber only the oldest delivery is ever taken, so nothing overtakes.

use std::time::Duration;

use forebay_db as db;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::Registry;
use crate::model::delivery::Delivery;
use crate::sql::outbox;

/// How often to look when nobody wakes the worker.
const POLL: Duration = Duration::from_secs(5);

/// How long to rest between two looks, however often the worker is woken: most writes are of interest to nobody.
const REST: Duration = Duration::from_millis(20);

/// What a taken delivery may need beyond the timeout of its request; then it is free again.
const LEASE_MARGIN_MS: i64 = 10_000;

/// How long requests under way may take in the end.
const LAST_REQUESTS: Duration = Duration::from_secs(5);

/// How often to remove what is old, in milliseconds.
const CLEAN_UP_EVERY_MS: i64 = 600_000;

/// When a delivery is too old to be sent, and when one that was given up is removed.
const MAX_AGE_MS: i64 = 86_400_000;
const KEPT_MS: i64 = 7 * 86_400_000;

/// Deliveries under way. It must be stopped before the database is closed.
pub struct Deliveries {
    stage: watch::Sender<Stage>,
    worker: JoinHandle<()>,
}

/// How far the server is on its way to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Running,
    /// Nothing new is taken.
    Stopping,
    /// What is under way is given back.
    Ending,
}

impl Registry {
    /// Sends what is in the outbox from now on.
    pub fn start_deliveries(&self) -> Deliveries {
        let (stage, stages) = watch::channel(Stage::Running);
        let worker = Worker {
            registry: self.clone(),
            stages,
            sending: JoinSet::new(),
            cleaned_up_ms: None,
            is_failing: false,
        };
        Deliveries { stage, worker: tokio::spawn(worker.run()) }
    }

    /// Tells the worker that there may be something new.
    pub(crate) fn wake_deliveries(&self) {
        self.webhooks.wake.notify_one();
    }
}

impl Deliveries {
    /// Takes nothing new, waits a little for what is under way, and gives the rest back to the outbox.
    pub async fn stop(self) {
        self.stage.send_replace(Stage::Stopping);
        let mut worker = self.worker;
        if timeout(LAST_REQUESTS, &mut worker).await.is_ok() {
            return;
        }
        self.stage.send_replace(Stage::Ending);
        // A worker that panicked has nothing under way.
        let _ = worker.await;
    }
}

struct Worker {
    registry: Registry,
    stages: watch::Receiver<Stage>,
    sending: JoinSet<()>,
    cleaned_up_ms: Option<i64>,
    is_failing: bool,
}

impl Worker {
    async fn run(mut self) {
        let mut stages = self.stages.clone();
        loop {
            let pause = self.round().await;
            let rested = Instant::now() + REST;
            let woken = async {
                self.registry.webhooks.wake.notified().await;
                sleep_until(rested).await;
            };
            tokio::select! {
                () = reaches(&mut stages, Stage::Stopping) => break,
                () = woken => {}
                Some(_) = self.sending.join_next() => {}
                () = sleep(pause) => {}
            }
        }
        while self.sending.join_next().await.is_some() {}
    }

    /// Starts what is due, and returns how long there will be nothing to do.
    async fn round(&mut self) -> Duration {
        let done = match self.clean_up().await {
            Ok(()) => self.start_due().await,
            Err(error) => Err(error),
        };
        // An outage is told once, not at every look.
        let was_failing = std::mem::replace(&mut self.is_failing, done.is_err());
        match done {
            Ok(pause) => pause,
            Err(error) if was_failing => {
                tracing::debug!(%error, "the outbox still cannot be used");
                POLL
            }
            Err(error) => {
                tracing::warn!(%error, "the outbox cannot be used; deliveries wait");
                POLL
            }
        }
    }

    async fn start_due(&mut self) -> Result<Duration, db::Error> {
        let n_free = self.registry.webhooks.rules.max_workers.saturating_sub(self.sending.len());
        if n_free == 0 {
            return Ok(POLL);
        }
        // One more tells how long to wait for it. Those under way are due later than all that are due.
        let limit = i64::try_from(n_free).unwrap_or(i64::MAX).saturating_add(1);
        let heads = outbox::list_heads(&mut self.registry.db.read_once().await?, limit).await?;
        let now_ms = self.registry.now_ms();
        for head in heads.iter().filter(|head| head.next_attempt_ms <= now_ms).take(n_free) {
            if let Some(taken) = self.take(head.clone()).await? {
                self.start(taken);
            }
        }
        let later = heads.iter().map(|head| head.next_attempt_ms - now_ms).find(|wait_ms| *wait_ms > 0);
        let wait = later.and_then(|wait_ms| u64::try_from(wait_ms).ok()).map(Duration::from_millis);
        Ok(wait.unwrap_or(POLL).min(POLL))
    }

    /// Takes a delivery for as long as its request may last; `None` if another server was first.
    async fn take(&self, delivery: Delivery) -> Result<Option<Delivery>, db::Error> {
        let timeout_ms = i64::try_from(self.registry.webhooks.rules.timeout.as_millis()).unwrap_or(i64::MAX);
        let until_ms = self.registry.now_ms().saturating_add(timeout_ms).saturating_add(LEASE_MARGIN_MS);
        let taken = Delivery { next_attempt_ms: until_ms, ..delivery.clone() };
        let is_ours: Result<bool, db::Error> = self
            .registry
            .db
            .write((delivery, until_ms), |tx, (delivery, until_ms)| {
                Box::pin(outbox::claim(tx, delivery, *until_ms))
            })
            .await;
        Ok(is_ours?.then_some(taken))
    }

    fn start(&mut self, delivery: Delivery) {
        let (registry, mut stages) = (self.registry.clone(), self.stages.clone());
        self.sending.spawn(async move {
            let settled = tokio::select! {
                settled = registry.attempt(&delivery) => settled,
                () = reaches(&mut stages, Stage::Ending) => registry.release(delivery.clone()).await,
            };
            if let Err(error) = settled {
                let (webhook, delivery) = (&delivery.subscriber_id, &delivery.id);
                tracing::warn!(webhook, delivery, %error, "what became of a delivery is not stored; it is sent again");
            }
        });
    }

    /// Gives up and removes what is old, so that the table cannot grow for ever.
    async fn clean_up(&mut self) -> Result<(), db::Error> {
        let now_ms = self.registry.now_ms();
        if self.cleaned_up_ms.is_some_and(|before| now_ms - before < CLEAN_UP_EVERY_MS) {
            return Ok(());
        }
        let expired: Result<u64, db::Error> = self
            .registry
            .db
            .write(now_ms, |tx, now_ms| {
                Box::pin(async move {
                    outbox::purge(tx, now_ms - KEPT_MS).await?;
                    outbox::expire(tx, now_ms - MAX_AGE_MS, *now_ms, "it waited for more than a day").await
                })
            })
            .await;
        let n_expired = expired?;
        if n_expired > 0 {
            tracing::warn!(n_expired, "deliveries were given up that waited for more than a day");
        }
        self.cleaned_up_ms = Some(now_ms);
        Ok(())
    }
}

/// Resolves at that stage, or when whoever tells of stages is gone.
async fn reaches(stages: &mut watch::Receiver<Stage>, stage: Stage) {
    let _ = stages.wait_for(|now| *now >= stage).await;
}

#[cfg(test)]
mod tests;

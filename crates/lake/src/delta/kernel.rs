//! What the kernel works with: it is synchronous, and waits for the stores' answers on the runtime of the lake.

use std::future::Future;
use std::num::NonZero;
use std::sync::Arc;

use delta_kernel::{KernelError, KernelResult};
use delta_kernel_default_engine::executor::TaskExecutor;
use delta_kernel_default_engine::{DefaultEngine, DefaultEngineBuilder};
use futures_util::future::{BoxFuture, FutureExt as _};
use object_store::ObjectStore;
use tokio::runtime::{EnterGuard, Handle};

/// Reads and writes for the kernel.
pub(super) type Engine = DefaultEngine<OnRuntime>;

/// The runtime of the lake. The thread that waits for it is none of its own, as everywhere in this crate.
#[derive(Debug)]
pub(super) struct OnRuntime(Handle);

/// An engine for the files of a log.
pub(super) fn for_log(store: Arc<dyn ObjectStore>, runtime: &Handle) -> Engine {
    DefaultEngineBuilder::new(store).with_task_executor(Arc::new(OnRuntime(runtime.clone()))).build()
}

/// An engine for the data: one file at a time, in batches of so many rows.
pub(super) fn for_rows(store: Arc<dyn ObjectStore>, runtime: &Handle, max_rows: usize) -> Engine {
    let builder = DefaultEngineBuilder::new(store).with_task_executor(Arc::new(OnRuntime(runtime.clone())));
    let max_rows = NonZero::new(max_rows).unwrap_or(NonZero::<usize>::MIN);
    builder.with_buffer_size(NonZero::<usize>::MIN).with_batch_size(max_rows).build()
}

impl TaskExecutor for OnRuntime {
    type Guard<'a> = EnterGuard<'a>;

    fn block_on<T>(&self, task: T) -> T::Output
    where
        T: Future + Send + 'static,
        T::Output: Send + 'static,
    {
        self.0.block_on(task)
    }

    fn spawn<F>(&self, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.0.spawn(task);
    }

    fn spawn_blocking<T, R>(&self, task: T) -> BoxFuture<'_, KernelResult<R>>
    where
        T: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let running = self.0.spawn_blocking(task);
        running.map(|ended| ended.map_err(KernelError::join_failure)).boxed()
    }

    fn enter(&self) -> EnterGuard<'_> {
        self.0.enter()
    }
}

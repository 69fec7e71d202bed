use std::io;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};
use tokio::runtime::{Builder, Handle};
use tokio::task::JoinHandle;
use wayleave_system::http::ErrorCode;

/// Where tasks run.
pub(crate) enum Runtime {
    Given(Handle),
    /// Started with the first request.
    Own(Mutex<Option<tokio::runtime::Runtime>>),
}

impl Runtime {
    pub(crate) fn given(handle: Handle) -> Self {
        Self::Given(handle)
    }

    pub(crate) fn own() -> Self {
        Self::Own(Mutex::new(None))
    }

    pub(crate) fn handle(&self) -> io::Result<Handle> {
        let own = match self {
            Self::Given(handle) => return Ok(handle.clone()),
            Self::Own(own) => own,
        };
        let mut own = own.lock().unwrap_or_else(PoisonError::into_inner);
        match &*own {
            Some(runtime) => Ok(runtime.handle().clone()),
            None => {
                let runtime = Builder::new_multi_thread()
                    .worker_threads(1)
                    .thread_name("wayleave-http")
                    .enable_all()
                    .build()?;
                Ok(own.insert(runtime).handle().clone())
            }
        }
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        // Not by waiting for its thread: that is forbidden where the last owner is a task.
        if let Self::Own(own) = self
            && let Some(runtime) = own.get_mut().unwrap_or_else(PoisonError::into_inner).take()
        {
            runtime.shutdown_background();
        }
    }
}

/// What a task will give; dropped before that, the task ends.
pub(crate) struct Abort<T>(pub(crate) JoinHandle<Result<T, ErrorCode>>);

impl<T> Future for Abort<T> {
    type Output = Result<T, ErrorCode>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map(|joined| {
            // It panicked, or its runtime is gone.
            joined.unwrap_or_else(|error| Err(ErrorCode::internal(error.to_string())))
        })
    }
}

impl<T> Drop for Abort<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

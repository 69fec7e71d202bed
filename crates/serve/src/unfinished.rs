use tokio::sync::watch;

/// What a server waits for before it is over: its connections, and guests that go on without one.
/// Clones are the same.
#[derive(Clone)]
pub(crate) struct Unfinished(watch::Sender<()>);

/// One of that, until it is dropped.
pub(crate) struct Guard {
    _counted: watch::Receiver<()>,
}

impl Unfinished {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(()))
    }

    pub(crate) fn begin(&self) -> Guard {
        Guard { _counted: self.0.subscribe() }
    }

    /// Waits until there is nothing, also of what begins meanwhile.
    pub(crate) async fn none(&self) {
        self.0.closed().await;
    }
}

use crate::listen::{Listener, Stream};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::task::JoinSet;

/// Connections as they arrive at a server's listeners, until it is told to stop.
pub(crate) struct Accepting {
    accepted: mpsc::Receiver<Accepted>,
    _tasks: JoinSet<()>,
}

/// A connection, and its place among those that may be open at once.
pub(crate) type Accepted = (Stream, OwnedSemaphorePermit);

/// Connections that were accepted and are not served yet.
const WAITING: usize = 64;

impl Accepting {
    /// Accepts up to `most` connections at once, until `stopping` becomes true.
    pub(crate) fn start(
        listeners: Vec<Listener>,
        most: usize,
        stopping: &watch::Receiver<bool>,
    ) -> Self {
        let room = Arc::new(Semaphore::new(most));
        let (sender, accepted) = mpsc::channel(WAITING);
        let mut tasks = JoinSet::new();
        for listener in listeners {
            let (room, sender, mut stopping) = (room.clone(), sender.clone(), stopping.clone());
            tasks.spawn(async move {
                loop {
                    let next = tokio::select! {
                        biased;
                        _ = stopping.wait_for(|stop| *stop) => return,
                        next = accept(&listener, &room) => next,
                    };
                    if sender.send(next).await.is_err() {
                        return;
                    }
                }
            });
        }
        Self { accepted, _tasks: tasks }
    }

    /// The next one. What was accepted when the server was told to stop still comes; then `None`.
    pub(crate) async fn next(&mut self) -> Option<Accepted> {
        self.accepted.recv().await
    }
}

async fn accept(listener: &Listener, room: &Arc<Semaphore>) -> Accepted {
    loop {
        let Ok(permit) = room.clone().acquire_owned().await else {
            // Nobody closes it.
            std::future::pending().await
        };
        match listener.accept().await {
            Ok(stream) => return (stream, permit),
            Err(error) => {
                // The process has no more file descriptors, or the client is gone already.
                tracing::warn!("can not accept a connection: {error}");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Address;

    #[tokio::test]
    async fn what_was_accepted_is_served_after_the_server_was_told_to_stop() {
        let listener = Listener::bind(&Address::Tcp(([127, 0, 0, 1], 0).into())).unwrap();
        let Some(Address::Tcp(address)) = listener.address() else { panic!() };
        let (stop, stopping) = watch::channel(false);
        // More than wait in the channel.
        let most = WAITING + 8;
        let mut accepting = Accepting::start(vec![listener], most, &stopping);
        let clients: Vec<_> =
            (0..most).map(|_| std::net::TcpStream::connect(address).unwrap()).collect();
        while accepting.accepted.len() < WAITING {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        stop.send_replace(true);
        let mut served = Vec::new();
        while let Some(next) = accepting.next().await {
            served.push(next);
        }
        assert!((WAITING..=clients.len()).contains(&served.len()), "{}", served.len());
        assert!(std::net::TcpStream::connect(address).is_err());
    }
}

//! News of the revocation feed, for those who wait for it.

use tokio::sync::watch;

/// Tells those who wait that this process has committed something to the feed.
pub(crate) struct News(watch::Sender<u64>);

impl Default for News {
    fn default() -> Self {
        Self(watch::channel(0).0)
    }
}

impl News {
    /// Tells the number of an entry that is durable, if there is one.
    pub(crate) fn tell_of(&self, entry: Option<u64>) {
        let Some(number) = entry else { return };
        self.0.send_if_modified(|last| {
            let news = number > *last;
            *last = number.max(*last);
            news
        });
    }

    pub(crate) async fn beyond(&self, position: u64) {
        // The sender is this very value, so it cannot be gone.
        let mut told = self.0.subscribe();
        let _number = told.wait_for(|last| *last > position).await;
    }
}

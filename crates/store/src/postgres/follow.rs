//! What other replicas commit to the revocation feed: told by the database where it can, and looked for where not.

use super::{
    connect::Connecting,
    database::{Database, pause},
    revocation::{self, CHANNEL},
};
use crate::{error::Fault, news::News};
use authmint_domain::port::StoreError;
use std::{
    future::poll_fn,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio_postgres::AsyncMessage;

/// How often the feed is looked at beside what is told.
const LOOK: Duration = Duration::from_millis(500);

/// Tells of every number of the feed that is committed, whoever did it.
pub(super) async fn follow(database: Arc<Database>, connecting: Connecting, news: Arc<News>) {
    for tries in 0.. {
        let heard = tokio::select! {
            heard = listen(&database, &connecting, &news) => heard,
            () = look(&database, &news) => return,
        };
        let fault = heard.err().map(|fault| StoreError::from(fault).to_string());
        tracing::debug!(reason = fault, "nobody tells of the feed now; it is looked at twice a second");
        // A database that does not tell is asked again now and then: it may be another one by then.
        tokio::select! {
            () = look(&database, &news) => return,
            () = tokio::time::sleep(pause(tries) * 30) => {}
        }
    }
}

/// Looks at the feed, again and again.
async fn look(database: &Database, news: &News) {
    loop {
        if let Ok(last) = revocation::last(database).await {
            news.tell_of(Some(last));
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Hears of the feed, on a connection of its own, until that is lost.
async fn listen(database: &Database, connecting: &Connecting, news: &News) -> Result<(), Fault> {
    let (client, mut connection) = connecting.config.connect(connecting.tls.clone()).await?;
    let hear = async {
        while let Some(message) = poll_fn(|cx| connection.poll_message(cx)).await {
            if let AsyncMessage::Notification(told) = message? {
                news.tell_of(told.payload().parse().ok());
            }
        }
        Ok::<_, Fault>(())
    };
    let ask = async {
        client.batch_execute(&format!("LISTEN {CHANNEL}")).await?;
        database.notifies.store(true, Ordering::Relaxed);
        std::future::pending::<Result<(), Fault>>().await
    };
    tokio::select! {
        heard = hear => heard,
        asked = ask => asked,
    }
}

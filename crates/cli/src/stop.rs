//! When to stop: at Ctrl-C, or at the SIGTERM of a service manager.

use tokio::sync::watch;

/// Turns true at Ctrl-C or SIGTERM.
pub(crate) fn stop_signal() -> std::io::Result<watch::Receiver<bool>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (sender, receiver) = watch::channel(false);
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::spawn(async move {
        tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
        sender.send_replace(true);
    });
    Ok(receiver)
}

/// Done once it is time to stop.
pub(crate) async fn until(mut stop: watch::Receiver<bool>) {
    // An error means that the sender is gone, and with it the process's wish to go on.
    let _stopped = stop.wait_for(|stop| *stop).await;
}

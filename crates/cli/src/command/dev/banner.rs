//! What `authmint dev` prints once it runs: a greeting for a person, or one line of JSON for a program.

use super::Running;
use serde_json::json;

/// The text to print.
pub(super) fn text(running: &Running, as_json: bool) -> String {
    if as_json { line(running) } else { greeting(running) }
}

fn line(Running { base_url, demo_url, keys, .. }: &Running) -> String {
    json!({
        "baseUrl": base_url,
        "demoUrl": demo_url,
        "projectId": keys.project.id.to_string(),
        "clientKey": keys.client.reveal(),
        "serverKey": keys.server.reveal(),
        "inboxUrl": format!("{base_url}/dev/inbox.json"),
    })
    .to_string()
}

fn greeting(Running { base_url, demo_url, keys, data }: &Running) -> String {
    let inbox = format!("{base_url}/dev/inbox");
    let width = inbox.len();
    let (project, client, server) = (keys.project.id, keys.client.reveal(), keys.server.reveal());
    let data = data.display();
    format!(
        "
  authmint is ready, for development on this machine only.

    Demo app     {demo_url:width$}   sign in here
    Inbox        {inbox:width$}   the codes arrive here
    Service      {base_url:width$}   base URL for your app
    Data         {data}

  In your app's environment:

    AUTHMINT_BASE_URL={base_url}
    AUTHMINT_PROJECT_ID={project}
    AUTHMINT_CLIENT_KEY={client}
    AUTHMINT_SERVER_KEY={server}

  The client key is the public test vector of existing clients, which insist on its signature.
  Ctrl-C stops it.
"
    )
}

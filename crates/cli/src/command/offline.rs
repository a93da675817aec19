//! Commands that work on the database themselves, beside a service that may be running on it.

use super::CommandError;
use crate::{
    config::{DatabaseConfig, DatabaseOptions, KeyRingPlace},
    data_dir, telemetry,
};
use authmint_domain::{
    Context,
    flow::{
        admin::{LONGEST_PAGE, Page},
        start::know_ring,
    },
    model::key_ring::KeyRing,
    port::Store as _,
};
use authmint_protocol::time::Timestamp;
use authmint_server::{
    ServerPorts,
    adapter::{
        clock::ServiceClock,
        entropy::ServiceEntropy,
        issuer_keys::ServiceIssuerKeys,
        mailer::{Inbox, ServiceMailer},
        outgoing::{Lookup, ServiceOutgoing},
        signer::ServiceSigner,
    },
};
use authmint_store::{Options as StoreOptions, Store, StoreUrl, Writer};
use serde_json::Value;
use std::sync::Arc;

/// What a command does about a database that is not there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Absent {
    /// It begins one: the command is a first step.
    Make,
    /// It says so: there is nothing to work on, and the path is likely mistyped.
    Refuse,
}

/// Opens a database under its key ring, which the first start makes.
pub(super) async fn open(
    config: DatabaseConfig,
    options: StoreOptions,
) -> Result<(Store, KeyRing), CommandError> {
    if let (StoreUrl::Postgres(_), KeyRingPlace::Missing(path)) = (&config.url, &config.key_ring) {
        let text = format!(
            "the key ring {} is missing; all replicas on one PostgreSQL database share one: make it once by `authmint key-ring new` \
             and give it to each",
            path.display()
        );
        return Err(text.into());
    }
    let store = Store::open(&config.url, &StoreOptions { postgres: config.postgres, ..options }).await?;
    let key_ring = match config.key_ring {
        KeyRingPlace::Read(key_ring) => key_ring,
        KeyRingPlace::Missing(path) if store.ring_marks().await?.is_empty() => {
            data_dir::make_key_ring(&path, &ServiceEntropy::system())?
        }
        KeyRingPlace::Missing(path) => {
            let path = path.display();
            let text = format!(
                "the key ring {path} is missing, and {} was written under one: without it every token in the \
                 field would look forged. Restore the file, or give the right one",
                config.url
            );
            return Err(text.into());
        }
    };
    know_ring(&store, &key_ring).await?;
    Ok((store, key_ring))
}

/// Runs a command's work to its end.
pub(super) fn block_on<T>(work: impl Future<Output = Result<T, CommandError>>) -> Result<T, CommandError> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}

/// Refuses a file that is not there, where the path is likely mistyped.
pub(super) fn refuse_missing(url: &StoreUrl) -> Result<(), CommandError> {
    match url {
        StoreUrl::Sqlite(path) if !path.is_file() => {
            let path = path.display();
            let remedy = "check the path, or begin with `authmint project create`";
            Err(format!("there is no database at {path}; {remedy}").into())
        }
        _ => Ok(()),
    }
}

/// Runs `work` with all that a flow needs; nothing here mails, or signs a JWT.
pub(super) fn with_context<F: Future<Output = Result<(), CommandError>>>(
    options: &DatabaseOptions,
    absent: Absent,
    work: impl FnOnce(Context<ServerPorts>) -> F,
) -> Result<(), CommandError> {
    let config = DatabaseConfig::load(options)?;
    if absent == Absent::Refuse {
        refuse_missing(&config.url)?;
    }
    let options = StoreOptions { writer: Writer::Inline, readers: 1, ..StoreOptions::default() };
    let (signing_keys, reach) = (config.signing_keys, config.reach.clone());
    block_on(async {
        let (store, key_ring) = open(config, options).await?;
        let clock = ServiceClock::of_store();
        clock.set_by(&store).await?;
        let outgoing = ServiceOutgoing::new(reach, Lookup::system());
        let context = Context {
            store,
            clock,
            entropy: ServiceEntropy::system(),
            signer: ServiceSigner::default(),
            mailer: ServiceMailer::inbox(Inbox::default()),
            issuer_keys: ServiceIssuerKeys::new(outgoing.clone()),
            outgoing,
            key_ring: Arc::new(key_ring),
            issuer: String::new(),
            signing_keys,
            limited: true,
            audit_kept_for: None,
        };
        work(context).await
    })
}

/// The flags of a command that shows what it found.
#[derive(clap::Args)]
pub(crate) struct Flags {
    #[command(flatten)]
    database: DatabaseOptions,
    /// Print one line of JSON.
    #[arg(long, global = true)]
    json: bool,
}

/// Runs `work` as [`with_context`] does, and shows what it found.
pub(super) fn report<F: Future<Output = Result<Value, CommandError>>>(
    flags: &Flags,
    absent: Absent,
    work: impl FnOnce(Context<ServerPorts>) -> F,
) -> Result<(), CommandError> {
    with_context(&flags.database, absent, |cx| async {
        show(&work(cx).await?, flags.json);
        Ok(())
    })
}

/// The same where a person reads another text than the fields in their order.
pub(super) fn show_or<F: Future<Output = Result<(Value, String), CommandError>>>(
    flags: &Flags,
    absent: Absent,
    work: impl FnOnce(Context<ServerPorts>) -> F,
) -> Result<(), CommandError> {
    with_context(&flags.database, absent, |cx| async {
        let (value, text) = work(cx).await?;
        telemetry::say(&if flags.json { value.to_string() } else { text });
        Ok(())
    })
}

/// Reads page after page until there are `limit` items, or no more.
pub(super) async fn pages<T, C>(
    limit: usize,
    read: impl AsyncFn(Option<C>, u32) -> Result<Page<T, C>, CommandError>,
) -> Result<Vec<T>, CommandError> {
    let (mut all, mut after) = (Vec::new(), None);
    while all.len() < limit {
        let most = u32::try_from(limit - all.len()).unwrap_or(LONGEST_PAGE).min(LONGEST_PAGE);
        let page = read(after, most).await?;
        all.extend(page.items);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    Ok(all)
}

/// Reads a moment as it is written on a command line.
pub(super) fn moment(text: &str) -> Result<Timestamp, String> {
    let known = Timestamp::from_iso8601(text);
    known.ok_or_else(|| "a moment is a time in UTC such as 2026-11-23T14:30:00Z".to_owned())
}

/// Prints what a command found: one line of JSON, or a line a field.
pub(super) fn show(value: &Value, as_json: bool) {
    if as_json {
        return telemetry::say(&value.to_string());
    }
    let blocks: Vec<String> = match value {
        Value::Array(list) => list.iter().map(lines).collect(),
        one => vec![lines(one)],
    };
    telemetry::say(&blocks.join("\n\n"));
}

fn lines(value: &Value) -> String {
    let Some(fields) = value.as_object() else { return plain(value) };
    let mut flat = Vec::new();
    for (name, value) in fields {
        match value {
            // Its own fields say what it is.
            Value::Object(inner) if !inner.is_empty() => flat.extend(inner),
            value => flat.push((name, value)),
        }
    }
    let width = flat.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let line = |(name, value): &(&String, &Value)| format!("{name:width$}  {}", plain(value));
    flat.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) if list.is_empty() => "-".to_owned(),
        Value::Array(list) => list.iter().map(plain).collect::<Vec<_>>().join(", "),
        Value::Object(fields) if fields.values().all(Value::is_string) => {
            fields.values().map(plain).collect::<Vec<_>>().join(" ")
        }
        Value::Null => "-".to_owned(),
        other => other.to_string(),
    }
}

//! What an operator configures: read once, parsed into the types that the service works with, every fault at once.

mod fault;
mod keys;
mod source;

pub(crate) use fault::Faults;
pub(crate) use keys::sample;

use crate::data_dir;
use authmint_domain::model::key_ring::KeyRing;
use authmint_server::{Network, PublicUrl, TrustedProxies, adapter::mailer::SmtpConfig};
use authmint_store::StoreUrl;
use figment::value::Value;
use source::Values;
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};
use tracing_subscriber::EnvFilter;

/// Where the configuration is, and what a flag says of the database: for every command that opens it.
#[derive(clap::Args)]
pub(crate) struct DatabaseOptions {
    /// The configuration file; `authmint sample-config` prints one.
    #[arg(long, value_name = "FILE", env = "AUTHMINT_CONFIG")]
    config: Option<PathBuf>,
    /// The database, such as sqlite:/var/lib/authmint/authmint.db.
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// The file of the service's own secret keys.
    #[arg(long, value_name = "FILE")]
    key_ring: Option<String>,
}

/// The flags of `authmint serve`; each goes before the environment, and that before the file.
#[derive(clap::Args)]
pub(crate) struct ServiceOptions {
    #[command(flatten)]
    database: DatabaseOptions,
    /// The address to listen on.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// Where clients reach the service.
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// A proxy, or a network of proxies, whose X-Forwarded-* headers count.
    #[arg(long, value_name = "CIDR", value_delimiter = ',')]
    trust_proxy: Vec<String>,
}

/// How the service is to run.
pub(crate) struct ServiceConfig {
    pub(crate) database: DatabaseConfig,
    pub(crate) listen: SocketAddr,
    pub(crate) public_url: PublicUrl,
    pub(crate) trusted_proxies: TrustedProxies,
    pub(crate) smtp: SmtpConfig,
    pub(crate) log: LogConfig,
}

/// Which database, under which key ring.
pub(crate) struct DatabaseConfig {
    pub(crate) url: StoreUrl,
    pub(crate) key_ring: KeyRingPlace,
}

/// Where the key ring is.
pub(crate) enum KeyRingPlace {
    /// It was read.
    Read(KeyRing),
    /// There is no such file yet: the first start makes it.
    Missing(PathBuf),
}

/// What is logged, and how.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct LogConfig {
    /// The filter, which parses.
    pub(crate) filter: String,
    /// One object a line rather than text.
    pub(crate) json: bool,
}

impl ServiceConfig {
    /// Reads the whole configuration.
    ///
    /// # Errors
    /// All [`Faults`] at once.
    pub(crate) fn load(options: &ServiceOptions) -> Result<Self, Faults> {
        let text = |value: &Option<String>| value.clone().map(Value::from);
        let mut flags = options.database.flags();
        flags.extend(text(&options.listen).map(|value| ("listen", value)));
        flags.extend(text(&options.public_url).map(|value| ("public_url", value)));
        if !options.trust_proxy.is_empty() {
            flags.push(("trust_proxy", Value::from(options.trust_proxy.clone())));
        }
        Self::read(Values::gather(options.database.config.as_deref(), flags))
    }

    fn read(mut values: Values) -> Result<Self, Faults> {
        let public_url = values.required("public_url", |text| PublicUrl::parse(text).map_err(told));
        let listen = values.optional("listen", |text| {
            text.parse().map_err(|_| "must be an address with a port, such as 127.0.0.1:8420".to_owned())
        });
        let database = read_database(&mut values);
        let smtp = values.required("smtp", read_smtp);
        let before = values.faults.len();
        let trusted =
            TrustedProxies::new(values.list("trust_proxy", |text| text.parse::<Network>().map_err(told)));
        if let Some(url) = &public_url
            && !(url.is_https() || url.is_loopback() || !trusted.is_empty() || values.faults.len() > before)
        {
            let remedy = "must be https:// for users; http:// only on this machine, or with trust_proxy naming the \
                          proxy that speaks TLS";
            values.fault("public_url", remedy.to_owned());
        }
        let filter = values.optional("log", |text| {
            let parsed = EnvFilter::builder().parse(text);
            parsed
                .map(|_| text.to_owned())
                .map_err(|_| "must be a filter such as info or warn,authmint_server=debug".to_owned())
        });
        let json = values.optional("log_format", |text| match text {
            "text" => Ok(false),
            "json" => Ok(true),
            _ => Err("must be text or json".to_owned()),
        });
        match (public_url, database, smtp) {
            (Some(public_url), Some(database), Some(smtp)) if values.faults.is_empty() => Ok(Self {
                database,
                listen: listen.unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, 8420))),
                public_url,
                trusted_proxies: trusted,
                smtp,
                log: LogConfig {
                    filter: filter.unwrap_or_else(|| "info".to_owned()),
                    json: json.unwrap_or(false),
                },
            }),
            _ => Err(Faults(values.faults)),
        }
    }
}

impl DatabaseConfig {
    /// Reads what a command beside the service needs; the rest of the file is only held against the known keys.
    ///
    /// # Errors
    /// All [`Faults`] at once.
    pub(crate) fn load(options: &DatabaseOptions) -> Result<Self, Faults> {
        let mut values = Values::gather(options.config.as_deref(), options.flags());
        match read_database(&mut values) {
            Some(database) if values.faults.is_empty() => Ok(database),
            _ => Err(Faults(values.faults)),
        }
    }
}

impl DatabaseOptions {
    fn flags(&self) -> Vec<(&'static str, Value)> {
        let given = [("database", &self.database), ("key_ring", &self.key_ring)];
        given.into_iter().filter_map(|(key, text)| Some((key, Value::from(text.clone()?)))).collect()
    }
}

fn read_database(values: &mut Values) -> Option<DatabaseConfig> {
    let url = values.required("database", |text| {
        let url: StoreUrl = text.parse().map_err(told)?;
        let StoreUrl::Sqlite(path) = &url;
        refuse_development(path)?;
        Ok(url)
    });
    let key_ring = values.required("key_ring", read_key_ring);
    Some(DatabaseConfig { url: url?, key_ring: key_ring? })
}

/// The keys of a development folder are public or were printed: nothing in it may ever serve users.
fn refuse_development(path: &Path) -> Result<(), String> {
    if data_dir::is_development(path) {
        let remedy = format!("{} lies in a folder of `authmint dev`; give a path elsewhere", path.display());
        return Err(remedy);
    }
    Ok(())
}

/// The name of a file, or the ring itself.
fn read_key_ring(text: &str) -> Result<KeyRingPlace, String> {
    if text.lines().any(is_key_line) {
        return text.parse().map(KeyRingPlace::Read).map_err(told);
    }
    let path = PathBuf::from(text);
    refuse_development(&path)?;
    match path.try_exists() {
        Ok(true) => data_dir::read_key_ring(&path).map(KeyRingPlace::Read).map_err(|error| chain(&error)),
        Ok(false) => Ok(KeyRingPlace::Missing(path)),
        // Without the text: whoever mistook one key for another may have written a secret there.
        Err(error) => Err(format!("names no file that can be reached: {error}")),
    }
}

/// Whether a line is meant as a key of a ring, comments before it or not: a secret must not become the name of a file.
fn is_key_line(line: &str) -> bool {
    line.trim().split_once(':').is_some_and(|(id, secret)| {
        let numbered = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
        numbered || secret.bytes().take_while(u8::is_ascii_hexdigit).count() >= 64
    })
}

fn read_smtp(text: &str) -> Result<SmtpConfig, String> {
    let smtp: SmtpConfig = text.parse().map_err(told)?;
    smtp.check().map_err(told)?;
    if smtp.from.ends_with("@localhost") {
        return Err("must say whom mail is from: add ?from=Name <address>".to_owned());
    }
    Ok(smtp)
}

fn told(error: impl std::error::Error) -> String {
    error.to_string()
}

fn chain(error: &dyn std::error::Error) -> String {
    let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("{error}{cause}")
}

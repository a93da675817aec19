//! What an operator configures: read once, parsed into the types that the service works with, every fault at once.

mod fault;
mod keys;
mod limits;
mod source;

pub(crate) use fault::Faults;
pub(crate) use keys::sample;

use crate::data_dir;
use authmint_domain::model::{key_ring::KeyRing, outgoing::Reach, signing_key::Schedule};
use authmint_server::{HttpLimits, Network, PublicUrl, TrustedProxies, adapter::mailer::SmtpConfig};
use authmint_store::{PostgresOptions, StoreUrl};
use figment::value::Value;
use source::Values;
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};
use tracing_subscriber::filter::{LevelFilter, Targets};

/// The address unless another is given.
const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8420);

/// Where the configuration is, and which database a flag says: for every command that works on one.
#[derive(clap::Args)]
pub(crate) struct PlaceOptions {
    /// The configuration file; `authmint sample-config` prints one.
    #[arg(long, global = true, value_name = "FILE", env = "AUTHMINT_CONFIG")]
    config: Option<PathBuf>,
    /// The database, such as sqlite:/var/lib/authmint/authmint.db.
    #[arg(long, global = true, value_name = "URL")]
    database: Option<String>,
}

/// The same with the key ring: for every command that opens what the database keeps sealed.
#[derive(clap::Args)]
pub(crate) struct DatabaseOptions {
    #[command(flatten)]
    place: PlaceOptions,
    /// The file of the service's own secret keys.
    #[arg(long, global = true, value_name = "FILE")]
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
    /// Where Prometheus reads; nowhere unless given.
    pub(crate) metrics_listen: Option<SocketAddr>,
    pub(crate) public_url: PublicUrl,
    pub(crate) trusted_proxies: TrustedProxies,
    pub(crate) smtp: SmtpConfig,
    pub(crate) limits: HttpLimits,
    /// How long lines of the audit trail are kept.
    pub(crate) audit_kept_for: Duration,
    pub(crate) log: LogConfig,
    /// Where traces are sent; nowhere unless given.
    pub(crate) otlp_endpoint: Option<String>,
}

/// Which database, under which key ring, and what holds for the keys in it.
pub(crate) struct DatabaseConfig {
    pub(crate) url: StoreUrl,
    pub(crate) postgres: PostgresOptions,
    pub(crate) key_ring: KeyRingPlace,
    pub(crate) signing_keys: Schedule,
    /// Where the service may call, and `authmint issuer test`, too.
    pub(crate) reach: Reach,
}

/// Where the key ring is.
pub(crate) enum KeyRingPlace {
    /// It was read.
    Read(KeyRing),
    /// There is no such file yet: the first start makes it.
    Missing(PathBuf),
}

/// What is logged, and how.
#[derive(Debug, PartialEq)]
pub(crate) struct LogConfig {
    /// What is said, by the module that says it.
    pub(crate) filter: Targets,
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
        Self::read(Values::gather(options.database.place.config.as_deref(), flags))
    }

    fn read(mut values: Values) -> Result<Self, Faults> {
        let public_url = values.required("public_url", |text| PublicUrl::parse(text).map_err(told));
        let listen = values.optional("listen", read_address).unwrap_or(DEFAULT_LISTEN);
        let metrics_listen = values.optional("metrics_listen", read_address);
        if metrics_listen.is_some_and(|address| address == listen && address.port() != 0) {
            values.fault(
                "metrics_listen",
                "must be another address than listen, which the public reaches".to_owned(),
            );
        }
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
        let limits = limits::read(&mut values);
        let audit_kept_for = Duration::from_secs(values.number("audit_days") * 86_400);
        let filter = values.optional("log", |text| {
            text.parse::<Targets>()
                .map_err(|_| "must be a filter such as info or warn,authmint_server=debug".to_owned())
        });
        let json = values.optional("log_format", |text| match text {
            "text" => Ok(false),
            "json" => Ok(true),
            _ => Err("must be text or json".to_owned()),
        });
        let otlp_endpoint = values.optional("otlp_endpoint", read_otlp_endpoint);
        match (public_url, database, smtp) {
            (Some(public_url), Some(database), Some(smtp)) if values.faults.is_empty() => Ok(Self {
                database,
                listen,
                metrics_listen,
                public_url,
                trusted_proxies: trusted,
                smtp,
                limits,
                audit_kept_for,
                log: LogConfig {
                    filter: filter.unwrap_or_else(|| Targets::new().with_default(LevelFilter::INFO)),
                    json: json.unwrap_or(false),
                },
                otlp_endpoint,
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
        let mut values = Values::gather(options.place.config.as_deref(), options.flags());
        match read_database(&mut values) {
            Some(database) if values.faults.is_empty() => Ok(database),
            _ => Err(Faults(values.faults)),
        }
    }
}

/// Reads which database it is, for a command that copies it as it is, sealed keys and all.
///
/// # Errors
/// All [`Faults`] at once.
pub(crate) fn database_url(options: &PlaceOptions) -> Result<StoreUrl, Faults> {
    let mut values = Values::gather(options.config.as_deref(), options.flags());
    match values.required("database", |text| text.parse().map_err(told)) {
        Some(url) if values.faults.is_empty() => Ok(url),
        _ => Err(Faults(values.faults)),
    }
}

impl PlaceOptions {
    fn flags(&self) -> Vec<(&'static str, Value)> {
        self.database.iter().map(|url| ("database", Value::from(url.clone()))).collect()
    }
}

impl DatabaseOptions {
    fn flags(&self) -> Vec<(&'static str, Value)> {
        let mut flags = self.place.flags();
        flags.extend(self.key_ring.iter().map(|file| ("key_ring", Value::from(file.clone()))));
        flags
    }
}

fn read_database(values: &mut Values) -> Option<DatabaseConfig> {
    let url = values.required("database", |text| {
        let url: StoreUrl = text.parse().map_err(told)?;
        if let StoreUrl::Sqlite(path) = &url {
            refuse_development(path)?;
        }
        Ok(url)
    });
    let key_ring = values.required("key_ring", read_key_ring);
    let mut seconds = |key| Duration::from_secs(values.number(key));
    let (connect_timeout, statement_timeout, patience) = (
        seconds("database_connect_timeout"),
        seconds("database_statement_timeout"),
        seconds("database_patience"),
    );
    let mut count = |key| usize::try_from(values.number(key)).unwrap_or(usize::MAX);
    let postgres = PostgresOptions {
        connections: count("database_connections"),
        connect_timeout,
        statement_timeout,
        patience,
        known_sessions: count("database_known_sessions"),
    };
    let days = values.number("signing_key_rotation");
    let signing_keys = Schedule::rotating_every(Duration::from_secs(days * 86_400));
    let reach = Reach { loopback: false, allowed_hosts: values.list("outgoing_hosts", read_host) };
    Some(DatabaseConfig { url: url?, postgres, key_ring: key_ring?, signing_keys: signing_keys?, reach })
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

fn read_host(text: &str) -> Result<String, String> {
    let url = format!("https://{text}/");
    let alone = |host: &str| url == format!("https://{host}/");
    Reach { loopback: false, allowed_hosts: vec![text.to_owned()] }
        .url(&url)
        .ok()
        .filter(|read| alone(read.host()))
        .map(|read| read.host().to_owned())
        .ok_or_else(|| {
            "must be a host as URLs write it, such as login.corp.example: no port, no path, no *".to_owned()
        })
}

fn read_address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "must be an address with a port, such as 127.0.0.1:8420".to_owned())
}

fn read_otlp_endpoint(text: &str) -> Result<String, String> {
    if !cfg!(feature = "otlp") {
        return Err(
            "this program was built without traces: leave it out, or build with --features otlp".to_owned()
        );
    }
    // An address is what a public URL is: http or https, a host, perhaps a path, and nothing that could be a secret.
    PublicUrl::parse(text)
        .map(|url| url.to_string())
        .map_err(|_| "must be the address of a collector, such as http://127.0.0.1:4318".to_owned())
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

#[cfg(test)]
mod tests {
    use super::*;
    use authmint_domain::model::signing_key::SCHEDULE;
    use authmint_server::AUDIT_KEPT_FOR;

    #[test]
    fn the_defaults_of_the_table_are_those_of_the_library() {
        let mut values = Values::gather(None, Vec::new());
        assert_eq!(limits::read(&mut values), HttpLimits::default());
        let days = values.number("signing_key_rotation");
        assert_eq!(Schedule::rotating_every(Duration::from_secs(days * 86_400)), Some(SCHEDULE));
        let days = values.number("audit_days");
        assert_eq!(Duration::from_secs(days * 86_400), AUDIT_KEPT_FOR);
        assert!(values.faults.is_empty());
        assert!(Schedule::rotating_every(Duration::from_secs(86_400)).is_some(), "the least of its bounds");
    }
}

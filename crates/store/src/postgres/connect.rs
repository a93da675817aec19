//! How the database is reached: what its URL says, and whom it trusts.

use crate::{PostgresOptions, error::OpenError, url::StoreUrlError};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use std::{
    net::IpAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio_postgres::config::{Config, Host, SslMode, TargetSessionAttrs};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How long a sent packet may stay unconfirmed before the other side counts as gone, where the URL does not say.
const SILENCE: Duration = Duration::from_secs(10);

/// What a URL says.
#[derive(Debug, Clone)]
pub(crate) struct Parsed {
    config: Config,
    roots: Option<PathBuf>,
}

/// Reads a URL in the form of PostgreSQL's own programs (PostgreSQL 15 manual, section 34.1.1.2), with a stricter TLS: it is on unless
/// all hosts are this machine, and wherever it is on, certificate and name are checked.
pub(crate) fn parse(url: &str) -> Result<Parsed, StoreUrlError> {
    let (place, query) = url.split_once('?').unwrap_or((url, ""));
    let (mut rest, mut mode, mut roots, mut attributes) = (Vec::new(), None, None, false);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match form_urlencoded::parse(pair.as_bytes()).next() {
            Some((key, value)) if key == "sslmode" => mode = Some(value.into_owned()),
            Some((key, value)) if key == "sslrootcert" => roots = Some(PathBuf::from(value.into_owned())),
            found => {
                attributes |= found.is_some_and(|(key, _)| key == "target_session_attrs");
                rest.push(pair);
            }
        }
    }
    let text = if rest.is_empty() { place.to_owned() } else { format!("{place}?{}", rest.join("&")) };
    // The driver's own words could repeat a part of the URL, and a password stands in it.
    let mut config: Config = text.parse().map_err(|_| StoreUrlError::Postgres)?;
    if config.get_hosts().is_empty() {
        return Err(StoreUrlError::Postgres);
    }
    config.ssl_mode(match mode.as_deref() {
        Some("disable") => SslMode::Disable,
        Some("require" | "verify-ca" | "verify-full") => SslMode::Require,
        Some(_) => return Err(StoreUrlError::SslMode),
        None if is_this_machine(&config) => SslMode::Disable,
        None => SslMode::Require,
    });
    if config.get_hosts().len() > 1 && !attributes {
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(SILENCE);
    }
    if config.get_application_name().is_none() {
        config.application_name("authmint");
    }
    Ok(Parsed { config, roots })
}

/// Whether nothing leaves this machine, by names and by the addresses that may stand in for them (`hostaddr`).
fn is_this_machine(config: &Config) -> bool {
    let named = config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse().is_ok_and(|address: IpAddr| address.is_loopback())
        }
        Host::Unix(_) => true,
    });
    named && config.get_hostaddrs().iter().all(IpAddr::is_loopback)
}

/// What a connection is made with.
pub(super) struct Connecting {
    pub(super) config: Config,
    pub(super) tls: MakeRustlsConnect,
}

impl Connecting {
    pub(super) fn new(parsed: Parsed, options: &PostgresOptions) -> Result<Self, OpenError> {
        let Parsed { mut config, roots } = parsed;
        config.connect_timeout(options.connect_timeout);
        let roots = match &roots {
            Some(path) => of_file(path)?,
            None => webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect(),
        };
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| OpenError::Database { reason: error.to_string() })?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { config, tls: MakeRustlsConnect::new(tls) })
    }
}

fn of_file(path: &Path) -> Result<RootCertStore, OpenError> {
    let wrong = |reason: String| OpenError::Roots { path: path.to_owned(), reason };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| wrong(error.to_string()))? {
        let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
        roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(wrong("it holds no certificate".to_owned()));
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_is_off_on_this_machine_alone_or_where_it_is_said() {
        for (url, off) in [
            ("postgres://a@localhost/x", true),
            ("postgres://a@127.0.0.1,[::1]/x", true),
            ("postgres://a@db.example/x?sslmode=disable", true),
            ("postgres://a@db.example/x", false),
            ("postgres://a@localhost,db.example/x", false),
            ("postgres://a@localhost/x?hostaddr=192.0.2.1", false),
            ("postgres://a@localhost/x?sslmode=verify-full", false),
        ] {
            let mode = parse(url).unwrap().config.get_ssl_mode();
            assert_eq!(mode, if off { SslMode::Disable } else { SslMode::Require }, "{url}");
        }
    }
}

//! TLS to PostgreSQL: who is believed to be the database.

use authmint_domain::port::Store as _;
use authmint_journeys_postgres::Server;
use authmint_store::{OpenError, Options, Store};
use std::path::Path;

const CERTIFICATE: &str = include_str!("../certificates/server.pem");
const KEY: &str = include_str!("../certificates/server.key");

async fn open(url: &str, query: &str) -> Result<Store, OpenError> {
    Store::open(&format!("{url}?{query}").parse().unwrap(), &Options::default()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn threat_whoever_stands_between_is_not_taken_for_the_database() {
    let server = Server::with_tls(CERTIFICATE, KEY).unwrap();
    let by_address = server.create_database("sealed").unwrap();
    let by_name = by_address.replace("127.0.0.1", "localhost");
    let roots = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/certificates").join(name);
        format!("sslmode=verify-full&sslrootcert={}", path.display())
    };

    let store = open(&by_name, &roots("authority.pem")).await.unwrap();
    assert!(store.projects().await.unwrap().is_empty());
    let sealed = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
        WHERE application_name = 'authmint'";
    assert_eq!(server.query("sealed", sealed).unwrap().trim(), "t", "every connection, that of the feed too");

    let refused = async |url: &str, query: String| {
        let told = open(url, &query).await.err().expect("refused").to_string();
        assert!(told.contains("certificate"), "{told}");
    };
    tokio::join!(
        // Signed by nobody who is trusted; by somebody else; for another name.
        refused(&by_name, "sslmode=require".to_owned()),
        refused(&by_name, roots("stranger.pem")),
        refused(&by_address, roots("authority.pem")),
    );
    let told = open(&by_name, &roots("missing.pem")).await.err().unwrap();
    assert!(matches!(told, OpenError::Roots { .. }), "{told}");
}

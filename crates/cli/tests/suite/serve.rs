//! The service as an operator starts it: configured, refused, served, changed while it runs, stopped.

use crate::{
    program::{Program, authmint},
    served::{Place, Served},
};
use serde_json::{Value, json};

#[test]
fn the_sample_is_a_configuration_and_so_is_every_line_that_it_leaves_out() {
    let place = Place::new();
    let sample = authmint().arg("sample-config").output().unwrap();
    let sample = String::from_utf8(sample.stdout).unwrap();
    let whole: Vec<_> = sample
        .lines()
        // What this program was built without is a fault in a configuration, and told so.
        .filter(|line| cfg!(feature = "otlp") || !line.starts_with("#otlp_endpoint"))
        .map(|line| match line.strip_prefix('#') {
            Some(rest) if !rest.starts_with(' ') => rest,
            _ => line,
        })
        .collect();
    assert!(whole.len() > 40);
    for text in [sample.clone(), whole.join("\n")] {
        place.write(&text);
        let checked = place.command("check-config").output().unwrap();
        assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    }
    // The file says what it means: a sample of other keys would be found out here.
    place.write(&sample.replace("public_url", "publik_url"));
    assert!(!place.command("check-config").output().unwrap().status.success());
}

#[test]
fn every_fault_is_listed_at_once_with_its_key_its_place_and_no_secret() {
    let place = Place::new();
    place.write(
        r#"
        public_url = "http://auth.example.com"
        listen = 8420
        colour = "red"
        database = "postgres://"
        log_format = "xml"
        signing_key_rotation = 0
        max_body = "64k"
        request_timeout = 20
        drain_timeout = -1
        max_headers = 63.5
        "#,
    );
    for command in ["serve", "check-config"] {
        let output = place
            .command(command)
            .env("AUTHMINT_SMTP", "smtps://ada:hunter2-secret@mail.example.com?to=x")
            .env("AUTHMINT_KEY_RING", "1:abcdef0123456789")
            .env("AUTHMINT_LOGG", "info")
            .env("AUTHMINT_MAX_CONNECTIONS", "many")
            .env("AUTHMINT_SERVER_KEY", "belongs to an app")
            .output()
            .unwrap();
        assert!(!output.status.success());
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.starts_with("error: the configuration has 14 faults:\n"), "{said}");
        for fault in [
            "public_url (from ",
            "listen (from ",
            "colour (from ",
            "database (from ",
            "log_format (from ",
            "smtp (from AUTHMINT_SMTP)",
            "key_ring (from AUTHMINT_KEY_RING)",
            "logg (from AUTHMINT_LOGG)",
            "signing_key_rotation (from ",
            "max_body (from ",
            "request_timeout (from ",
            "drain_timeout (from ",
            "max_headers (from ",
            "max_connections (from AUTHMINT_MAX_CONNECTIONS): must be a whole number from 16 to 1000000",
        ] {
            assert!(said.contains(&format!("\n  {fault}")), "{fault}: {said}");
        }
        assert!(!said.contains("hunter2") && !said.contains("abcdef0123456789"), "{said}");
    }
    // A file that does not parse is not quoted either.
    place.write("smtp = \"smtps://ada:hunter2@mail.example.com\npublic_url = 1");
    let said = String::from_utf8(place.command("check-config").output().unwrap().stderr).unwrap();
    assert!(
        said.contains("--config (from ") && said.contains("line 1") && !said.contains("hunter2"),
        "{said}"
    );
}

#[test]
fn flags_go_before_the_environment_and_that_before_the_file() {
    let place = Place::new();
    place.configure("smtp://127.0.0.1:1");
    let url = |environment: Option<&str>, flag: Option<&str>| {
        let mut command = place.command("check-config");
        command.args(flag.iter().flat_map(|url| ["--public-url", url]));
        command.envs(environment.map(|url| ("AUTHMINT_PUBLIC_URL", url)));
        let output = command.output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        said.split(' ').find(|word| word.starts_with("http")).map(str::to_owned).expect("a URL")
    };
    assert_eq!(url(None, None), "http://localhost:8420");
    assert_eq!(url(Some("https://e.example"), None), "https://e.example");
    assert_eq!(url(Some("https://e.example"), Some("https://f.example")), "https://f.example");
    // Plain http is for this machine, or behind a proxy that was named.
    let mut plain = place.command("check-config");
    assert!(!plain.args(["--public-url", "http://auth.example.com"]).output().unwrap().status.success());
    assert!(plain.args(["--trust-proxy", "10.0.0.0/8,fd00::/8"]).output().unwrap().status.success());
}

#[test]
fn numbers_come_from_the_file_and_the_environment_within_their_bounds() {
    let place = Place::new();
    place.configure("smtp://127.0.0.1:1");
    let takes = |key: &str, value: &str| {
        place.command("check-config").env(key, value).output().unwrap().status.success()
    };
    for (key, within, beyond) in [
        ("AUTHMINT_SIGNING_KEY_ROTATION", "1", "366"),
        ("AUTHMINT_MAX_CONNECTIONS", "16", "15"),
        ("AUTHMINT_MAX_HEAD", "49152", "49153"),
        ("AUTHMINT_HEAD_TIMEOUT", " 5 ", "0x5"),
        ("AUTHMINT_DRAIN_TIMEOUT", "0", ""),
    ] {
        assert!(takes(key, within), "{key}={within}");
        assert!(!takes(key, beyond), "{key}={beyond}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn configured_limits_hold_for_requests() {
    let place = Place::new();
    place.configure("smtp://127.0.0.1:1");
    place.add("max_body = 4096\nmax_headers = 24\n");
    let served = Served::start(&place);
    let (key, filler) = (place.client_key(), "x".repeat(5000));
    let (status, body) = served.call(&key, "refresh", &json!({ "refresh": filler })).await;
    assert_eq!((status, body["code"].as_str()), (413, Some("body_too_large")), "{body}");
    assert!(body["message"].as_str().unwrap().contains("4096"), "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_told_on_the_address_that_was_given_for_them_and_on_no_other() {
    let place = Place::new();
    place.configure("smtp://127.0.0.1:1");
    let served = Served::start(&place);
    assert!(served.first_line().get("metrics").is_none(), "off unless asked for");
    assert_eq!(served.terminate().code(), Some(0));

    place.add("metrics_listen = \"127.0.0.1:0\"\n");
    let served = Served::start(&place);
    assert_eq!(served.get("/metrics").await.0, 404);
    let address = served.first_line()["metrics"].as_str().unwrap();
    let page = reqwest::get(format!("http://{address}/metrics")).await.unwrap().text().await.unwrap();
    let build = format!("authmint_build_info{{version=\"{}\"}} 1\n", env!("CARGO_PKG_VERSION"));
    assert!(page.contains(&build), "{page}");
    assert_eq!(served.terminate().code(), Some(0));

    let same = ["AUTHMINT_LISTEN", "AUTHMINT_METRICS_LISTEN"].map(|key| (key, "127.0.0.1:8420"));
    let output = place.command("check-config").envs(same).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("metrics_listen (from AUTHMINT_METRICS_LISTEN): must be another address"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_client_may_make_so_many_requests_unless_a_nameless_proxy_hides_all_of_them() {
    let statuses = async |served: &Served| {
        let mut refused = 0;
        for _ in 0..60 {
            let (status, text) = served.get("/.well-known/jwks.json").await;
            assert!(status == 200 || (status == 429 && text.contains("rate_limited")), "{status} {text}");
            refused += usize::from(status == 429);
            assert_eq!(served.get("/healthz").await.0, 200);
        }
        refused
    };
    let place = Place::new();
    place.configure("smtp://127.0.0.1:1");
    place.add("calls_per_client = 1\n");
    let served = Served::start(&place);
    assert!(statuses(&served).await > 0);
    assert!(!served.terminate_and_read_log().contains("trust_proxy"));

    place.add("trust_proxy = []\n");
    let public = "public_url = \"https://auth.example.com\"";
    let text = std::fs::read_to_string(place.path("authmint.toml")).unwrap();
    place.write(&text.replace("public_url = \"http://localhost:8420\"", public));
    let served = Served::start(&place);
    assert_eq!(statuses(&served).await, 0);
    let log = served.terminate_and_read_log();
    assert!(log.contains("trust_proxy names no proxy") && log.contains("name the proxy"), "{log}");
}

#[cfg(not(feature = "otlp"))]
#[test]
fn a_program_without_traces_says_so_rather_than_send_none() {
    let place = Place::new();
    place.configure("smtp://127.0.0.1:1");
    place.add("otlp_endpoint = \"http://127.0.0.1:4318\"\n");
    let said = place.refused(&["check-config"]);
    assert!(said.contains("otlp_endpoint (from ") && said.contains("--features otlp"), "{said}");
}

#[test]
fn the_environment_may_hold_the_key_ring_itself() {
    let place = Place::new();
    place.configure("smtp://127.0.0.1:1");
    let ring = String::from_utf8(place.command("key-ring").arg("new").output().unwrap().stdout).unwrap();
    let create = |ring: &str| {
        let mut command = place.command("project");
        command.args(["create", "--name", "Shop", "--environment", "staging"]).env("AUTHMINT_KEY_RING", ring);
        command.output().unwrap()
    };
    assert!(create(&ring).status.success());
    assert!(!place.path("data/key-ring").exists(), "it stays where it is");
    let other = create(&format!("1:{}", "cd".repeat(32)));
    let said = String::from_utf8(other.stderr).unwrap();
    assert!(said.contains("did not write this database") && !said.contains("cdcd"), "{said}");

    // Whatever stands around a key, it is never taken for the name of a file and told as one.
    let secret = "cd".repeat(32);
    for ring in [
        format!("# of 2026\n1:{secret}"),
        format!("\n\n  1:{secret}\n"),
        format!(":{secret}"),
        format!("key one:{secret}"),
    ] {
        let other = create(&ring);
        let said = String::from_utf8(other.stderr).unwrap();
        assert!(!other.status.success() && said.contains("key ring") && !said.contains("cdcd"), "{said}");
    }
    assert_eq!(std::fs::read_dir(place.path("data")).unwrap().count(), 1, "no file was made of a key");
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_46_development_data_and_foreign_or_missing_key_rings_are_refused() {
    let dev = tempfile::tempdir().unwrap();
    assert_eq!(Program::start(dev.path(), &[]).terminate().code(), Some(0));
    let place = Place::new();
    place.configure("smtp://127.0.0.1:1");
    let refused = |arguments: &[&str]| {
        let output = place.command("serve").args(arguments).output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };

    let database = format!("sqlite:{}", dev.path().join("authmint.db").display());
    let said = refused(&["--database", &database]);
    assert!(said.contains("database (from --database)") && said.contains("authmint dev"), "{said}");
    let said = refused(&["--key-ring", dev.path().join("key-ring").to_str().unwrap()]);
    assert!(said.contains("key_ring (from --key-ring)") && said.contains("authmint dev"), "{said}");

    // Out of its marked folder the database still knows its ring, and that it lets in by a key that anyone has.
    std::fs::create_dir(place.path("data")).unwrap();
    std::fs::copy(dev.path().join("authmint.db"), place.path("data/authmint.db")).unwrap();
    let said = refused(&[]);
    assert!(said.contains("key ring") && said.contains("is missing"), "{said}");
    assert!(!place.path("data/key-ring").exists(), "no ring is made for a database that has one");
    std::fs::write(place.path("data/key-ring"), format!("1:{}", "ab".repeat(32))).unwrap();
    assert!(refused(&[]).contains("this key ring did not write this database"));
    std::fs::copy(dev.path().join("key-ring"), place.path("data/key-ring")).unwrap();
    let said = refused(&[]);
    assert!(said.contains("public test vector"), "{said}");
    let id = said.split("key revoke ").nth(1).unwrap().split('`').next().unwrap();
    place.run(&["key", "revoke", id]);
    let served = Served::start(&place);
    assert_eq!(served.terminate().code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_made_while_it_runs_signs_its_users_in_and_its_key_can_be_taken_away() {
    let place = Place::new();
    let mail = place.configure_with_mail();
    let served = Served::start(&place);
    let first = served.first_line();
    assert_eq!(first["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(first["database"], format!("sqlite:{}", place.path("data/authmint.db").display()));
    #[cfg(unix)]
    for file in ["data/key-ring", "data/authmint.db"] {
        let mode =
            std::os::unix::fs::PermissionsExt::mode(&place.path(file).metadata().unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }

    let project =
        place.run(&["project", "--json", "create", "--name", "Shop", "--environment", "production"]);
    let id = project["id"].as_str().unwrap();
    let origin = ["--origin", "https://shop.example"];
    let create = ["key", "--json", "create", "--project", id, "--usage", "client"];
    let key = place.run(&[&create[..], &origin[..]].concat());
    let text = key["key"].as_str().unwrap();

    let token = served.sign_in(text, "ada@example.com", &mail).await;
    let (status, _) = served.call(text, "refresh", &json!({ "refresh": token })).await;
    assert_eq!(status, 200);
    assert_eq!(place.run(&["project", "--json", "list"]), Value::Array(vec![project.clone()]));
    let renamed = place.run(&["project", "--json", "set", id, "--idle", "3600", "--absolute", "7200"]);
    assert_eq!((&renamed["settings"]["idle"], &renamed["name"]), (&json!(3600), &json!("Shop")));

    let revoked = place.run(&["key", "--json", "revoke", key["id"].as_str().unwrap()]);
    assert!(revoked["revoked_at"].is_string() && revoked.get("key").is_none(), "{revoked}");
    assert_eq!(place.run(&["key", "--json", "list", "--project", id]), Value::Array(vec![revoked]));
    // It is looked up anew two seconds after the last time at the latest; until then it may still be taken.
    let mut tries = 0;
    while served.call(text, "refresh", &json!({ "refresh": token })).await.0 == 200 {
        tries += 1;
        assert!(tries < 1_000_000, "the revoked key is still taken");
    }
    let (status, body) = served.call(text, "refresh", &json!({ "refresh": token })).await;
    assert_eq!((status, body["code"].as_str()), (401, Some("api_key_unknown")));

    // The session is not the key's: a new key finds it, after a restart too.
    let key = place.run(&[&create[..], &["--anyone"]].concat());
    assert_eq!(served.terminate().code(), Some(0), "SIGTERM drains");
    let served = Served::start(&place);
    let (status, body) =
        served.call(key["key"].as_str().unwrap(), "refresh", &json!({ "refresh": token })).await;
    assert_eq!(status, 200, "{body}");
    let log = served.terminate_and_read_log();
    assert!(!log.contains(&token) && !log.contains(text) && !log.contains("ada@example.com"), "{log}");
}

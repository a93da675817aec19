//! Every key of the configuration, once: what it is, how it is written, and the sample that shows them all.

/// A key as an operator meets it.
pub(super) struct Key {
    /// In the file; in the environment it is in upper case behind `AUTHMINT_`.
    pub(super) name: &'static str,
    /// What it decides.
    pub(super) about: &'static [&'static str],
    /// A value as the file writes it.
    pub(super) example: &'static str,
    /// Whether it must be given; else the example is its default.
    pub(super) required: bool,
}

/// In the order of the sample.
pub(super) const KEYS: [Key; 8] = [
    Key {
        name: "public_url",
        about: &[
            "Where clients reach the service; links and the JWTs' issuer are made from it alone.",
            "http:// only for this machine, or behind a proxy that trust_proxy names.",
        ],
        example: r#""https://auth.example.com""#,
        required: true,
    },
    Key {
        name: "listen",
        about: &["The address to listen on; port 0 takes any free one."],
        example: r#""127.0.0.1:8420""#,
        required: false,
    },
    Key {
        name: "database",
        about: &["The database; the file is made at the first start."],
        example: r#""sqlite:/var/lib/authmint/authmint.db""#,
        required: true,
    },
    Key {
        name: "key_ring",
        about: &[
            "The file of the service's own secret keys, made at the first start. Back it up, apart from the database:",
            "without it every session is lost. The environment may hold the ring itself (`authmint key-ring new`).",
        ],
        example: r#""/var/lib/authmint/key-ring""#,
        required: true,
    },
    Key {
        name: "smtp",
        about: &[
            "The mail server: smtps://, smtp+starttls://, or smtp:// on this machine. A special character in user,",
            "password or sender is percent-encoded. With a password in it, better given as AUTHMINT_SMTP.",
        ],
        example: r#""smtps://user:password@mail.example.com?from=Shop <no-reply@example.com>""#,
        required: true,
    },
    Key {
        name: "trust_proxy",
        about: &[
            "The proxies before the service: theirs alone are the X-Forwarded-For and -Proto that count.",
        ],
        example: "[]",
        required: false,
    },
    Key {
        name: "log",
        about: &[
            "What is logged: error, warn, info or debug, for all or by module (info,authmint_server=debug).",
        ],
        example: r#""info""#,
        required: false,
    },
    Key {
        name: "log_format",
        about: &["How: text, or json with one object a line."],
        example: r#""text""#,
        required: false,
    },
];

/// A configuration with every key in it.
pub(crate) fn sample() -> String {
    let mut text = String::from(
        "# authmint.toml: every key also as AUTHMINT_KEY in the environment, which goes before the file; most as a\n\
         # flag of `authmint serve`, which goes before both. `authmint check-config` finds every fault at once.\n",
    );
    for key in &KEYS {
        text.push('\n');
        for line in key.about {
            text.push_str(&format!("# {line}\n"));
        }
        let mark = if key.required { "" } else { "#" };
        text.push_str(&format!("{mark}{} = {}\n", key.name, key.example));
    }
    text
}

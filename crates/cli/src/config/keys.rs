//! Every key of the configuration, once: what it is, how it is written, and the sample that shows them all.

/// A key as an operator meets it.
pub(super) struct Key {
    /// In the file; in the environment it is in upper case behind `AUTHMINT_`.
    pub(super) name: &'static str,
    /// What it decides.
    pub(super) about: &'static [&'static str],
    /// A value as the file writes it.
    pub(super) example: &'static str,
    /// What may stand there.
    pub(super) kind: Kind,
}

/// What a key may hold.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// A text that must be given: the example is none for everybody.
    Required,
    /// A text; the example is its default.
    Optional,
    /// A text that has no default: without it, what it stands for is off.
    Off,
    /// A whole number within bounds; the example is its default.
    Number {
        /// The least that makes sense.
        least: u64,
        /// The most.
        most: u64,
    },
}

/// In the order of the sample.
pub(super) const KEYS: &[Key] = &[
    Key {
        name: "public_url",
        about: &[
            "Where clients reach the service; links and the JWTs' issuer are made from it alone.",
            "http:// only for this machine, or behind a proxy that trust_proxy names.",
        ],
        example: r#""https://auth.example.com""#,
        kind: Kind::Required,
    },
    Key {
        name: "listen",
        about: &["The address to listen on; port 0 takes any free one."],
        example: r#""127.0.0.1:8420""#,
        kind: Kind::Optional,
    },
    Key {
        name: "database",
        about: &[
            "The database: sqlite:PATH, a file that is made at the first start; or postgres://USER:PASSWORD@HOST/DATABASE, shared",
            "by as many replicas as wanted (docs/operations.md). With a password in it, better given as AUTHMINT_DATABASE.",
        ],
        example: r#""sqlite:/var/lib/authmint/authmint.db""#,
        kind: Kind::Required,
    },
    Key {
        name: "key_ring",
        about: &[
            "The file of the service's own secret keys; with SQLite the first start makes it, on PostgreSQL all replicas are given",
            "the same. Back it up, apart from the database: without it every session is lost. The environment may hold the ring",
            "itself (`authmint key-ring new`).",
        ],
        example: r#""/var/lib/authmint/key-ring""#,
        kind: Kind::Required,
    },
    Key {
        name: "database_connections",
        about: &[
            "PostgreSQL: how many connections this process keeps at most; it uses one more to hear of what others do.",
        ],
        example: "16",
        kind: Kind::Number { least: 2, most: 1000 },
    },
    Key {
        name: "database_connect_timeout",
        about: &["PostgreSQL: seconds that one attempt to connect may take, for each host of the URL."],
        example: "3",
        kind: Kind::Number { least: 1, most: 60 },
    },
    Key {
        name: "database_statement_timeout",
        about: &["PostgreSQL: seconds that one statement may take."],
        example: "5",
        kind: Kind::Number { least: 1, most: 300 },
    },
    Key {
        name: "database_patience",
        about: &[
            "PostgreSQL: seconds for which a request tries again while the database is away; then it is answered by 503 with",
            "Retry-After. Less than request_timeout.",
        ],
        example: "8",
        kind: Kind::Number { least: 1, most: 60 },
    },
    Key {
        name: "database_known_sessions",
        about: &[
            "PostgreSQL: of how many sessions the part that never changes is kept in memory, about half a kilobyte each, so",
            "that their refreshes read less.",
        ],
        example: "65536",
        kind: Kind::Number { least: 0, most: 100_000_000 },
    },
    Key {
        name: "smtp",
        about: &[
            "The mail server: smtps://, smtp+starttls://, or smtp:// on this machine. A special character in user,",
            "password or sender is percent-encoded. With a password in it, better given as AUTHMINT_SMTP.",
        ],
        example: r#""smtps://user:password@mail.example.com?from=Shop <no-reply@example.com>""#,
        kind: Kind::Required,
    },
    Key {
        name: "trust_proxy",
        about: &[
            "The proxies before the service: theirs alone are the X-Forwarded-For and -Proto that count.",
        ],
        example: "[]",
        kind: Kind::Optional,
    },
    Key {
        name: "metrics_listen",
        about: &[
            "An address for Prometheus, which finds /metrics there and nothing else; none unless given. It is never part",
            "of the public address: give one that only your own machines reach.",
        ],
        example: r#""127.0.0.1:9420""#,
        kind: Kind::Off,
    },
    Key {
        name: "log",
        about: &[
            "What is logged: error, warn, info or debug, for all or by module (info,authmint_server=debug).",
        ],
        example: r#""info""#,
        kind: Kind::Optional,
    },
    Key {
        name: "log_format",
        about: &["How: text, or json with one object a line."],
        example: r#""text""#,
        kind: Kind::Optional,
    },
    Key {
        name: "otlp_endpoint",
        about: &[
            "An OpenTelemetry collector that traces are sent to by OTLP over HTTP; none unless given. Needs a program that",
            "was built with --features otlp.",
        ],
        example: r#""http://127.0.0.1:4318""#,
        kind: Kind::Off,
    },
    Key {
        name: "outgoing_hosts",
        about: &[
            "Hosts in your own network that the service may call for the keys of issuers that projects trust; it calls no",
            "private address else. https is needed all the same.",
        ],
        example: "[]",
        kind: Kind::Optional,
    },
    Key {
        name: "signing_key_rotation",
        about: &[
            "After how many days the next signing key takes over; `authmint signing-key` goes by it too.",
        ],
        example: "30",
        kind: Kind::Number { least: 1, most: 365 },
    },
    Key {
        name: "audit_days",
        about: &[
            "For how many days a line of the audit trail is kept. It holds IDs, network addresses and what was done, but",
            "no names, no email addresses and no secrets. `authmint events export` takes it elsewhere first.",
        ],
        example: "365",
        kind: Kind::Number { least: 1, most: 36500 },
    },
    Key {
        name: "max_connections",
        about: &["Connections at one time; others wait to be accepted. Each takes a file descriptor."],
        example: "16384",
        kind: Kind::Number { least: 16, most: 1000000 },
    },
    Key {
        name: "max_head",
        about: &["Bytes of a request's target and headers."],
        example: "16384",
        kind: Kind::Number { least: 4096, most: 49152 },
    },
    Key {
        name: "max_headers",
        about: &["Headers of a request."],
        example: "64",
        kind: Kind::Number { least: 24, most: 100 },
    },
    Key {
        name: "max_body",
        about: &["Bytes of a request's body."],
        example: "65536",
        kind: Kind::Number { least: 4096, most: 1048576 },
    },
    Key {
        name: "head_timeout",
        about: &[
            "Seconds that a request's head may take to arrive, and that an idle connection is kept. Longer than the proxy keeps",
            "its own (60 s with most), else it writes into a connection that is being closed, and a user sees a fault.",
        ],
        example: "75",
        kind: Kind::Number { least: 5, most: 3600 },
    },
    Key {
        name: "body_timeout",
        about: &["Seconds that a request's body may take to arrive."],
        example: "10",
        kind: Kind::Number { least: 1, most: 300 },
    },
    Key {
        name: "request_timeout",
        about: &[
            "Seconds that an answer may take to make; a follower of the revocation feed waits 25 of them.",
        ],
        example: "45",
        kind: Kind::Number { least: 30, most: 300 },
    },
    Key {
        name: "drain_timeout",
        about: &["Seconds that accepted requests have to finish once the service is told to stop."],
        example: "30",
        kind: Kind::Number { least: 0, most: 600 },
    },
    Key {
        name: "calls_per_client",
        about: &[
            "Requests a second that one client (an IPv4 address, an IPv6 /64) may make of this process, ten seconds' worth at",
            "once; 0 is no limit. It needs trust_proxy where a proxy speaks TLS: else all clients look like one, and none is",
            "refused. Sign-ins have limits of their own besides.",
        ],
        example: "300",
        kind: Kind::Number { least: 0, most: 1000000 },
    },
    Key {
        name: "refreshes_per_client",
        about: &[
            "The same for refreshes, sign-outs and the revocation feed. Keep it far above what your largest app server does:",
            "some clients sign their user out when a refresh is refused.",
        ],
        example: "5000",
        kind: Kind::Number { least: 0, most: 1000000 },
    },
];

/// A configuration with every key in it.
pub(crate) fn sample() -> String {
    let mut text = String::from(
        "# authmint.toml: every key also as AUTHMINT_KEY in the environment, which goes before the file; most as a\n\
         # flag of `authmint serve`, which goes before both. `authmint check-config` finds every fault at once.\n",
    );
    for key in KEYS {
        text.push('\n');
        for line in key.about {
            text.push_str(&format!("# {line}\n"));
        }
        let mark = match key.kind {
            Kind::Required => "",
            Kind::Optional | Kind::Off => "#",
            Kind::Number { least, most } => {
                text.push_str(&format!("# From {least} to {most}.\n"));
                "#"
            }
        };
        text.push_str(&format!("{mark}{} = {}\n", key.name, key.example));
    }
    text
}

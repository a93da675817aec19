//! A JWT held against every rule in turn, for whoever wants to know why one is refused.
//!
//! Whether it is refused is not decided here: the last word has what verifies JWTs, so that nobody is told that one is
//! fine which is then refused.

use super::rules::{AssertionInvalid, Rules, claims};
use authmint_protocol::{
    issuer::Audience,
    jwk::KeySet,
    time::Timestamp,
    token::{JwtError, UnverifiedJwt, native, verify},
};
use serde_json::{Map, Value};

/// What came of one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The rule.
    pub rule: &'static str,
    /// Whether the JWT keeps it; none: it could not be asked, since an earlier rule was broken.
    pub passed: Option<bool>,
    /// What the rule wants.
    pub expected: String,
    /// What the JWT holds; never a secret of it.
    pub found: String,
    /// What to change, where it is broken.
    pub change: String,
}

/// All rules, in the order in which they are asked.
pub(super) const RULES: [&str; 8] =
    ["shape", "algorithm", "key", "signature", "issuer", "audience", "times", "claim"];

const SIGNATURE: &str = "one that holds under that key";

pub(super) struct Report {
    pub(super) rows: Vec<Row>,
}

impl Report {
    /// What can be told without any key; rows of key and signature are left out.
    pub(super) fn before_keys(rules: &Rules, token: &str, now: Timestamp) -> Self {
        let mut report = Self { rows: Vec::with_capacity(RULES.len()) };
        if let Some(jwt) = report.shape(rules, token) {
            report.claims(rules, &jwt, now);
        }
        report
    }

    /// All of it.
    pub(super) fn under(rules: &Rules, token: &str, keys: &KeySet, now: Timestamp) -> Self {
        let mut report = Self { rows: Vec::with_capacity(RULES.len()) };
        if let Some(jwt) = report.shape(rules, token) {
            report.signature(rules, &jwt, keys);
            // What it claims is shown in any case: whoever looks for a fault wants to see all of them.
            report.claims(rules, &jwt, now);
            if let (Ok(()), Err(error)) = (report.first_failure(), rules.checked(token, keys, now)) {
                let change = "see what the issuer's documentation says of tokens of signed-in users";
                report.rows.retain(|row| row.rule != "claim");
                report.fail(
                    "claim",
                    "all that the issuer's rules ask for".to_owned(),
                    error.to_string(),
                    change,
                );
            }
        }
        report.ended()
    }

    /// All that can be told while the issuer's keys cannot be had.
    pub(super) fn without_keys(rules: &Rules, token: &str, why: String, now: Timestamp) -> Self {
        let mut report = Self { rows: Vec::with_capacity(RULES.len()) };
        if let Some(jwt) = report.shape(rules, token) {
            let expected = format!("the issuer's keys, from {}", rules.place().url());
            report.fail(
                "key",
                expected,
                why,
                "see that the issuer's key set can be reached from the service",
            );
            report.claims(rules, &jwt, now);
        }
        report.ended()
    }

    /// The first rule that is broken.
    pub(super) fn first_failure(&self) -> Result<(), AssertionInvalid> {
        match self.rows.iter().find(|row| row.passed != Some(true)) {
            None => Ok(()),
            Some(row) => {
                let why = format!("expected {}, found {}; {}", row.expected, row.found, row.change);
                Err(AssertionInvalid::new(row.rule, why))
            }
        }
    }

    fn shape<'t>(&mut self, rules: &Rules, token: &'t str) -> Option<UnverifiedJwt<'t>> {
        let expected = "a JWT: three parts of base64url between dots, with a header and claims in JSON";
        let change =
            "send the token as its issuer gave it; an ID token, a logout token or an opaque one is none";
        let algorithms =
            || rules.inner().algorithms().iter().map(|one| one.as_str()).collect::<Vec<_>>().join(", ");
        match UnverifiedJwt::parse(token) {
            Ok(jwt) => {
                match kind(&jwt) {
                    Ok(found) => self.pass("shape", expected.to_owned(), found),
                    Err(found) => self.fail("shape", expected.to_owned(), found, change),
                }
                let found = jwt.algorithm().as_str().to_owned();
                if rules.inner().algorithms().contains(&jwt.algorithm()) {
                    self.pass("algorithm", algorithms(), found);
                } else {
                    let change = "add the algorithm to algorithms, if the issuer signs with it";
                    self.fail("algorithm", algorithms(), found, change);
                }
                Some(jwt)
            }
            Err(JwtError::AlgorithmNotAllowed) => {
                self.pass("shape", expected.to_owned(), "a JWT".to_owned());
                let found = "another one; symmetric algorithms and none are never accepted".to_owned();
                let change = "have the issuer sign with one of these";
                self.fail("algorithm", algorithms(), found, change);
                None
            }
            Err(error) => {
                self.fail("shape", expected.to_owned(), error.to_string(), change);
                None
            }
        }
    }

    fn signature(&mut self, rules: &Rules, jwt: &UnverifiedJwt<'_>, keys: &KeySet) {
        let wanted = jwt.kid().map_or_else(|| "no name".to_owned(), |kid| format!("{kid:?}"));
        let expected = format!("a key of the issuer's set, from {}", rules.place().url());
        let found = format!("the key named {wanted}");
        match verify::find_key(jwt, keys, rules.inner().algorithms()) {
            Ok(pending) => {
                self.pass("key", expected, found);
                if native::check(pending.check()) {
                    self.pass("signature", SIGNATURE.to_owned(), "it holds".to_owned());
                } else {
                    self.broken_signature();
                }
            }
            // It cannot be of this key: a signature of another length.
            Err(JwtError::SignatureInvalid) => {
                self.pass("key", expected, found);
                self.broken_signature();
            }
            Err(_) => {
                let names: Vec<_> = keys.keys().iter().map(|key| key.kid().unwrap_or("(unnamed)")).collect();
                let known = names.join(", ");
                let found =
                    format!("a JWT of {} that asks for {wanted}; the set holds {known}", jwt.algorithm());
                let change =
                    "see that the key set is this issuer's, and that it lists the key it signs with now";
                self.fail("key", expected, found, change);
            }
        }
    }

    fn broken_signature(&mut self) {
        let change = "the JWT was altered, cut short, or signed by another issuer that names its key alike";
        self.fail("signature", SIGNATURE.to_owned(), "it does not hold".to_owned(), change);
    }

    fn claims(&mut self, rules: &Rules, jwt: &UnverifiedJwt<'_>, now: Timestamp) {
        let Some(claims) = claims(jwt) else { return };
        self.issuer(rules, &claims);
        self.audience(rules, &claims);
        self.times(rules, &claims, now);
        self.claim(rules, &claims);
    }

    fn issuer(&mut self, rules: &Rules, claims: &Map<String, Value>) {
        let wanted = rules.inner().issuer();
        let (expected, found) = (format!("iss {wanted:?}"), shown(claims.get("iss")));
        if claims.get("iss").and_then(Value::as_str) == Some(wanted) {
            return self.pass("issuer", expected, found);
        }
        let change = "compare to the letter, a slash at the end included; a tenant of the same provider is another issuer";
        self.fail("issuer", expected, found, change);
    }

    fn audience(&mut self, rules: &Rules, claims: &Map<String, Value>) {
        let Some(wanted) = rules.inner().audience() else {
            let found = shown(claims.get("aud"));
            return self.pass("audience", "anything: any_audience is set".to_owned(), found);
        };
        let (names, values) = (wanted.claims.join(" or "), wanted.values.join(", "));
        let expected = format!("{names} with one of {values}");
        let found: Vec<_> =
            wanted.claims.iter().filter_map(|name| claims.get(name)).map(Value::to_string).collect();
        let found = if found.is_empty() { "nothing".to_owned() } else { cut(found.join(", ")) };
        if names_one(wanted, claims) {
            return self.pass("audience", expected, found);
        }
        let change = "ask the issuer for a token for your app, or set audience to what stands in its tokens";
        self.fail("audience", expected, found, change);
    }

    fn times(&mut self, rules: &Rules, claims: &Map<String, Value>, now: Timestamp) {
        let (leeway, max_age) = (rules.inner().leeway(), rules.inner().max_age().unwrap_or_default());
        let expected = format!(
            "exp after, nbf and iat before now ({}), iat at most {} s ago; clocks may differ by {} s",
            now.to_iso8601(),
            max_age.as_secs(),
            leeway.as_secs()
        );
        let text = |name: &str| claims.get(name).map(|value| format!("{name} {}", time_text(value)));
        let found = ["iat", "nbf", "exp"].iter().filter_map(|name| text(name)).collect::<Vec<_>>().join(", ");
        let found = if found.is_empty() { "none of them".to_owned() } else { found };
        let read = |name: &str| verify::time(claims, name);
        let (Ok(issued), Ok(start), Ok(Some(end))) = (read("iat"), read("nbf"), read("exp")) else {
            let change = "the issuer must write exp, and each of them as seconds since 1970";
            return self.fail("times", expected, found, change);
        };
        let early = [start, issued].into_iter().flatten().any(|at| now < at.before(leeway));
        let old = issued.is_none_or(|at| now >= at.after(max_age).after(leeway));
        let change = match () {
            () if now >= end.after(leeway) => "it has expired: get a new one from its issuer",
            () if early => {
                "it is not valid yet: see to the clocks of the issuer and of the service, or raise leeway"
            }
            () if old => "it was issued too long ago, or does not say when: get a new one, or raise max_age",
            () => return self.pass("times", expected, found),
        };
        self.fail("times", expected, found, change);
    }

    fn claim(&mut self, rules: &Rules, claims: &Map<String, Value>) {
        let name = rules.inner().user_id_claim();
        let expected = format!("{name} with the user's ID: a text of 1 to 255 bytes");
        let found = match claims.get(name) {
            Some(Value::String(id)) if (1..=255).contains(&id.len()) && !id.chars().any(char::is_control) => {
                return self.pass("claim", expected, format!("{name} is a text of {} bytes", id.len()));
            }
            None => format!("no {name}"),
            Some(Value::String(_)) => format!("{name} is empty, endless or holds control characters"),
            Some(Value::Number(_)) => format!("{name} is a number"),
            Some(Value::Array(_)) => format!("{name} is a list"),
            Some(Value::Object(_)) => format!("{name} is an object"),
            Some(_) => format!("{name} is no text"),
        };
        self.fail("claim", expected, found, "set user_id_claim to the claim that names the user");
    }

    fn pass(&mut self, rule: &'static str, expected: String, found: String) {
        self.rows.push(Row { rule, passed: Some(true), expected, found, change: String::new() });
    }

    fn fail(&mut self, rule: &'static str, expected: String, found: String, change: &str) {
        self.rows.push(Row { rule, passed: Some(false), expected, found, change: change.to_owned() });
    }

    /// The rules that could not be asked stand there, too.
    fn ended(mut self) -> Self {
        for rule in RULES {
            if !self.rows.iter().any(|row| row.rule == rule) {
                self.rows.push(skipped(rule));
            }
        }
        self.rows.sort_by_key(|row| RULES.iter().position(|rule| *rule == row.rule));
        self
    }
}

fn skipped(rule: &'static str) -> Row {
    let found = "not asked: an earlier rule is broken".to_owned();
    Row { rule, passed: None, expected: String::new(), found, change: String::new() }
}

/// Whether one of the claims says one of those for whom JWTs must be; what is no list of texts says nothing.
pub(super) fn names_one(wanted: &Audience, claims: &Map<String, Value>) -> bool {
    let known = |one: &str| wanted.values.iter().any(|value| value == one);
    wanted.claims.iter().filter_map(|name| claims.get(name)).any(|value| match value {
        Value::String(one) => known(one),
        Value::Array(list) => {
            list.iter().all(Value::is_string) && list.iter().filter_map(Value::as_str).any(known)
        }
        _ => false,
    })
}

/// `typ`, and claims that tell another kind of token (RFC 8725, section 3.11). An ID token says who signed in, to the app
/// that it is for: with an audience to hold it to, it is what many issuers give.
fn kind(jwt: &UnverifiedJwt<'_>) -> Result<String, String> {
    let typ = jwt.typ().unwrap_or("JWT");
    let short = typ.to_ascii_lowercase();
    let short = short.strip_prefix("application/").unwrap_or(&short);
    let logout = claims(jwt).is_some_and(|claims| claims.contains_key("events"));
    match short {
        _ if logout => Err("a logout or event token".to_owned()),
        "jwt" | "at+jwt" => Ok(format!("a JWT, typ {typ:?}")),
        _ => Err(format!("typ {typ:?}, which is a token of another kind")),
    }
}

fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "nothing".to_owned(), |value| cut(value.to_string()))
}

fn cut(text: String) -> String {
    if text.chars().count() > 300 { text.chars().take(300).chain("…".chars()).collect() } else { text }
}

fn time_text(value: &Value) -> String {
    match value.as_i64().filter(|seconds| (0..=253_402_300_799).contains(seconds)) {
        Some(seconds) => Timestamp::from_unix_seconds(seconds).to_iso8601(),
        None => shown(Some(value)),
    }
}

//! The rules of one issuer: read from what was asked for, and held against its JWTs.

use super::{IssuerTerms, Preset, discovery};
use crate::{
    jwk::KeySet,
    time::Timestamp,
    token::{
        Algorithm, JwtError, PendingJwt, SessionClaims, UnverifiedJwt, json,
        verify::{self, invalid, missing},
    },
};
use serde_json::{Map, Value};
use std::time::Duration;

/// How far clocks may differ unless said.
const USUAL_LEEWAY: Duration = Duration::from_secs(5);
/// The bounds of what may be asked for.
const MOST_LEEWAY: u64 = 300;
const MOST_AGE: u64 = 366 * 86_400;
const MOST_AUDIENCES: usize = 32;
const LONGEST_TEXT: usize = 512;
/// The longest ID of a user that is taken from a JWT, in bytes.
const LONGEST_USER_ID: usize = 255;

/// What was asked for makes no rules.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{setting} {rule}")]
pub struct TermsFault {
    /// The setting, or the preset's field.
    pub setting: String,
    /// What it must be.
    pub rule: String,
}

/// Where an issuer's keys are said to be.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum KeyPlace {
    /// The URL of its key set.
    KeySet(String),
    /// The URL of its discovery document, which names the key set.
    Discovery(String),
}

impl KeyPlace {
    /// The URL that is asked first.
    #[must_use]
    pub fn url(&self) -> &str {
        match self {
            Self::KeySet(url) | Self::Discovery(url) => url,
        }
    }
}

/// For whom an issuer's JWTs must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audience {
    /// The claims in which it may stand.
    pub claims: Vec<String>,
    /// One of these must.
    pub values: Vec<String>,
}

/// The rules of one issuer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    issuer: String,
    keys: KeyPlace,
    /// None: switched off by name.
    audience: Option<Audience>,
    user_id_claim: String,
    algorithms: Vec<Algorithm>,
    leeway: Duration,
    max_age: Option<Duration>,
    required: Vec<&'static str>,
    scope: &'static str,
}

/// The `iss` that a JWT claims, before anything of it has verified: good for choosing whose rules to ask, and for nothing
/// else. `None` if it is no JWT, or names none.
#[must_use]
pub fn claimed_issuer(token: &str) -> Option<String> {
    match unverified_claims(&UnverifiedJwt::parse(token).ok()?)?.get("iss")? {
        Value::String(issuer) => Some(issuer.clone()),
        _ => None,
    }
}

fn unverified_claims(jwt: &UnverifiedJwt<'_>) -> Option<Map<String, Value>> {
    json::parse_object(&jwt.payload().ok()?)
}

impl Rules {
    /// Reads what was asked for.
    ///
    /// # Errors
    /// Every [`TermsFault`] at once.
    pub fn of(terms: &IssuerTerms) -> Result<Self, Vec<TermsFault>> {
        let mut faults = Faults(Vec::new());
        let preset = faults.preset(terms);
        let filled = |template: fn(&Preset) -> &'static str| {
            preset.map(|preset| preset.fill(template(preset), &terms.fields)).filter(|text| !text.is_empty())
        };
        let issuer = terms.issuer.clone().or_else(|| filled(|preset| preset.issuer)).unwrap_or_default();
        if issuer.is_empty() || issuer.len() > LONGEST_TEXT || issuer.chars().any(char::is_control) {
            faults
                .add("issuer", "is missing: write the iss of its JWTs, to the letter, as one of them has it");
        }
        let rules = Self {
            keys: faults.keys(terms.jwks_uri.clone().or_else(|| filled(|preset| preset.jwks_uri)), &issuer),
            audience: faults.audience(terms, preset, filled(|preset| preset.audience)),
            user_id_claim: faults.user_id_claim(terms, preset),
            algorithms: faults.algorithms(terms, preset),
            leeway: faults.leeway(terms),
            max_age: faults.max_age(terms),
            required: preset.map_or_else(Vec::new, |preset| preset.required.to_vec()),
            scope: preset.map_or("", |preset| preset.scope),
            issuer,
        };
        if faults.0.is_empty() { Ok(rules) } else { Err(faults.0) }
    }

    /// The `iss` of its JWTs.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Where its keys are said to be.
    #[must_use]
    pub const fn keys(&self) -> &KeyPlace {
        &self.keys
    }

    /// For whom its JWTs must be; `None` if that was switched off by name.
    #[must_use]
    pub const fn audience(&self) -> Option<&Audience> {
        self.audience.as_ref()
    }

    /// The claim that names the user.
    #[must_use]
    pub fn user_id_claim(&self) -> &str {
        &self.user_id_claim
    }

    /// What its JWTs may be signed with.
    #[must_use]
    pub fn algorithms(&self) -> &[Algorithm] {
        &self.algorithms
    }

    /// How far its clock may differ.
    #[must_use]
    pub const fn leeway(&self) -> Duration {
        self.leeway
    }

    /// How long after it was issued a JWT is accepted at most, if that is bounded.
    #[must_use]
    pub const fn max_age(&self) -> Option<Duration> {
        self.max_age
    }

    /// Reads a JWT and finds its key among those of this issuer: the half before the signature.
    ///
    /// # Errors
    /// Form, kind, algorithm or key do not fit; see [`JwtError`].
    pub fn begin(&self, token: &str, keys: &KeySet) -> Result<PendingJwt, JwtError> {
        let jwt = UnverifiedJwt::parse(token)?;
        verify::check_type(jwt.typ())?;
        verify::find_key(&jwt, keys, &self.algorithms)
    }

    /// Takes the host's answer and checks the claims: the half after the signature.
    ///
    /// The subject of the answer is the user's ID, from whichever claim names it. It names no session of ours: a `sid` in
    /// there is the issuer's own.
    ///
    /// # Errors
    /// The signature does not hold, or a claim does not fit; see [`JwtError`].
    pub fn finish(
        &self,
        pending: PendingJwt,
        signature_holds: bool,
        now: Timestamp,
    ) -> Result<SessionClaims, JwtError> {
        let payload = pending.into_payload(signature_holds)?;
        let claims =
            json::parse_object(&payload).ok_or(JwtError::Malformed("the claims are not unambiguous JSON"))?;
        // An ID token tells who signed in, to the app that it is for, and many issuers give no other; an event does not.
        if claims.contains_key("events") {
            return Err(JwtError::TypeNotAllowed("a logout or event token"));
        }
        verify::check_issuer(verify::text(&claims, "iss")?, &self.issuer)?;
        self.check_audience(&claims)?;
        let (issued_at, expires_at) = self.check_times(&claims, now)?;
        for name in &self.required {
            if claims.get(*name).is_none_or(Value::is_null) {
                return Err(missing(name));
            }
        }
        let scopes = verify::text(&claims, "scope")?.unwrap_or_default();
        if !self.scope.is_empty() && !scopes.split(' ').any(|scope| scope == self.scope) {
            return Err(if scopes.is_empty() { missing("scope") } else { invalid("scope") });
        }
        let subject = self.user_id(&claims)?;
        let issuer = Some(self.issuer.clone());
        Ok(SessionClaims { subject, issuer, session_id: None, issued_at, expires_at, claims })
    }

    fn check_audience(&self, claims: &Map<String, Value>) -> Result<(), JwtError> {
        let Some(audience) = &self.audience else { return Ok(()) };
        let mut found = None;
        for name in &audience.claims {
            let Some(value) = claims.get(name) else { continue };
            let named: Option<Vec<&str>> = match value {
                Value::String(one) => Some(vec![one]),
                Value::Array(list) => list.iter().map(Value::as_str).collect(),
                _ => None,
            };
            let named = named.ok_or_else(|| invalid(name))?;
            if named.iter().any(|one| audience.values.iter().any(|wanted| wanted == one)) {
                return Ok(());
            }
            found.get_or_insert(value);
        }
        // A rule that is configured holds, though the claim be missing.
        let found = found.ok_or_else(|| missing(audience.claims.first().map_or("aud", String::as_str)))?;
        Err(JwtError::AudienceMismatch { expected: audience.values.join(", "), found: found.to_string() })
    }

    fn check_times(
        &self,
        claims: &Map<String, Value>,
        now: Timestamp,
    ) -> Result<(Option<Timestamp>, Timestamp), JwtError> {
        let expires_at = verify::time(claims, "exp")?.ok_or_else(|| missing("exp"))?;
        if now >= expires_at.after(self.leeway) {
            return Err(JwtError::Expired);
        }
        let issued_at = verify::time(claims, "iat")?;
        for start in [verify::time(claims, "nbf")?, issued_at].into_iter().flatten() {
            if now < start.before(self.leeway) {
                return Err(JwtError::NotYetValid);
            }
        }
        let Some(max_age) = self.max_age else { return Ok((issued_at, expires_at)) };
        let too_old_from = issued_at.ok_or_else(|| missing("iat"))?.after(max_age);
        if now >= too_old_from.after(self.leeway) {
            return Err(JwtError::Expired);
        }
        Ok((issued_at, expires_at.min(too_old_from)))
    }

    fn user_id(&self, claims: &Map<String, Value>) -> Result<String, JwtError> {
        let name = &self.user_id_claim;
        let id = verify::text(claims, name)?.ok_or_else(|| missing(name))?;
        let sound = (1..=LONGEST_USER_ID).contains(&id.len()) && !id.chars().any(char::is_control);
        if sound { Ok(id.to_owned()) } else { Err(invalid(name)) }
    }
}

/// What is wrong with the terms, while they are read.
struct Faults(Vec<TermsFault>);

impl Faults {
    fn add(&mut self, setting: &str, rule: &str) {
        self.0.push(TermsFault { setting: setting.to_owned(), rule: rule.to_owned() });
    }

    fn preset(&mut self, terms: &IssuerTerms) -> Option<&'static Preset> {
        let Some(name) = &terms.preset else {
            if let Some(field) = terms.fields.keys().next() {
                self.add(field, "is a preset's field, and no preset is named");
            }
            return None;
        };
        let Some(preset) = Preset::from_name(name) else {
            let known = super::preset::PRESETS.map(|preset| preset.name).join(", ");
            self.add("preset", &format!("is none of {known}"));
            return None;
        };
        for (setting, rule) in preset.check(&terms.fields) {
            self.0.push(TermsFault { setting, rule });
        }
        Some(preset)
    }

    fn keys(&mut self, jwks_uri: Option<String>, issuer: &str) -> KeyPlace {
        if let Some(url) = jwks_uri {
            if !discovery::is_web_url(&url) {
                self.add("jwks_uri", "must be an https URL (http on a loopback name)");
            }
            return KeyPlace::KeySet(url);
        }
        let url = discovery::url_of(issuer).unwrap_or_else(|| {
            self.add("jwks_uri", "is missing: an issuer that is no https URL cannot be discovered");
            String::new()
        });
        KeyPlace::Discovery(url)
    }

    fn audience(
        &mut self,
        terms: &IssuerTerms,
        preset: Option<&Preset>,
        of_preset: Option<String>,
    ) -> Option<Audience> {
        let unsound = |text: &String| text.is_empty() || text.len() > LONGEST_TEXT;
        if terms.audience.iter().any(unsound) || terms.audience.len() > MOST_AUDIENCES {
            self.add("audience", "must be 1 to 32 texts, each of 1 to 512 bytes");
        }
        let values =
            if terms.audience.is_empty() { of_preset.into_iter().collect() } else { terms.audience.clone() };
        match (values.is_empty(), terms.any_audience) {
            (false, false) => {}
            (true, true) => return None,
            (_, true) if terms.audience.is_empty() => return None,
            (false, true) => self.add("any_audience", "contradicts audience: leave one of the two out"),
            (true, false) => self.add(
                "audience",
                "is missing: without it the JWTs that the issuer makes for any other app are accepted, too; any_audience \
                 says that this is wanted",
            ),
        }
        let claims = preset.map_or(&["aud"][..], |preset| preset.audience_claims);
        Some(Audience { claims: claims.iter().map(|&name| name.to_owned()).collect(), values })
    }

    fn user_id_claim(&mut self, terms: &IssuerTerms, preset: Option<&Preset>) -> String {
        let usual = preset.map_or("sub", |preset| preset.user_id_claim);
        let name = terms.user_id_claim.clone().unwrap_or_else(|| usual.to_owned());
        if name.is_empty() || name.len() > LONGEST_TEXT {
            self.add("user_id_claim", "must be the name of a claim");
        }
        name
    }

    fn algorithms(&mut self, terms: &IssuerTerms, preset: Option<&Preset>) -> Vec<Algorithm> {
        if terms.algorithms.is_empty() {
            return preset.map_or(Algorithm::ALL.to_vec(), |preset| preset.algorithms.to_vec());
        }
        let named: Option<Vec<_>> = terms.algorithms.iter().map(|name| Algorithm::from_name(name)).collect();
        named.unwrap_or_else(|| {
            let known = Algorithm::ALL.map(Algorithm::as_str).join(", ");
            self.add(
                "algorithms",
                &format!("must be of {known}: symmetric ones and none are never accepted"),
            );
            Vec::new()
        })
    }

    fn leeway(&mut self, terms: &IssuerTerms) -> Duration {
        if terms.leeway.is_some_and(|seconds| seconds > MOST_LEEWAY) {
            self.add("leeway", "must be at most 300 s");
        }
        terms.leeway.map_or(USUAL_LEEWAY, Duration::from_secs)
    }

    fn max_age(&mut self, terms: &IssuerTerms) -> Option<Duration> {
        if terms.max_age.is_some_and(|seconds| !(1..=MOST_AGE).contains(&seconds)) {
            self.add("max_age", "must be 1 s to 366 days");
        }
        terms.max_age.map(Duration::from_secs)
    }
}

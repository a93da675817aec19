//! `authmint issuer`: issuers of others that a project trusts.

use super::{
    CommandError,
    offline::{Absent, Flags, report, show_or},
};
use authmint_domain::{
    flow::admin::issuer,
    method::issuer::Row,
    model::{
        assertion::Reuse,
        grant::{Management, OperatorGrant},
        issuer::TrustedIssuer,
    },
};
use authmint_protocol::{
    id::{IssuerId, ProjectId},
    issuer::IssuerTerms,
    secret::ForeignJwt,
};
use serde_json::{Value, json};
use std::io::{Read as _, stdin};

/// What can be done with issuers.
#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Trust an issuer: whoever it vouches for can be signed in from now on.
    Add(Box<Add>),
    /// List the issuers that a project trusts.
    List {
        /// The project's ID.
        #[arg(long)]
        project: ProjectId,
    },
    /// Stop trusting an issuer; users and sessions that it brought stay.
    Remove {
        /// The issuer's ID here.
        id: IssuerId,
        /// The project's ID.
        #[arg(long)]
        project: ProjectId,
    },
    /// Hold a JWT against every rule: what was expected, what was found, what to change. It is not used up.
    Test {
        /// The JWT; without one, or with -, it is read from standard input, where no list of processes shows it.
        jwt: Option<String>,
        /// The project's ID.
        #[arg(long)]
        project: ProjectId,
        /// The issuer to hold it against; else the one that it names.
        #[arg(long, value_name = "ID")]
        issuer: Option<IssuerId>,
    },
}

#[derive(clap::Args)]
struct Add {
    /// The project's ID.
    #[arg(long)]
    project: ProjectId,
    /// What its identities are called: 1 to 32 of a to z, 0 to 9 and -.
    #[arg(long)]
    name: String,
    /// A well-known issuer: auth0, firebase, supabase, stytch, cognito, kinde, privy, dynamic, clerk or crossmint.
    #[arg(long)]
    preset: Option<String>,
    /// What the preset asks for, such as domain=shop.eu.auth0.com; may come more than once.
    #[arg(long, value_name = "NAME=VALUE", value_parser = field)]
    field: Vec<(String, String)>,
    /// The iss of its JWTs, to the letter.
    #[arg(long, value_name = "ISS")]
    issuer: Option<String>,
    /// Where its keys are; else its discovery document says so.
    #[arg(long, value_name = "URL")]
    jwks_uri: Option<String>,
    /// For whom its JWTs are: one of these must stand in aud.
    #[arg(long, value_name = "AUD")]
    audience: Vec<String>,
    /// Accept JWTs that are for any app of the issuer.
    #[arg(long)]
    any_audience: bool,
    /// The claim that names the user; sub unless said.
    #[arg(long, value_name = "CLAIM")]
    user_id_claim: Option<String>,
    /// What its JWTs are signed with: ES256, RS256, EdDSA; any of them unless said.
    #[arg(long, value_name = "ALG", value_delimiter = ',')]
    algorithms: Vec<String>,
    /// How many seconds its clock may differ.
    #[arg(long, value_name = "SECONDS")]
    leeway: Option<u64>,
    /// How many seconds after it was issued a JWT may be traded at most; a day unless said.
    #[arg(long, value_name = "SECONDS")]
    max_age: Option<u64>,
    /// How often a JWT is accepted.
    #[arg(long, value_name = "never|until_exp", value_parser = reuse)]
    reuse: Option<Reuse>,
}

/// Runs the command.
pub(crate) fn run(options: Options) -> Result<(), CommandError> {
    let Options { flags, action } = options;
    let managing = |project| OperatorGrant::command_line().manage(project);
    match action {
        Action::Test { jwt, project, issuer } => test(&flags, managing(project), issuer, jwt),
        Action::Add(asked) => report(&flags, Absent::Refuse, |cx| async move {
            let (grant, name) = (managing(asked.project), asked.name.clone());
            let reuse = asked.reuse.unwrap_or_default();
            Ok(shown(&issuer::add(&cx, &grant, name, (asked.terms(), reuse)).await?))
        }),
        Action::List { project } => report(&flags, Absent::Refuse, |cx| async move {
            let issuers = issuer::list(&cx, &managing(project)).await?;
            Ok(Value::Array(issuers.iter().map(shown).collect()))
        }),
        Action::Remove { id, project } => report(&flags, Absent::Refuse, |cx| async move {
            Ok(shown(&issuer::remove(&cx, &managing(project), id).await?))
        }),
    }
}

impl Add {
    fn terms(self) -> IssuerTerms {
        IssuerTerms {
            preset: self.preset,
            fields: self.field.into_iter().collect(),
            issuer: self.issuer,
            jwks_uri: self.jwks_uri,
            audience: self.audience,
            any_audience: self.any_audience,
            user_id_claim: self.user_id_claim,
            algorithms: self.algorithms,
            leeway: self.leeway,
            max_age: self.max_age,
        }
    }
}

fn test(
    flags: &Flags,
    grant: Management,
    id: Option<IssuerId>,
    jwt: Option<String>,
) -> Result<(), CommandError> {
    let token = ForeignJwt::new(read(jwt)?);
    show_or(flags, Absent::Refuse, |cx| async move {
        let tested = issuer::test(&cx, &grant, id, &token).await?;
        let text = explained(tested.issuer.as_ref(), &tested.rows);
        Ok((json!(tested.to_wire()), text))
    })
}

fn read(jwt: Option<String>) -> Result<String, CommandError> {
    let text = match jwt.filter(|text| text != "-") {
        Some(text) => text,
        None => {
            let mut text = String::new();
            stdin().take(64 * 1024).read_to_string(&mut text)?;
            text
        }
    };
    Ok(text.trim().to_owned())
}

/// A rule a block, as a person reads it.
fn explained(issuer: Option<&TrustedIssuer>, rows: &[Row]) -> String {
    let mut text = match issuer {
        Some(issuer) => format!("held against {} ({})", issuer.name, issuer.id),
        None => "held against the issuers that the project trusts".to_owned(),
    };
    for row in rows {
        let outcome = match row.passed {
            Some(true) => "holds",
            Some(false) => "IS BROKEN",
            None => "not asked",
        };
        text.push_str(&format!("\n\n{:9}  {outcome}", row.rule));
        for (what, value) in [("expected", &row.expected), ("found", &row.found), ("change", &row.change)] {
            if !value.is_empty() {
                text.push_str(&format!("\n  {what:8} {value}"));
            }
        }
    }
    text
}

fn shown(issuer: &TrustedIssuer) -> Value {
    json!(issuer.to_wire())
}

fn field(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    parts.ok_or_else(|| "NAME=VALUE is expected".to_owned())
}

fn reuse(text: &str) -> Result<Reuse, String> {
    Reuse::from_name(text).ok_or_else(|| "never or until_exp is expected".to_owned())
}

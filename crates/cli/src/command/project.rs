//! `authmint project`: tenants and their settings.

use super::{
    CommandError,
    offline::{Absent, Flags, moment, report, show_or},
};
use authmint_domain::{
    flow::admin::project::{self, ProjectChange},
    model::{
        grant::OperatorGrant,
        policy::PolicyChange,
        project::{Brand, Project},
    },
};
use authmint_protocol::{api_key::Environment, id::ProjectId, time::Timestamp, token::Algorithm};
use authmint_server::adapter::mailer::Preview;
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};

/// What can be done with projects.
#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Make a project; prints its ID.
    Create {
        /// development, staging or production: its API keys carry it, and it never changes.
        #[arg(long, value_parser = environment)]
        environment: Environment,
        /// What mails and pages call it.
        #[arg(long)]
        name: String,
        #[command(flatten)]
        settings: Settings,
    },
    /// List all projects.
    List,
    /// Show a project.
    Show {
        /// Its ID.
        id: ProjectId,
    },
    /// Change settings of a project; a running service works by them within two seconds.
    Set {
        /// Its ID.
        id: ProjectId,
        /// What mails and pages call it.
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        settings: Settings,
    },
    /// Show the mail that people get when they sign in, with a made-up code.
    Mail {
        /// Its ID.
        id: ProjectId,
        /// The languages that the reader understands, as browsers list them; the first that there is speaks.
        #[arg(long, value_name = "LANGUAGES", default_value = "en")]
        language: String,
        /// Print its HTML alone, whole in itself: `… --html > mail.html`, and open that.
        #[arg(long)]
        html: bool,
    },
    /// End every session that was opened before a moment, now unless said: after a leak of which nobody knows whom it
    /// touched. Servers that follow the feed refuse their JWTs within two seconds.
    NotBefore {
        /// Its ID.
        id: ProjectId,
        /// The moment, such as 2026-11-23T14:30:00Z.
        #[arg(long, value_name = "MOMENT", value_parser = moment)]
        at: Option<Timestamp>,
    },
}

/// A project's settings; spans are in seconds.
#[derive(clap::Args)]
struct Settings {
    /// Life of a session JWT.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    session_jwt_ttl: Option<Duration>,
    /// Grace window G: how long after a rotation its contenders get the same answer.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    grace: Option<Duration>,
    /// Settling time M: how long a session answers without rotating again; 0 rotates at every refresh.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    settle: Option<Duration>,
    /// A session ends when nothing rotates it for this long.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    idle: Option<Duration>,
    /// A session ends this long after its sign-in, whatever happens.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    absolute: Option<Duration>,
    /// Life of a one-time secret.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    one_time_secret_ttl: Option<Duration>,
    /// Life of an email code.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    code_ttl: Option<Duration>,
    /// Whether session JWTs carry the user's email address.
    #[arg(long, value_name = "true|false")]
    email_in_jwt: Option<bool>,
    /// What session JWTs are signed with.
    #[arg(long, value_name = "ES256|RS256|EdDSA", value_parser = algorithm)]
    signing_algorithm: Option<Algorithm>,
    /// Whether session JWTs are made for Crossmint's custom-token provider, too (needs RS256); apps then set the SDK's
    /// option issuer to the project's ID.
    #[arg(long, value_name = "true|false")]
    crossmint_custom_token: Option<bool>,
    /// Claims that every session JWT of the project carries, as an object of JSON; {} for none.
    #[arg(long, value_name = "JSON", value_parser = claims)]
    custom_claims: Option<Claims>,
    /// Where the sign-in page may send people back to; repeat it for each. Those given replace those of before.
    #[arg(long = "redirect-uri", value_name = "URL")]
    redirect_uris: Option<Vec<String>>,
    /// The colour of buttons on pages and in mails.
    #[arg(long, value_name = "#RRGGBB")]
    accent_color: Option<String>,
    /// A small picture on pages: a file with a PNG, JPEG or WebP of at most 24 KB.
    #[arg(long, value_name = "FILE", value_parser = logo)]
    logo: Option<String>,
}

type Claims = BTreeMap<String, Value>;

impl Settings {
    fn change(self) -> PolicyChange {
        PolicyChange {
            grace: self.grace,
            settle: self.settle,
            session_jwt_ttl: self.session_jwt_ttl,
            idle: self.idle,
            absolute: self.absolute,
            one_time_secret_ttl: self.one_time_secret_ttl,
            code_ttl: self.code_ttl,
            email_in_jwt: self.email_in_jwt,
            signing_algorithm: self.signing_algorithm,
            crossmint_custom_token: self.crossmint_custom_token,
            custom_claims: self.custom_claims,
            redirect_uris: self.redirect_uris,
            accent_color: self.accent_color,
            logo: self.logo,
        }
    }
}

/// Runs the command.
pub(crate) fn run(options: Options) -> Result<(), CommandError> {
    let Options { flags, action } = options;
    if let Action::Mail { id, language, html } = action {
        return mail(&flags, id, &language, html);
    }
    let absent = if matches!(action, Action::Create { .. }) { Absent::Make } else { Absent::Refuse };
    report(&flags, absent, |cx| async move {
        let operator = OperatorGrant::command_line();
        let found = match action {
            Action::Create { environment, name, settings } => {
                let asked = ProjectChange { name: Some(name), policy: settings.change() };
                shown(&project::create(&cx, &operator, environment, asked).await?)
            }
            Action::List => Value::Array(project::list(&cx, &operator).await?.iter().map(shown).collect()),
            Action::Show { id } => shown(&project::show(&cx, &operator.manage(id)).await?),
            Action::Set { id, name, settings } => {
                let asked = ProjectChange { name, policy: settings.change() };
                shown(&project::set(&cx, &operator.manage(id), asked).await?)
            }
            Action::NotBefore { id, at } => {
                shown(&project::set_not_before(&cx, &operator.manage(id), at).await?)
            }
            Action::Mail { .. } => Value::Null,
        };
        Ok(found)
    })
}

fn mail(flags: &Flags, id: ProjectId, language: &str, html: bool) -> Result<(), CommandError> {
    show_or(flags, Absent::Refuse, |cx| async move {
        let project = project::show(&cx, &OperatorGrant::command_line().manage(id)).await?;
        let Preview { subject, text, html: whole } =
            Preview::of(Brand::of(&project), language, project.policy.code_ttl)?;
        let value = json!({ "subject": subject, "text": text, "html": whole });
        Ok((value, if html { whole } else { format!("Subject: {subject}\n\n{text}") }))
    })
}

fn shown(project: &Project) -> Value {
    json!(project.to_wire())
}

fn claims(text: &str) -> Result<Claims, String> {
    serde_json::from_str(text)
        .map_err(|_| "an object of JSON is expected, such as {\"tier\":\"gold\"}".to_owned())
}

/// A picture as the `data:` URL that the setting holds.
fn logo(path: &str) -> Result<String, String> {
    let bytes = std::fs::read(path).map_err(|error| format!("{path} cannot be read: {error}"))?;
    let kind = match bytes.first() {
        Some(0x89) => "png",
        Some(0xff) => "jpeg",
        _ => "webp",
    };
    Ok(format!("data:image/{kind};base64,{}", base64_of(&bytes)))
}

fn base64_of(bytes: &[u8]) -> String {
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    BASE64_STANDARD.encode(bytes)
}

fn algorithm(text: &str) -> Result<Algorithm, String> {
    Algorithm::from_name(text).ok_or_else(|| "ES256, RS256 or EdDSA is expected".to_owned())
}

fn seconds(text: &str) -> Result<Duration, String> {
    text.parse().map(Duration::from_secs).map_err(|_| "a whole number of seconds is expected".to_owned())
}

fn environment(text: &str) -> Result<Environment, String> {
    let known = Environment::from_name(text);
    known.ok_or_else(|| "must be development, staging or production".to_owned())
}

//! What the page shows, sealed into its own address: a step can be loaded again, left, and come back to.
//!
//! Every form is answered with a redirect to such an address (RFC 9110, section 15.4.4), so no browser ever asks whether to
//! send a form again. Nobody but the service reads or writes what stands there: no address of a person gets into a log, and
//! nobody can make the page say what it did not say.

use super::page::{Notice, Step};
use crate::app::App;
use authmint_domain::{
    model::key_ring::SealUse,
    port::{Clock as _, Entropy as _},
};
use authmint_protocol::{id::ProjectId, time::Timestamp};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use serde::{Deserialize, Serialize};

/// The parameter, and the hidden field, that carries it.
pub(super) const AT: &str = "at";

/// A step, and what is said with it.
pub(super) struct Shown {
    pub(super) step: Step,
    pub(super) notice: Option<Notice>,
    /// Since when it is shown.
    pub(super) since: Timestamp,
}

/// As it is written.
#[derive(Serialize, Deserialize)]
struct Written(Step, Option<Notice>, i64);

impl Shown {
    /// Writes a step as it stands now.
    pub(super) fn write(app: &App, project: ProjectId, step: Step, notice: Option<Notice>) -> String {
        let cx = app.context();
        let text = serde_json::to_vec(&Written(step, notice, cx.clock.now().unix_millis()));
        let text = text.expect("texts and numbers are always JSON");
        BASE64URL.encode(cx.key_ring.seal(SealUse::PageStep, cx.entropy.draw(), project.as_bytes(), &text))
    }

    /// Reads one that was written for this project.
    pub(super) fn read(app: &App, project: ProjectId, text: &str) -> Option<Self> {
        let sealed = BASE64URL.decode(text).ok()?;
        let text = app.context().key_ring.open(SealUse::PageStep, project.as_bytes(), &sealed)?;
        let Written(step, notice, since) = serde_json::from_slice(&text).ok()?;
        Some(Self { step, notice, since: Timestamp::from_unix_millis(since) })
    }
}

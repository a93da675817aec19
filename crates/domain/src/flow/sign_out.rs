//! Sign-out: any genuine token of a session ends it.

use crate::{
    context::{Context, Ports},
    model::{
        grant::ProjectGrant,
        refresh_token::GenuineRefresh,
        session::{Decision, Session},
    },
    port::{Clock as _, Store as _, StoreError},
};
use authmint_protocol::secret::RefreshToken;

/// Ends the session of a refresh token, of whatever generation.
///
/// Idempotent, and silent about what it found (RFC 7009, section 2.2): a text that is no token, a token of another
/// project and a session that is over are all answered alike. It answers only when the end is durable.
///
/// # Errors
/// [`StoreError`] if the end could not be made durable; the caller must not take the user for signed out then.
pub async fn sign_out<P: Ports>(
    cx: &Context<P>,
    grant: &ProjectGrant,
    text: &RefreshToken,
) -> Result<(), StoreError> {
    let now = cx.clock.now();
    let Ok(GenuineRefresh::Token(claims)) = GenuineRefresh::check(&cx.key_ring, text) else {
        return Ok(());
    };
    let project_id = grant.project().id;
    if claims.project_id != project_id {
        return Ok(());
    }
    let origin = grant.user_origin();
    let decide = move |session: Option<&Session>| match session {
        Some(session) if session.project_id == project_id => session.sign_out(now).told_by(&origin),
        _ => Decision::keep(()),
    };
    cx.store.decide_session(claims.session_id, decide).await
}

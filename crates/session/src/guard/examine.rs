//! What a JWT needs before it is believed: to be known, its signature checked, or its issuer's keys fetched first.

use super::{
    Guard,
    begin::{AwaitsAnswer, AwaitsSignature, Conversation, Question, Stage, Step},
};
use crate::{
    error::{AuthError, UnavailableCause},
    session::Source,
};
use authmint_protocol::{
    secret::SessionJwt,
    time::Timestamp,
    token::{JwtError, verify},
};

impl Guard {
    /// Examines a JWT: known, or to be checked, or its key to be fetched first.
    pub(super) fn examine(&self, talk: Conversation, stage: Stage, now: Timestamp) -> Step {
        let jwt = match &stage {
            Stage::Presented(_) => talk.current.jwt.as_ref().map_or("", SessionJwt::reveal),
            Stage::Renewed(material) => material.jwt.reveal(),
        };
        let source = stage.source();
        let issuer = match source {
            Source::Service => None,
            Source::Issuer(index) => self.foreign.get(index),
        };
        if issuer.is_none()
            && let Some(verified) = self.verified.get(jwt, self.keys.version(), now)
        {
            return self.holds(talk, &stage, verified, now);
        }
        let published = issuer.map_or(&self.keys, |issuer| &issuer.keys);
        let Some(keys) = published.current(now) else {
            if published.may_fetch_missing(now) {
                return Step::Send(
                    self.call_keys(source, now),
                    AwaitsAnswer { talk, question: Question::Keys(stage) },
                );
            }
            return self.fail(&talk, AuthError::unavailable(UnavailableCause::FailedBefore));
        };
        let begun = match issuer {
            Some(issuer) => issuer.rules.begin(jwt, &keys.set),
            None => verify::begin(jwt, &keys.set, &self.settings.expected.algorithms),
        };
        match begun {
            Ok(jwt) => Step::Check(AwaitsSignature { talk, stage, jwt, keys_version: keys.version }),
            Err(JwtError::KeyUnknown(_)) if published.may_fetch_unknown(now) => {
                // Where the keys were, the old ones may still lie.
                if let Some(issuer) = issuer {
                    issuer.forget_place();
                }
                Step::Send(
                    self.call_keys(source, now),
                    AwaitsAnswer { talk, question: Question::Keys(stage) },
                )
            }
            Err(error) => self.does_not_hold(talk, &stage, error, now),
        }
    }
}

//! What must be true of every end of a conversation.

use crate::{
    input::{How, Known, Reply},
    world::World,
};
use authmint::{
    AuthError, Session,
    guard::{Outcome, SetCookies, SignOut},
    protocol::{cookie::CookiePair, time::Timestamp},
};
use http::{HeaderMap, HeaderValue, header};
use std::{collections::HashSet, time::Duration};

const LEEWAY: Duration = Duration::from_secs(5);

impl World {
    pub(crate) fn must_be_entitled(&self, session: &Session) {
        let text = session.jwt().reveal();
        assert!(self.vouched.contains(text), "a JWT whose signature nobody checked is believed");
        let known = self.jwts.iter().find(|known| known.text == text).expect("nobody else can sign");
        assert!(known.sound, "a JWT of another issuer, project or kind is believed");
        assert!(
            self.served_kids.contains(&known.kid) && !self.revoked_kids.contains(&known.kid),
            "its key is not in use"
        );
        assert!(self.now < Timestamp::from_unix_seconds(known.expires).after(LEEWAY), "it is over");
        assert_eq!((session.user_id(), session.session_id()), (known.user.as_str(), Some(known.session)));
        assert!(!self.ended.contains(&known.session), "an ended session works");
        if let Some(at) = self.ended_users.get(&known.user) {
            assert!(
                known.issued > *at || (known.issued == *at && session.renewed().is_some()),
                "an ended session works"
            );
        }
        if self.required && session.renewed().is_none() {
            let heard = self.heard_at.is_some_and(|at| self.now.since(at) < Duration::from_secs(30));
            assert!(heard, "served on its own word without the feed");
        }
    }

    /// What came of a conversation, held against what is known of the world and of its request.
    pub(crate) fn must_be_right(&self, outcome: &Outcome, how: &How, headers: &HeaderMap) {
        let pairs = self.names.each_ref().map(|names| {
            CookiePair::read(headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes), names)
        });
        let own = match how {
            How::Renew(Some(token)) | How::Exchange(token) | How::With(_, Some(token)) => vec![token.text()],
            How::With(..) | How::Store(..) => Vec::new(),
            _ => pairs.iter().filter_map(|pair| pair.refresh_token.map(str::to_owned)).collect(),
        };
        match &outcome.session {
            Ok(session) => {
                self.must_be_entitled(session);
                if let (Some(material), false) = (session.renewed(), matches!(how, How::Store(..))) {
                    let pair = (material.jwt.reveal().to_owned(), material.refresh_token.reveal().to_owned());
                    let answered =
                        own.iter().any(|token| self.material.get(token).is_some_and(|of| of.contains(&pair)));
                    assert!(answered, "the answer to another token");
                } else if let (Some(token), false) = (session.refresh_token(), matches!(how, How::Store(..)))
                {
                    assert!(own.iter().any(|own| own == token.reveal()), "another token");
                }
            }
            Err(error) => {
                let silent = error.is_retryable()
                    || matches!(
                        error,
                        AuthError::Misconfigured(_)
                            | AuthError::Declined { .. }
                            | AuthError::CookieNotWritable(_)
                    );
                assert!(!silent || outcome.cookies.is_empty(), "{error} cost a cookie");
                assert!(!error.code().is_empty() && (400..600).contains(&error.status()));
            }
        }
        if matches!(how, How::Peek | How::With(..)) {
            assert!(outcome.cookies.is_empty(), "a look changes something");
        }
        let navigation = headers.get("sec-fetch-dest").is_none_or(|destination| destination == "document");
        self.must_be_due(outcome, how, &pairs, navigation);
        applied(&outcome.cookies);
    }

    pub(crate) fn must_be_due(
        &self,
        outcome: &Outcome,
        how: &How,
        pairs: &[CookiePair<'_>; 2],
        navigation: bool,
    ) {
        let new_sign_in = matches!(how, How::Exchange(_) | How::Store(..) | How::Renew(Some(_)));
        let written: HashSet<_> = parsed(&outcome.cookies)
            .filter(|(_, value, _)| !value.is_empty())
            .map(|(name, ..)| name)
            .collect();
        for (name, value, host_only) in parsed(&outcome.cookies) {
            let place = self.names.iter().position(|names| names.jwt == name || names.refresh_token == name);
            let place = place.expect("a cookie that is none of ours");
            let (pair, is_jwt) = (&pairs[place], self.names[place].jwt == name);
            if !value.is_empty() {
                let session = outcome.session.as_ref().expect("a cookie is set for nobody");
                let material = session.renewed().expect("a cookie is set though nothing is new");
                let expected = if is_jwt { material.jwt.reveal() } else { material.refresh_token.reveal() };
                assert_eq!(value, expected);
                continue;
            }
            if written.contains(&name) {
                assert!(self.shared_domain && host_only, "a cookie that was just set is removed");
                continue;
            }
            // A host-only twin goes only beside what takes its place.
            let replaced = self.shared_domain && host_only && !written.is_empty();
            let superseded = outcome.session.is_ok() && (navigation || new_sign_in);
            let dead = self.is_dead(pair) || own_is_dead(self, how);
            assert!(
                replaced || superseded || (navigation && dead),
                "a cookie goes though nobody refused it: {name}"
            );
        }
    }

    /// Whether a pair is of no more use, by the word of the service.
    pub(crate) fn is_dead(&self, pair: &CookiePair<'_>) -> bool {
        let token = pair.refresh_token.is_some_and(|token| self.dead.contains_key(token));
        let jwt = self.jwts.iter().find(|known| pair.jwt == Some(known.text.as_str()));
        let ended = |known: &Known| {
            self.ended.contains(&known.session)
                || self.signed_out.contains(&known.session)
                || self.ended_users.get(&known.user).is_some_and(|at| known.issued <= *at)
        };
        let renewed = pair.refresh_token.and_then(|token| self.material.get(token)).is_some_and(|answers| {
            answers.iter().any(|(jwt, _)| self.jwts.iter().any(|known| &known.text == jwt && ended(known)))
        });
        token || jwt.is_some_and(ended) || renewed
    }

    pub(crate) fn sign_out(
        &mut self,
        headers: &HeaderMap,
        SignOut { cookies, calls }: SignOut,
        replies: &mut dyn Iterator<Item = Reply>,
    ) {
        let pairs = self.names.each_ref().map(|names| {
            let fields = headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes);
            let pair = CookiePair::read(fields, names);
            (pair.is_empty(), pair.refresh_token.map(str::to_owned), pair.jwt.map(str::to_owned))
        });
        let present = pairs.iter().filter(|(empty, ..)| !empty).count();
        assert_eq!(cookies.values().count(), 2 * present, "every cookie of every pair goes");
        assert!(parsed(&cookies).all(|(_, value, _)| value.is_empty()));
        let tokens: Vec<_> = pairs.iter().filter_map(|(_, token, _)| token.clone()).collect();
        assert_eq!(calls.len(), tokens.len());
        for jwt in pairs.iter().filter_map(|(.., jwt)| jwt.as_deref()) {
            self.signed_out
                .extend(self.jwts.iter().filter(|known| known.text == jwt).map(|known| known.session));
        }
        for token in &tokens {
            self.forget(token);
        }
        for call in calls {
            self.send(call, replies);
        }
        applied(&cookies);
    }
}

pub(crate) fn own_is_dead(world: &World, how: &How) -> bool {
    match how {
        How::Renew(Some(token)) => {
            let text = token.text();
            world.is_dead(&CookiePair { jwt: None, refresh_token: Some(&text), repeated: false })
        }
        _ => false,
    }
}

/// Name, value, and whether the cookie is of one host alone.
pub(crate) fn parsed(cookies: &SetCookies) -> impl Iterator<Item = (String, String, bool)> {
    cookies.values().map(|value| {
        assert!(value.is_sensitive(), "a debug line would tell the cookie");
        let text = value.to_str().expect("ASCII");
        let (pair, attributes) = text.split_once("; ").expect("attributes");
        let (name, value) = pair.split_once('=').expect("a pair");
        assert!(!value.is_empty() || attributes.starts_with("Max-Age=0;"), "{attributes}");
        (name.to_owned(), value.to_owned(), !attributes.contains("Domain="))
    })
}

/// An answer with an auth cookie stays out of shared caches.
pub(crate) fn applied(cookies: &SetCookies) {
    let mut headers = HeaderMap::new();
    cookies.apply(&mut headers);
    if cookies.is_empty() {
        assert!(headers.is_empty());
    } else {
        assert_eq!(headers[header::CACHE_CONTROL], "private, no-store");
        assert_eq!(headers[header::VARY], "Cookie");
    }
}

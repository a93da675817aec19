//! The guard, driven by arbitrary requests and an arbitrary service: nobody is let in whom no key vouches for, nothing of
//! an ended session works, no answer reaches another user, and no cookie goes unless the service said so for good.

#![no_main]

mod input;
mod truth;
mod world;

use authmint::protocol::{
    secret::{OneTimeSecret, SessionJwt},
    wire::user::User,
};
use input::{Action, Cookie, Entry, Head, How, Input, Reply, Token, user_id};
use libfuzzer_sys::fuzz_target;
use std::time::Duration;
use world::World;

fn act(world: &mut World, action: &Action) {
    match action {
        Action::Seconds(span) => world.now = world.now.after(Duration::from_secs(u64::from(*span))),
        Action::Hours(span) => world.now = world.now.after(Duration::from_secs(3600 * u64::from(*span))),
        Action::Converse { how, head, replies } => {
            let headers = world.head(head);
            let (guard, now, replies) = (&world.guard, world.now, &mut replies.iter().cloned());
            let step = match how {
                How::Serve => guard.begin(&headers, now),
                How::Peek => guard.begin_peek(&headers, now),
                How::Renew(token) => guard.begin_renewal(&headers, token.as_ref().map(Token::secret), now),
                How::Exchange(token) => {
                    guard.begin_exchange(&headers, &OneTimeSecret::new(token.text()), now)
                }
                How::Store(jwt, token) => {
                    let material = authmint::AuthMaterial {
                        jwt: SessionJwt::new(world.jwt(*jwt)),
                        refresh_token: token.secret(),
                        refresh_expires_at: now.after(Duration::from_secs(3600)),
                        user: User { id: user_id(0), email: None, phone_number: None },
                    };
                    guard.begin_store(&headers, material, now)
                }
                How::With(jwt, token) => {
                    let jwt = jwt.map(|jwt| SessionJwt::new(world.jwt(jwt)));
                    guard.begin_with(jwt, token.as_ref().map(Token::secret), now)
                }
            };
            let outcome = world.run(step, replies, !matches!(how, How::Peek));
            world.must_be_right(&outcome, how, &headers);
        }
        Action::SignOut { head, replies } => {
            let headers = world.head(head);
            let done = world.guard.sign_out(&headers, world.now);
            world.sign_out(&headers, done, &mut replies.iter().cloned());
        }
        Action::SignOutWith(token, replies) => {
            let call = world.guard.sign_out_with(&token.secret(), world.now);
            world.forget(&token.text());
            world.send(call, &mut replies.iter().cloned());
        }
        Action::Poll(replies) => {
            if let Some(call) = world.guard.follow(world.now) {
                world.send(call, &mut replies.iter().cloned());
            }
        }
        Action::Upkeep(replies) => {
            if let Some(call) = world.guard.upkeep(world.now) {
                world.send(call, &mut replies.iter().cloned());
            }
        }
        Action::Profile { id, replies } => {
            if let Ok(call) = world.guard.call_user(&user_id(*id), world.now) {
                world.send(call, &mut replies.iter().cloned());
            }
        }
    }
}

fuzz_target!(|input: Input| {
    let mut world = World::new(&input);
    for action in input.actions.iter().take(32) {
        act(&mut world, action);
    }
    // Wherever that has led: each JWT is shown, its session ends, and it is shown again.
    for index in (0..8).take(world.jwts.len()) {
        let ended = Entry::Session(world.jwts[usize::from(index)].session.as_bytes()[0] - 1);
        let page = Reply::Page { entries: vec![ended], more: false, cursor: String::new() };
        let shown = || {
            let head = Head {
                cookies: vec![(1, Cookie::Jwt(index))],
                raw: None,
                destination: 1,
                prefetch: false,
                host: 0,
            };
            Action::Converse { how: How::Serve, head, replies: Vec::new() }
        };
        for action in [shown(), shown(), Action::Poll(vec![page]), shown()] {
            act(&mut world, &action);
        }
    }
});

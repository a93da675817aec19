//! Functions on the hot paths, one by one.

use authmint_domain::model::{
    key_ring::KeyRing,
    refresh_token::{GenuineRefresh, mint_refresh_token},
    rotation::{Presented, RotationState, Windows},
};
use authmint_protocol::{
    cookie::{CookieNames, CookiePair},
    id::{ProjectId, SessionId},
    time::Timestamp,
};
use criterion::{Criterion, criterion_group, criterion_main};
use std::{hint::black_box, time::Duration};

fn functions(c: &mut Criterion) {
    let ring = KeyRing::single(1, &[7; 32]);
    let (project_id, session_id) = (ProjectId::from_bytes([1; 16]), SessionId::from_bytes([2; 16]));
    let token = mint_refresh_token(&ring, project_id, session_id, 3, 1);
    c.bench_function("mint a refresh token", |b| {
        b.iter(|| mint_refresh_token(&ring, project_id, session_id, black_box(3), 1));
    });
    c.bench_function("check a refresh token's MAC", |b| {
        b.iter(|| GenuineRefresh::check(&ring, black_box(&token)));
    });

    let state = RotationState::first(Timestamp::EPOCH);
    let later = Timestamp::EPOCH.after(Duration::from_secs(600));
    let presented = Presented { generation: 1, branch: 1 };
    c.bench_function("decide a rotation", |b| {
        b.iter(|| state.decide(black_box(presented), later, Windows::default()));
    });

    let header =
        format!("a=1; crossmint-jwt={}; crossmint-refresh-token={}; b=2", "e".repeat(480), token.reveal());
    let names = CookieNames::plain("");
    c.bench_function("find the cookie pair", |b| {
        b.iter(|| CookiePair::read([black_box(header.as_bytes())], &names).jwt.map(str::len));
    });
}

criterion_group!(benches, functions);
criterion_main!(benches);

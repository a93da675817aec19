//! ES256 verification by aws-lc-rs alone, on request: the limit that the Node bench holds itself against, in turns with it
//! in one run. The first line of input is a public key (an uncompressed point in base64url); every further line is a JSON
//! array of JWTs, answered by the microseconds that one verification took.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use std::{
    hint::black_box,
    io::{self, BufRead as _, Write as _},
    time::Instant,
};

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn main() -> io::Result<()> {
    let mut lines = io::stdin().lock().lines();
    let Some(point) = lines.next().transpose()? else { return Ok(()) };
    let point = BASE64URL.decode(point).expect("the first line is base64url");
    let key = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &point).expect("a point of P-256");
    for line in lines {
        let jwts: Vec<String> = serde_json::from_str(&line?).expect("a JSON array of JWTs");
        let signed: Vec<_> = jwts.iter().map(|jwt| parts(jwt)).collect();
        let start = Instant::now();
        for (message, signature) in &signed {
            key.verify_sig(black_box(message), black_box(signature)).expect("a good signature");
        }
        let each = start.elapsed().as_secs_f64() * 1e6 / signed.len() as f64;
        writeln!(io::stdout(), "{each}")?;
    }
    Ok(())
}

/// What was signed, and the signature.
fn parts(jwt: &str) -> (&[u8], Vec<u8>) {
    let (message, signature) = jwt.rsplit_once('.').expect("a JWT");
    (message.as_bytes(), BASE64URL.decode(signature).expect("base64url"))
}

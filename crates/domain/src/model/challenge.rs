//! Email challenges: one row a project and address, holding the one code that is good now and what was tried.

use super::policy::Policy;
use authmint_protocol::{ErrorCode, id::ProjectId, time::Timestamp};
use std::time::Duration;
use subtle::ConstantTimeEq;

/// Stable name of an address within a project: a MAC, so that it tells nothing of the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EmailId(pub [u8; 32]);

/// Where tries come from: an address of the caller, cut so that one household counts as one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientPrefix(String);

impl ClientPrefix {
    /// Cuts an address: IPv6 to its /64, IPv4 mapped into IPv6 folded back (a host owns a whole /64).
    #[must_use]
    pub fn of(address: std::net::IpAddr) -> Self {
        match address.to_canonical() {
            std::net::IpAddr::V4(v4) => Self(v4.to_string()),
            std::net::IpAddr::V6(v6) => {
                let [a, b, c, d, ..] = v6.segments();
                Self(format!("{a:x}:{b:x}:{c:x}:{d:x}::/64"))
            }
        }
    }

    /// Whoever calls without a connection: in the same process.
    #[must_use]
    pub fn in_process() -> Self {
        Self("in-process".to_owned())
    }

    /// Takes a prefix as it was stored.
    #[must_use]
    pub const fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The prefix as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What the service remembers of the codes sent to one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailChallenge {
    /// The project.
    pub project_id: ProjectId,
    /// The address, as a MAC.
    pub email_id: EmailId,
    /// The code that is good now; none after it was used or burnt.
    pub code: Option<IssuedCode>,
    /// When the last code was issued.
    pub sent_at: Timestamp,
    /// How many codes were issued in a row without an hour's rest between; doubles the wait for the next.
    pub resends: u32,
    /// Wrong tries in a row over all codes; a right one starts over.
    pub failures: u32,
}

/// A code under its MAC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedCode {
    /// Drawn for this code, part of the MAC.
    pub salt: [u8; 16],
    /// MAC of salt, emailId and digits.
    pub mac: [u8; 32],
    /// When it is too late.
    pub expires_at: Timestamp,
    /// Wrong tries by where they came from.
    pub tries: Vec<(ClientPrefix, u32)>,
}

/// Wrong tries that one client has on a code.
pub const TRIES_PER_CLIENT: u32 = 5;
/// Wrong tries that all clients together have on a code: an attacker with many addresses guesses no more than this.
pub const TRIES_PER_CODE: u32 = 15;
/// Wrong tries in a row after which an address gets one code an hour (NIST SP 800-63B-4, section 3.2.2).
pub const FAILURES_BEFORE_SLOW: u32 = 100;

const FIRST_RESEND: Duration = Duration::from_secs(30);
const LONGEST_RESEND: Duration = Duration::from_secs(3600);

/// A code is not sent again yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a code was sent a moment ago; another can be sent in {} s", .retry_after.as_secs().max(1))]
pub struct TooSoon {
    /// How long to wait.
    pub retry_after: Duration,
}

/// A code was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodeRefused {
    /// Wrong digits, or no code was sent to this address.
    #[error("Invalid code. Check the digits, or ask for a new code.")]
    Wrong,
    /// Its time is over.
    #[error("This code has expired. Ask for a new one.")]
    Expired,
    /// Too many wrong tries.
    #[error("Too many wrong tries: this code is no longer valid. Ask for a new one.")]
    Burnt,
}

impl CodeRefused {
    /// The stable code of the refusal.
    #[must_use]
    pub const fn code(self) -> ErrorCode {
        match self {
            Self::Wrong => ErrorCode::CodeInvalid,
            Self::Expired => ErrorCode::CodeExpired,
            Self::Burnt => ErrorCode::CodeBurnt,
        }
    }
}

/// What a try did, and the challenge to store for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// The challenge after the try; `None` if nothing of it changed.
    pub after: Option<EmailChallenge>,
    /// Whether the code was accepted.
    pub outcome: Result<(), CodeRefused>,
}

impl EmailChallenge {
    /// Issues a code in place of any older one; `before` is what was known of the address.
    ///
    /// # Errors
    /// [`TooSoon`] within 30 s of the last code, doubling with each; a pause of an hour starts over. After
    /// [`FAILURES_BEFORE_SLOW`] wrong tries in a row the wait is an hour. With `limited` off it is never too soon.
    pub fn issue(
        before: Option<&Self>,
        address: (ProjectId, EmailId),
        code: ([u8; 16], [u8; 32]),
        policy: &Policy,
        now: Timestamp,
        limited: bool,
    ) -> Result<Self, TooSoon> {
        let mut resends = 0;
        if let Some(before) = before {
            let waited = now.since(before.sent_at);
            if limited && waited < before.resend_wait() {
                return Err(TooSoon { retry_after: before.resend_wait() - waited });
            }
            if waited < LONGEST_RESEND {
                resends = before.resends.saturating_add(1);
            }
        }
        let (salt, mac) = code;
        Ok(Self {
            project_id: address.0,
            email_id: address.1,
            code: Some(IssuedCode { salt, mac, expires_at: now.after(policy.code_ttl), tries: Vec::new() }),
            sent_at: now,
            resends,
            failures: before.map_or(0, |before| before.failures),
        })
    }

    /// How long after this code was sent another may be.
    #[must_use]
    pub fn resend_wait(&self) -> Duration {
        if self.failures >= FAILURES_BEFORE_SLOW {
            return LONGEST_RESEND;
        }
        // 30 s doubled seven times passes an hour.
        FIRST_RESEND.saturating_mul(1 << self.resends.min(7)).min(LONGEST_RESEND)
    }

    /// Decides a try: consumes the code if `mac_of` over its salt gives its MAC, counts the try otherwise.
    ///
    /// A client that is out of tries is refused even with the right digits; a code that is out of tries is burnt for
    /// everyone. The lock touches this code alone, never another method or a live session.
    #[must_use]
    pub fn try_code(
        &self,
        from: &ClientPrefix,
        now: Timestamp,
        mac_of: impl Fn(&[u8; 16]) -> [u8; 32],
    ) -> Tried {
        let refused = |outcome| Tried { after: None, outcome: Err(outcome) };
        let Some(code) = &self.code else { return refused(CodeRefused::Wrong) };
        if now >= code.expires_at {
            return refused(CodeRefused::Expired);
        }
        let by_client = code.tries.iter().find(|(prefix, _)| prefix == from).map_or(0, |(_, tries)| *tries);
        let in_all: u32 = code.tries.iter().map(|(_, tries)| tries).sum();
        if by_client >= TRIES_PER_CLIENT || in_all >= TRIES_PER_CODE {
            return refused(CodeRefused::Burnt);
        }
        let mut after = self.clone();
        if bool::from(mac_of(&code.salt).ct_eq(&code.mac)) {
            after.code = None;
            after.failures = 0;
            after.resends = 0;
            return Tried { after: Some(after), outcome: Ok(()) };
        }
        after.failures = after.failures.saturating_add(1);
        if let Some(code) = &mut after.code {
            match code.tries.iter_mut().find(|(prefix, _)| prefix == from) {
                Some((_, tries)) => *tries += 1,
                None => code.tries.push((from.clone(), 1)),
            }
        }
        Tried { after: Some(after), outcome: Err(CodeRefused::Wrong) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issued(before: Option<&EmailChallenge>, at: u64) -> Result<EmailChallenge, TooSoon> {
        let address = (ProjectId::from_bytes([1; 16]), EmailId([2; 32]));
        EmailChallenge::issue(before, address, ([3; 16], [4; 32]), &Policy::default(), seconds(at), true)
    }

    fn seconds(at: u64) -> Timestamp {
        Timestamp::EPOCH.after(Duration::from_secs(at))
    }

    fn client(last: u8) -> ClientPrefix {
        ClientPrefix::of([192, 0, 2, last].into())
    }

    fn attempt(challenge: &mut EmailChallenge, from: u8, right: bool) -> Result<(), CodeRefused> {
        let tried = challenge.try_code(&client(from), seconds(1), |_| if right { [4; 32] } else { [5; 32] });
        if let Some(after) = tried.after {
            *challenge = after;
        }
        tried.outcome
    }

    #[test]
    fn a_code_is_accepted_once() {
        let mut challenge = issued(None, 0).unwrap();
        assert_eq!(attempt(&mut challenge, 1, true), Ok(()));
        assert_eq!(attempt(&mut challenge, 1, true), Err(CodeRefused::Wrong));
    }

    #[test]
    fn threat_40_five_wrong_tries_burn_the_code_for_a_client_even_with_the_right_digits() {
        let mut challenge = issued(None, 0).unwrap();
        for _ in 0..TRIES_PER_CLIENT {
            assert_eq!(attempt(&mut challenge, 1, false), Err(CodeRefused::Wrong));
        }
        assert_eq!(attempt(&mut challenge, 1, true), Err(CodeRefused::Burnt));
        assert_eq!(attempt(&mut challenge, 2, true), Ok(()), "another client is not locked out by the first");
    }

    #[test]
    fn threat_40_fifteen_wrong_tries_burn_the_code_for_everyone() {
        let mut challenge = issued(None, 0).unwrap();
        for from in 0..3 {
            for _ in 0..TRIES_PER_CLIENT {
                assert_eq!(attempt(&mut challenge, from, false), Err(CodeRefused::Wrong));
            }
        }
        assert_eq!(attempt(&mut challenge, 9, true), Err(CodeRefused::Burnt));
    }

    #[test]
    fn threat_41_one_host_counts_as_one_client_whichever_address_of_its_network_it_takes() {
        let of = |text: &str| ClientPrefix::of(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), of("2001:db8:1:2:ffff::1"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }

    #[test]
    fn the_wait_for_another_code_doubles_and_an_hours_rest_starts_over() {
        let first = issued(None, 0).unwrap();
        assert_eq!(issued(Some(&first), 29), Err(TooSoon { retry_after: Duration::from_secs(1) }));
        let second = issued(Some(&first), 30).unwrap();
        assert!(issued(Some(&second), 30 + 59).is_err());
        let third = issued(Some(&second), 30 + 60).unwrap();
        assert_eq!(third.resends, 2);
        assert_eq!(issued(Some(&third), 90 + 3600).unwrap().resends, 0);
    }

    #[test]
    fn a_hundred_failures_in_a_row_slow_an_address_to_one_code_an_hour_until_one_is_right() {
        let mut slow = EmailChallenge { failures: FAILURES_BEFORE_SLOW, ..issued(None, 0).unwrap() };
        assert!(issued(Some(&slow), 3599).is_err());
        let mut next = issued(Some(&slow), 3600).unwrap();
        assert_eq!(next.failures, FAILURES_BEFORE_SLOW, "a new code does not forget the failures");
        next.code.as_mut().unwrap().expires_at = seconds(10);
        slow = next;
        assert_eq!(attempt(&mut slow, 1, true), Ok(()));
        assert_eq!(slow.failures, 0);
    }

    #[test]
    fn an_expired_code_is_refused_and_not_counted() {
        let challenge = issued(None, 0).unwrap();
        let tried = challenge.try_code(&client(1), seconds(600), |_| [4; 32]);
        assert_eq!(tried, Tried { after: None, outcome: Err(CodeRefused::Expired) });
    }
}

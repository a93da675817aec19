//! The flood guard: how many requests one client may make of this process, whatever they are.
//!
//! It keeps one source from taking the whole process; what may be tried how often is decided in the domain, by rows
//! that all processes share. So it is generous, and it knows two allowances. Refresh, sign-out and the revocation feed
//! have one that no real use reaches, since clients of the vendor sign their user out when a refresh fails for whatever
//! reason: an office, a mobile network or an app server with millions of users stands behind one address, and a client
//! whose JWT lives 121 s refreshes every second. A forged token costs a MAC, so a flood of them costs next to nothing.
//!
//! A client is counted as the domain counts it, IPv6 by its /64, IPv4 mapped into IPv6 folded back. Who cannot be told
//! apart is not counted: behind a proxy that `trust_proxy` does not name, everybody would pay for one.

use super::{caller, problem::Problem};
use crate::{
    app::{App, AppConfig},
    router::SESSION_CALLS,
};
use authmint_protocol::{ErrorCode, time::Timestamp};
use axum::extract::Request;
use quick_cache::sync::Cache;
use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

/// How many seconds' worth of an allowance may come at once: a page that loads, an office that begins its day.
const BURST_S: u64 = 10;
/// Clients remembered at a time, some 100 bytes each. Who makes up more than that many prefixes is forgotten first,
/// since quick_cache keeps those who come again.
const CLIENTS: usize = 65_536;

/// The guard of one process.
pub(crate) struct Flood {
    calls: Option<Allowances>,
    sessions: Option<Allowances>,
    /// Refused since somebody last asked.
    refused: AtomicU64,
}

/// One allowance for each client, by the generic cell rate algorithm, in microseconds of the service's clock.
struct Allowances {
    period_us: u64,
    slack_us: u64,
    /// Until when each has spent its allowance.
    spent_until: Cache<Client, Arc<AtomicU64>>,
}

/// What counts as one client: whether it speaks IPv6, and its address or the first half of it.
type Client = (bool, u64);

fn client(address: IpAddr) -> Client {
    match address.to_canonical() {
        IpAddr::V4(address) => (false, u64::from(u32::from(address))),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments().map(u64::from);
            (true, a << 48 | b << 32 | c << 16 | d)
        }
    }
}

impl Flood {
    pub(crate) fn new(config: &AppConfig) -> Self {
        let told_apart = !config.hides_clients();
        let per_second =
            |count: u32| (config.limited && told_apart).then(|| Allowances::new(count)).flatten();
        Self {
            calls: per_second(config.limits.calls_per_client),
            sessions: per_second(config.limits.refreshes_per_client),
            refused: AtomicU64::new(0),
        }
    }

    /// How many requests were refused since this was last asked.
    pub(crate) fn take_refused(&self) -> u64 {
        self.refused.swap(0, Relaxed)
    }
}

/// Refuses a request whose client has spent its allowance.
pub(super) fn check(app: &App, request: &Request, now: Timestamp) -> Result<(), Problem> {
    let (flood, config, path) = (app.flood(), app.config(), request.uri().path());
    let of_sessions = path.strip_prefix(config.public_url.path_prefix());
    let (allowances, limit) = match of_sessions {
        // Whoever restarts this process must not be told to come back later.
        _ if matches!(path, "/healthz" | "/readyz") => return Ok(()),
        Some(path) if SESSION_CALLS.contains(&path) => (&flood.sessions, "flood_refreshes"),
        _ => (&flood.calls, "flood_calls"),
    };
    let Some(allowances) = allowances else { return Ok(()) };
    let address = config.trusted_proxies.client(caller::peer(request.extensions()), request.headers());
    if config.trusted_proxies.trusts(address) {
        // A proxy that names nobody, or speaks for itself.
        return Ok(());
    }
    allowances.pay(client(address), now).map_err(|wait| {
        flood.refused.fetch_add(1, Relaxed);
        app.metrics().limited(limit);
        let text = format!("too many requests from this network; try again in {} s", wait.as_secs() + 1);
        Problem::new(ErrorCode::RateLimited, text).after(wait)
    })
}

impl Allowances {
    fn new(per_second: u32) -> Option<Self> {
        let period_us = 1_000_000_u64.checked_div(per_second.into())?.max(1);
        Some(Self { period_us, slack_us: BURST_S * 1_000_000 - period_us, spent_until: Cache::new(CLIENTS) })
    }

    /// Pays for one request.
    ///
    /// # Errors
    /// How long to wait; nothing is paid then.
    fn pay(&self, client: Client, now: Timestamp) -> Result<(), Duration> {
        let now = u64::try_from(now.unix_millis()).unwrap_or(0).saturating_mul(1000);
        let cell = self.spent_until.get(&client).unwrap_or_else(|| {
            let cell = Arc::default();
            // Two first requests at once: one of them may be forgotten, and costs nothing.
            self.spent_until.insert(client, Arc::clone(&cell));
            cell
        });
        let paid = cell.fetch_update(Relaxed, Relaxed, |spent_until| {
            let ahead = spent_until.saturating_sub(now);
            // Nobody can have spent more than the burst, unless the clock was set back: that is no client's fault.
            let ahead = if ahead > self.slack_us + self.period_us { 0 } else { ahead };
            (ahead <= self.slack_us).then_some(now + ahead + self.period_us)
        });
        paid.map(drop).map_err(|spent_until| Duration::from_micros(spent_until - now - self.slack_us))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use authmint_domain::model::challenge::ClientPrefix;

    const START: Timestamp = Timestamp::from_unix_seconds(1_790_000_000);

    fn burst(allowances: &Allowances, client: Client, now: Timestamp) -> usize {
        (0..).take_while(|_| allowances.pay(client, now).is_ok()).count()
    }

    #[test]
    fn a_burst_passes_then_the_rate_and_a_rest_gives_no_more_than_the_burst() {
        for rate in [1, 7, 300, 5_000] {
            let allowances = Allowances::new(rate).unwrap();
            let most = usize::try_from(rate).unwrap() * 10;
            assert!((most..=most + 1).contains(&burst(&allowances, (false, 1), START)), "{rate}");
            let wait = allowances.pay((false, 1), START).unwrap_err();
            assert!(wait > Duration::ZERO && wait <= Duration::from_secs(1), "{rate}: {wait:?}");
            assert!(allowances.pay((false, 2), START).is_ok(), "another client has its own");
            let later = burst(&allowances, (false, 1), START.after(Duration::from_secs(1)));
            assert!(later.abs_diff(most / 10) <= 1, "{rate}: {later}");
            let rested = burst(&allowances, (false, 1), START.after(Duration::from_secs(86_400)));
            assert!((most..=most + 1).contains(&rested), "{rate}: {rested}");
        }
        assert!(Allowances::new(0).is_none(), "0 is no limit");
    }

    #[test]
    fn a_clock_that_was_set_back_locks_nobody_out() {
        let allowances = Allowances::new(300).unwrap();
        burst(&allowances, (false, 1), START);
        let before = START.before(Duration::from_secs(3600));
        assert!(burst(&allowances, (false, 1), before) >= 3000);
        assert!(allowances.pay((false, 1), before).is_err(), "and it goes on counting");
    }

    #[test]
    fn threat_41_the_guard_cuts_addresses_as_every_other_limit_does() {
        let addresses = [
            "192.0.2.1",
            "::ffff:192.0.2.1",
            "::ffff:c000:201",
            "192.0.2.2",
            "2001:db8::1",
            "2001:db8::ffff:1",
            "2001:db8:0:0:1::",
            "2001:db8:0:1::",
            "2001:db9::1",
            "::1",
            "::192.0.2.1",
        ];
        let addresses = addresses.map(|text| text.parse::<IpAddr>().unwrap());
        for one in addresses {
            for other in addresses {
                let same = ClientPrefix::of(one) == ClientPrefix::of(other);
                assert_eq!(client(one) == client(other), same, "{one} {other}");
            }
        }
    }

    #[test]
    fn threat_41_addresses_by_the_million_fill_no_memory_and_free_nobody_who_floods() {
        let allowances = Allowances::new(1).unwrap();
        assert_eq!(burst(&allowances, (false, 7), START), 10);
        for prefix in 0..4 * CLIENTS as u64 {
            allowances.pay((true, prefix), START).unwrap();
            if prefix % 1000 == 0 {
                assert!(
                    allowances.pay((false, 7), START).is_err(),
                    "who goes on is remembered, after {prefix}"
                );
            }
        }
        assert!(allowances.spent_until.len() <= CLIENTS);
    }
}

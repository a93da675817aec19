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
    adapter::clock::ServiceClock,
    app::{App, AppConfig},
    router::SESSION_CALLS,
};
use authmint_domain::{model::challenge::ClientPrefix, port::Clock as _};
use authmint_protocol::{ErrorCode, time::Timestamp};
use axum::extract::Request;
use governor::{
    NotUntil, Quota, RateLimiter,
    clock::Clock,
    middleware::NoOpMiddleware,
    nanos::Nanos,
    state::{InMemoryState, NotKeyed, StateStore},
};
use quick_cache::sync::Cache;
use std::{
    convert::Infallible,
    num::NonZeroU32,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

/// How many seconds' worth of an allowance may come at once: a page that loads, an office that begins its day.
const BURST_S: NonZeroU32 = NonZeroU32::new(10).expect("ten is not zero");
/// Clients remembered at a time, some 150 bytes each. Who makes up more than that many prefixes is forgotten first,
/// since quick_cache keeps those who come again.
const CLIENTS: usize = 65_536;

/// The guard of one process.
pub(crate) struct Flood {
    calls: Option<Allowances>,
    sessions: Option<Allowances>,
    /// Refused since somebody last asked.
    refused: AtomicU64,
}

/// One allowance for each client, by governor's generic cell rate algorithm.
struct Allowances(RateLimiter<ClientPrefix, Cells, Steady, NoOpMiddleware<Nanos>>);

/// What governor remembers of each client, bounded: its own stores grow until they are swept, and the flood that they are
/// to stop is what grows them.
struct Cells(Cache<ClientPrefix, Arc<InMemoryState>>);

impl StateStore for Cells {
    type Key = ClientPrefix;

    fn measure_and_replace<T, F, E>(&self, client: &ClientPrefix, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let Ok(cell) = self.0.get_or_insert_with(client, || Ok::<_, Infallible>(Arc::default()));
        cell.measure_and_replace(&NotKeyed::NonKey, decide)
    }
}

/// How much time has passed by the service's clock. If that is set back no time passes: nobody waits longer for it.
struct Steady {
    clock: ServiceClock,
    last: Mutex<(Timestamp, Duration)>,
}

impl Clock for Steady {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        // Read under the lock, else two threads that overtake each other would look like a clock that went back.
        let now = self.clock.now();
        *last = (now, last.1.saturating_add(now.since(last.0)));
        Nanos::new(u64::try_from(last.1.as_nanos()).unwrap_or(u64::MAX))
    }
}

impl Flood {
    pub(crate) fn new(config: &AppConfig, clock: &ServiceClock) -> Self {
        let told_apart = !config.hides_clients();
        let per_second =
            |count| (config.limited && told_apart).then(|| Allowances::new(count, clock)).flatten();
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
pub(super) fn check(app: &App, request: &Request) -> Result<(), Problem> {
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
    allowances.pay(&ClientPrefix::of(address)).map_err(|wait| {
        flood.refused.fetch_add(1, Relaxed);
        app.metrics().limited(limit);
        let text = format!("too many requests from this network; try again in {} s", wait.as_secs() + 1);
        Problem::new(ErrorCode::RateLimited, text).after(wait)
    })
}

impl Allowances {
    /// So many requests a second; 0 is no limit.
    fn new(per_second: u32, clock: &ServiceClock) -> Option<Self> {
        let per_second = NonZeroU32::new(per_second)?;
        let quota = Quota::per_second(per_second).allow_burst(per_second.saturating_mul(BURST_S));
        let steady = Steady { clock: clock.clone(), last: Mutex::new((clock.now(), Duration::ZERO)) };
        Some(Self(RateLimiter::new(quota, Cells(Cache::new(CLIENTS)), steady)))
    }

    /// Pays for one request.
    ///
    /// # Errors
    /// How long to wait; nothing is paid then.
    fn pay(&self, client: &ClientPrefix) -> Result<(), Duration> {
        let wait = |until: NotUntil<Nanos>| until.wait_time_from(self.0.clock().now());
        self.0.check_key(client).map_err(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{IpAddr, Ipv6Addr};

    fn allowances(per_second: u32) -> (Allowances, ServiceClock) {
        let clock = ServiceClock::manual(Timestamp::from_unix_seconds(1_790_000_000));
        (Allowances::new(per_second, &clock).unwrap(), clock)
    }

    fn client(number: u64) -> ClientPrefix {
        ClientPrefix::of(IpAddr::V6(Ipv6Addr::from_bits(u128::from(number) << 64)))
    }

    fn burst(allowances: &Allowances, number: u64) -> u32 {
        let mut count = 0;
        while allowances.pay(&client(number)).is_ok() {
            count += 1;
        }
        count
    }

    #[test]
    fn a_burst_passes_then_the_rate_and_a_rest_gives_no_more_than_the_burst() {
        for rate in [1, 7, 300, 5_000] {
            let (allowances, clock) = allowances(rate);
            let most = rate * 10;
            assert_eq!(burst(&allowances, 1), most, "{rate}");
            let wait = allowances.pay(&client(1)).unwrap_err();
            assert!(wait > Duration::ZERO && wait <= Duration::from_secs(1), "{rate}: {wait:?}");
            assert!(allowances.pay(&client(2)).is_ok(), "another client has its own");
            clock.advance(Duration::from_secs(1)).unwrap();
            let later = burst(&allowances, 1);
            assert!(later.abs_diff(rate) <= 1, "{rate}: {later}");
            clock.advance(Duration::from_secs(86_400)).unwrap();
            assert_eq!(burst(&allowances, 1), most, "{rate}");
        }
        assert!(Allowances::new(0, &ServiceClock::system()).is_none(), "0 is no limit");
    }

    #[test]
    fn a_clock_that_was_set_back_locks_nobody_out() {
        let (allowances, clock) = allowances(300);
        burst(&allowances, 1);
        clock.set_back(Duration::from_secs(3600));
        assert!(allowances.pay(&client(1)).unwrap_err() <= Duration::from_secs(1), "as long as before");
        assert_eq!(burst(&allowances, 2), 3000, "and a new client has all of its own");
        clock.advance(Duration::from_secs(1)).unwrap();
        assert!(burst(&allowances, 1).abs_diff(300) <= 1, "and it goes on counting");
    }

    #[test]
    fn threat_41_addresses_by_the_million_fill_no_memory_and_free_nobody_who_floods() {
        let (allowances, _clock) = allowances(1);
        assert_eq!(burst(&allowances, u64::MAX), 10);
        for number in 0..4 * CLIENTS as u64 {
            allowances.pay(&client(number)).unwrap();
            if number % 1000 == 0 {
                let flooding = allowances.pay(&client(u64::MAX));
                assert!(flooding.is_err(), "who goes on is remembered, after {number}");
            }
        }
        let Allowances(limiter) = allowances;
        assert!(limiter.into_state_store().0.len() <= CLIENTS);
    }
}

//! Points in time as plain values; nobody here asks a clock.

use std::{fmt, time::Duration};
use ::time::{OffsetDateTime, format_description::well_known::Rfc2822, macros::format_description};

/// A point in time: whole milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The Unix epoch.
    pub const EPOCH: Self = Self(0);

    /// Takes milliseconds since the Unix epoch.
    #[must_use]
    pub const fn from_unix_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Takes seconds since the Unix epoch; seconds beyond the range stop at its end rather than wrap.
    #[must_use]
    pub const fn from_unix_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn unix_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded down: the `NumericDate` of a JWT (RFC 7519, section 2).
    #[must_use]
    pub const fn unix_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// How long ago `earlier` was; zero if it lies ahead, since replicas' clocks differ a little.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The point `span` later; stops at the end of the range rather than wrap.
    #[must_use]
    pub fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }

    /// The point `span` earlier; stops at the end of the range rather than wrap.
    #[must_use]
    pub fn before(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }

    /// ISO 8601 in UTC with whole seconds and `Z`, which every client parses (some refuse milliseconds).
    #[must_use]
    pub fn to_iso8601(self) -> String {
        self.calendar()
            .format(format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z"))
            .unwrap_or_default()
    }

    /// The date form of HTTP headers and cookies (IMF-fixdate, RFC 9110, section 5.6.7).
    #[must_use]
    pub fn to_http_date(self) -> String {
        self.calendar()
            .format(format_description!(
                "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
            ))
            .unwrap_or_default()
    }

    /// The date form of mail headers (RFC 5322, section 3.3).
    #[must_use]
    pub fn to_mail_date(self) -> String {
        self.calendar().format(&Rfc2822).unwrap_or_default()
    }

    fn calendar(self) -> OffsetDateTime {
        // Beyond the years 1 to 9999 there is no calendar to write; such a value only comes from a saturated sum.
        OffsetDateTime::from_unix_timestamp(self.unix_seconds().clamp(0, 253_402_300_799))
            .unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_iso8601())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_have_the_forms_that_clients_parse() {
        let at = Timestamp::from_unix_millis(1_795_444_201_999);
        assert_eq!(at.to_iso8601(), "2026-11-23T14:30:01Z");
        assert_eq!(at.to_http_date(), "Mon, 23 Nov 2026 14:30:01 GMT");
    }

    #[test]
    fn a_negative_age_counts_as_zero() {
        let early = Timestamp::from_unix_seconds(10);
        let late = Timestamp::from_unix_seconds(20);
        assert_eq!(early.since(late), Duration::ZERO);
        assert_eq!(late.since(early), Duration::from_secs(10));
    }

    #[test]
    fn extremes_saturate_and_never_wrap() {
        let end = Timestamp::from_unix_seconds(i64::MAX);
        assert_eq!(end.after(Duration::MAX), end);
        assert_eq!(end.to_iso8601(), "9999-12-31T23:59:59Z");
        assert_eq!(Timestamp::from_unix_seconds(i64::MIN).to_iso8601(), "1970-01-01T00:00:00Z");
    }
}

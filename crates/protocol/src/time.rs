//! Points in time as plain values; nobody here asks a clock.

use ::time::{OffsetDateTime, format_description::well_known::Rfc2822};
use std::{fmt, time::Duration};

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
        let at = self.calendar();
        let (year, month, day, clock) = (at.year(), u8::from(at.month()), at.day(), clock(at));
        format!("{year:04}-{month:02}-{day:02}T{clock}Z")
    }

    /// Reads ISO 8601 in UTC, `2026-11-23T14:30:01Z`, with or without a fraction of a second, which is dropped.
    #[must_use]
    pub fn from_iso8601(text: &str) -> Option<Self> {
        let (seconds, fraction) = text.strip_suffix('Z')?.split_at_checked(19)?;
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if !fraction.is_empty()
            && !fraction.strip_prefix('.').is_some_and(|part| !part.is_empty() && digits(part))
        {
            return None;
        }
        let layout = seconds.bytes().zip(b"0000-00-00T00:00:00");
        if !layout
            .into_iter()
            .all(|(byte, shape)| byte == *shape || (*shape == b'0' && byte.is_ascii_digit()))
        {
            return None;
        }
        let number = |range: std::ops::Range<usize>| seconds.get(range)?.parse::<u16>().ok();
        let byte = |range| number(range).and_then(|number| u8::try_from(number).ok());
        let month = ::time::Month::try_from(byte(5..7)?).ok()?;
        let date = ::time::Date::from_calendar_date(i32::from(number(0..4)?), month, byte(8..10)?).ok()?;
        let clock = ::time::Time::from_hms(byte(11..13)?, byte(14..16)?, byte(17..19)?).ok()?;
        Some(Self::from_unix_seconds(date.with_time(clock).assume_utc().unix_timestamp()))
    }

    /// The date form of HTTP headers and cookies (IMF-fixdate, RFC 9110, section 5.6.7).
    #[must_use]
    pub fn to_http_date(self) -> String {
        const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
        const MONTHS: [&str; 12] =
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let at = self.calendar();
        let weekday = DAYS[usize::from(at.weekday().number_days_from_monday())];
        let month = MONTHS[usize::from(u8::from(at.month())) - 1];
        format!("{weekday}, {:02} {month} {:04} {} GMT", at.day(), at.year(), clock(at))
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

/// The time of day. Written out here, since the library's general formats are many times this in WebAssembly.
fn clock(at: OffsetDateTime) -> String {
    format!("{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second())
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
    fn dates_of_the_wire_are_read_back() {
        let at = Timestamp::from_unix_seconds(1_795_444_201);
        assert_eq!(Timestamp::from_iso8601(&at.to_iso8601()), Some(at));
        assert_eq!(Timestamp::from_iso8601("2026-11-23T14:30:01.123Z"), Some(at));
        for bad in [
            "",
            "Invalid Date",
            "2026-11-23T14:30:01",
            "2026-13-23T14:30:01Z",
            "2026-02-30T14:30:01Z",
            "2026-11-23T14:30:01.Z",
            "+026-11-23T14:30:01Z",
            "2026-11-23 14:30:01Z",
            "2026-11-23T14:30:01é",
        ] {
            assert_eq!(Timestamp::from_iso8601(bad), None, "{bad}");
        }
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

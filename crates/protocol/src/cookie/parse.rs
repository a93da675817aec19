//! Reading the `Cookie` request header (RFC 6265bis, sections 4.2 and 5.8.3), on bytes: whatever a client sends.

use super::CookieNames;

/// The pairs of one `Cookie` header field, in the order sent.
///
/// `;` separates, even inside quotes; the first `=` splits, so that a value keeps later ones; blanks and tabs around
/// name and value fall away; a part without `=` names nothing and is skipped. Quotes are part of a value here, as
/// they are to browsers; see [`unquoted`].
pub fn pairs(header: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    header.split(|&byte| byte == b';').filter_map(|part| {
        let split = part.iter().position(|&byte| byte == b'=')?;
        Some((trim(&part[..split]), trim(&part[split + 1..])))
    })
}

/// The value of the first cookie of this name.
///
/// The first wins because browsers send the most specific path first; a header field has been joined before, or each
/// is asked in turn.
#[must_use]
pub fn find<'a>(header: &'a [u8], name: &str) -> Option<&'a [u8]> {
    pairs(header).find(|(found, _)| *found == name.as_bytes()).map(|(_, value)| value)
}

/// The value without one surrounding pair of double quotes, which some proxies and older libraries add.
#[must_use]
pub fn unquoted(value: &[u8]) -> &[u8] {
    match value {
        [b'"', inner @ .., b'"'] => inner,
        _ => value,
    }
}

/// What a request says under the two names of one pair; empty values count as absent.
#[derive(Clone, Copy, Default)]
pub struct CookiePair<'a> {
    /// What came as session JWT.
    pub jwt: Option<&'a str>,
    /// What came as refresh token.
    pub refresh_token: Option<&'a str>,
    /// Whether one of the names came more than once: another domain or path shadows, or is shadowed.
    pub repeated: bool,
}

impl<'a> CookiePair<'a> {
    /// Reads the pair from the header fields of a request.
    ///
    /// A value that is not UTF-8 cannot be a token of ours and is passed over; the first one of a name still hides
    /// the later ones, as it does for every other reader of the request.
    pub fn read(headers: impl IntoIterator<Item = &'a [u8]>, names: &CookieNames) -> Self {
        let [pair] = Self::read_each(headers, [names]);
        pair
    }

    /// Reads several pairs in one pass: the header is long, and it is read on every request.
    pub fn read_each<const N: usize>(
        headers: impl IntoIterator<Item = &'a [u8]>,
        names: [&CookieNames; N],
    ) -> [Self; N] {
        let mut found = [(None, None, false); N];
        for (name, value) in headers.into_iter().flat_map(pairs) {
            for ((jwt, refresh_token, repeated), names) in found.iter_mut().zip(names) {
                let slot = if name == names.jwt.as_bytes() {
                    jwt
                } else if name == names.refresh_token.as_bytes() {
                    refresh_token
                } else {
                    continue;
                };
                *repeated |= slot.is_some();
                slot.get_or_insert(value);
            }
        }
        found.map(|(jwt, refresh_token, repeated)| Self {
            jwt: jwt.and_then(text),
            refresh_token: refresh_token.and_then(text),
            repeated,
        })
    }

    /// Whether neither cookie came.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.jwt.is_none() && self.refresh_token.is_none()
    }
}

fn text(value: &[u8]) -> Option<&str> {
    std::str::from_utf8(unquoted(value)).ok().filter(|text| !text.is_empty())
}

fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = bytes {
        bytes = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(headers: &[&'static [u8]]) -> (Option<&'static str>, Option<&'static str>, bool) {
        let pair = CookiePair::read(headers.iter().copied(), &CookieNames::plain(""));
        (pair.jwt, pair.refresh_token, pair.repeated)
    }

    #[test]
    fn s7_a_value_keeps_what_follows_its_first_equals_sign() {
        let header = b"a=1; crossmint-jwt=ey.a==.b=; crossmint-refresh-token=tok=en";
        assert_eq!(read(&[header]), (Some("ey.a==.b="), Some("tok=en"), false));
    }

    #[test]
    fn of_duplicates_the_first_wins_and_the_repetition_is_told() {
        assert_eq!(read(&[b"crossmint-jwt=one; crossmint-jwt=two"]), (Some("one"), None, true));
        assert_eq!(read(&[b"crossmint-jwt=one", b"crossmint-jwt=two"]), (Some("one"), None, true));
        assert_eq!(read(&[b"crossmint-jwt=\xff; crossmint-jwt=two"]), (None, None, true));
    }

    #[test]
    fn one_pair_of_quotes_falls_away_and_emptiness_is_absence() {
        assert_eq!(
            read(&[b"crossmint-jwt=\"a.b.c\"; crossmint-refresh-token="]),
            (Some("a.b.c"), None, false)
        );
        assert_eq!(read(&[b"crossmint-jwt=\"\"; crossmint-refresh-token=\""]), (None, Some("\""), false));
    }

    #[test]
    fn names_are_whole_and_case_sensitive() {
        assert_eq!(
            read(&[b"Crossmint-jwt=a; crossmint-jwt-x=b; xcrossmint-jwt=c; crossmint-jwt"]),
            (None, None, false)
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(header in prop::collection::vec(any::<u8>(), 0..400)) {
            for (name, value) in pairs(&header) {
                prop_assert!(!name.contains(&b'=') && !value.contains(&b';'));
                prop_assert!(unquoted(value).len() <= value.len());
            }
        }

        #[test]
        fn what_browsers_join_is_read_back(jar in prop::collection::vec(("[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}", "[!#-+--:<-\\[\\]-~]{0,20}"), 0..8)) {
            let header = jar.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
            let read: Vec<_> = pairs(header.as_bytes()).collect();
            let sent: Vec<_> = jar.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
            prop_assert_eq!(read, sent);
        }
    }
}

//! `email`: a six-digit code sent to the address.

use crate::model::{
    challenge::EmailId,
    key_ring::{KeyRing, KeyUse},
    user::Proof,
};
use authmint_protocol::{id::ProjectId, secret::EmailCode, time::Timestamp};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use std::fmt;
use subtle::ConstantTimeEq;
use unicode_normalization::{UnicodeNormalization, is_nfkc};

/// The method's name, as identities and sessions carry it.
pub const METHOD: &str = "email";

/// An address in its one canonical form.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// The canonical text, ready to be mailed to.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is not an address that mail can be sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a valid email address; it should look like name@example.com")]
pub struct InvalidEmail;

/// Longest local part and address (RFC 5321, sections 4.5.3.1.1 and 4.5.3.1.3, less the angle brackets).
const LOCAL_MAX: usize = 64;
const ADDRESS_MAX: usize = 254;

/// Brings a typed address into its one form: the same mailbox always gives the same text.
///
/// Trimmed, NFC, lower case, the domain as IDNA (UTS #46) would look it up. Normalising comes *before* validating, and
/// a character that only looks like `@` or `.` after a compatibility mapping is refused rather than mapped. Quoted
/// local parts, comments and address literals are valid on paper and used by nobody but attackers: refused.
///
/// # Errors
/// [`InvalidEmail`] if what remains is no address.
pub fn normalise(typed: &str) -> Result<EmailAddress, InvalidEmail> {
    if typed.len() > 4 * ADDRESS_MAX {
        return Err(InvalidEmail);
    }
    let plain: String = typed.trim().nfc().collect::<String>().to_lowercase().nfc().collect();
    let (local, domain) = plain.rsplit_once('@').ok_or(InvalidEmail)?;
    if !is_local_part(local) {
        return Err(InvalidEmail);
    }
    let domain = canonical_domain(domain).ok_or(InvalidEmail)?;
    let address = format!("{local}@{domain}");
    if address.len() > ADDRESS_MAX {
        return Err(InvalidEmail);
    }
    Ok(EmailAddress(address))
}

/// Brings the beginning of an address into the form in which addresses are kept, so that it can be searched for; a text
/// with which no address begins finds none.
#[must_use]
pub fn canonical_beginning(typed: &str) -> String {
    let short: String = typed.trim().chars().take(ADDRESS_MAX).collect();
    let plain: String = short.nfc().collect::<String>().to_lowercase().nfc().collect();
    normalise(&plain).map_or(plain, |whole| whole.0)
}

/// Puts back the `+` of an address that came through a query string: some clients do not encode it, and it decodes to
/// a space, which no address has inside.
#[must_use]
pub fn restore_plus(from_query: &str) -> String {
    from_query.trim().replace(' ', "+")
}

/// A dot-atom (RFC 5322, section 3.2.3) of at most 64 bytes, letters of all scripts included (RFC 6531).
fn is_local_part(local: &str) -> bool {
    local.len() <= LOCAL_MAX
        && is_nfkc(local)
        && local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atext))
}

fn is_atext(c: char) -> bool {
    if c.is_ascii() {
        c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c)
    } else {
        c.is_alphanumeric()
    }
}

/// The ASCII form of a domain of at least two labels, the last of them no number.
fn canonical_domain(domain: &str) -> Option<String> {
    let ascii = idna::domain_to_ascii_strict(domain).ok()?;
    let labels: Vec<_> = ascii.split('.').collect();
    let top = labels.last()?;
    let plausible = labels.len() >= 2
        && labels.iter().all(|label| !label.is_empty())
        && !top.bytes().all(|b| b.is_ascii_digit());
    plausible.then_some(ascii)
}

/// The stable ID of an address within a project.
#[must_use]
pub fn email_id(ring: &KeyRing, project_id: ProjectId, address: &EmailAddress) -> EmailId {
    EmailId(ring.mac_parts(KeyUse::EmailId, &[project_id.as_bytes(), address.as_str().as_bytes()]))
}

/// The ID as clients carry it.
#[must_use]
pub fn email_id_text(id: EmailId) -> String {
    BASE64URL.encode(id.0)
}

/// Whether a client's `state` names this address, compared in constant time.
#[must_use]
pub fn state_names(state: &str, id: EmailId) -> bool {
    email_id_text(id).as_bytes().ct_eq(state.as_bytes()).into()
}

/// How many codes there are; a code is one of them with leading zeros.
const CODES: u64 = 1_000_000;

/// Makes a code from 64 drawn bits; the bias against any code is under 2⁻⁴⁴.
#[must_use]
pub fn code_from_random(drawn: u64) -> EmailCode {
    EmailCode::new(format!("{:06}", drawn % CODES))
}

/// Reads what a person entered: exactly six ASCII digits, or it cannot be a code.
#[must_use]
pub fn entered_code(text: &str) -> Option<EmailCode> {
    (text.len() == 6 && text.bytes().all(|b| b.is_ascii_digit())).then(|| EmailCode::new(text.to_owned()))
}

/// The MAC under which a code is stored.
#[must_use]
pub fn code_mac(ring: &KeyRing, salt: &[u8; 16], id: EmailId, code: &EmailCode) -> [u8; 32] {
    ring.mac_parts(KeyUse::EmailCode, &[salt, &id.0, code.reveal().as_bytes()])
}

/// What an accepted code proves.
#[must_use]
pub fn proof(address: &EmailAddress, now: Timestamp) -> Proof {
    Proof {
        method: METHOD.into(),
        subject: address.as_str().to_owned(),
        email: Some(address.as_str().to_owned()),
        amr: "otp".into(),
        at: now,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_mailbox_has_one_form_however_it_was_typed() {
        for typed in [
            "ada+test@example.com",
            " Ada+Test@Example.COM ",
            &restore_plus(" ada test@example.com "),
            "ADA+TEST@EXAMPLE.com",
        ] {
            assert_eq!(normalise(typed).unwrap().as_str(), "ada+test@example.com", "{typed}");
        }
        let composed = normalise("jos\u{e9}@b\u{fc}cher.example").unwrap();
        assert_eq!(composed, normalise("jose\u{301}@xn--bcher-kva.example").unwrap());
    }

    #[test]
    fn threat_37_a_character_that_becomes_an_at_sign_by_mapping_is_refused() {
        for typed in [
            "victim\u{ff20}example.com",
            "victim\u{fe6b}x@example.com",
            "a\u{ff20}b@evil.example",
            "a\u{ff0e}b@evil.example",
        ] {
            assert_eq!(normalise(typed), Err(InvalidEmail), "{typed}");
        }
    }

    #[test]
    fn texts_that_are_no_address_are_refused() {
        let long_local = format!("{}@example.com", "a".repeat(65));
        let long = format!("a@{}.example", "b.".repeat(130));
        for typed in [
            "",
            "@",
            "a@",
            "@b.example",
            "a@b",
            "a@@b.example",
            ".a@b.example",
            "a.@b.example",
            "a..b@b.example",
            "a@b..example",
            "\"a b\"@b.example",
            "a@[127.0.0.1]",
            "a@127.0.0.1",
            "a(c)@b.example",
            "a\r\nBcc: x@b.example",
            "a\0@b.example",
            "a@-b.example",
            "a,b@b.example",
            "<a@b.example>",
            &long_local,
            &long,
            &"a".repeat(1_000_000),
        ] {
            assert_eq!(
                normalise(typed),
                Err(InvalidEmail),
                "{}",
                &typed.chars().take(60).collect::<String>()
            );
        }
    }

    #[test]
    fn only_six_ascii_digits_are_a_code() {
        assert!(entered_code("012345").is_some());
        for bad in ["", "12345", "1234567", " 12345", "12345a", "+12345", "１２３４５６", "-12345"] {
            assert!(entered_code(bad).is_none(), "{bad}");
        }
        assert_eq!(code_from_random(7).reveal(), "000007");
    }

    /// What stands at the edges only is trimmed away; everything else that the suite calls an error, deprecated, or
    /// valid on paper only must be refused.
    #[test]
    fn the_isemail_suite_is_answered_as_a_mailbox_of_a_person_should_be() {
        let cases: Vec<serde_json::Value> =
            serde_json::from_str(include_str!("../../../../vectors/email/isemail.json")).unwrap();
        let (mut accepted, mut refused) = (0, 0);
        for case in &cases {
            let address = case["address"].as_str().unwrap();
            let sound =
                matches!(case["category"].as_str(), Some("ISEMAIL_VALID_CATEGORY" | "ISEMAIL_DNSWARN"));
            // A top-level domain receives no mail in practice, and this label is no valid Punycode.
            let ours_alone = ["test@io", "test@xn--example.com"].contains(&address);
            let trimmed = address.trim() != address && normalise(address.trim()).is_ok();
            let expected = (sound && !ours_alone) || trimmed;
            assert_eq!(normalise(address).is_ok(), expected, "{case}");
            if expected { accepted += 1 } else { refused += 1 }
        }
        assert_eq!((accepted, refused), (87, 356), "every case was asked");
    }
}

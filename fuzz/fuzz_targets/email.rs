//! Email addresses and codes: one mailbox has one text, and that text can be mailed to and nothing else.

#![no_main]

use arbitrary::Arbitrary;
use authmint_domain::method::email::{entered_code, normalise, restore_plus};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
enum Input {
    Text(String),
    /// Near to an address.
    Near {
        local: Vec<Piece>,
        at: u8,
        domain: Vec<Piece>,
        around: u8,
    },
}

#[derive(Arbitrary, Debug)]
enum Piece {
    Text(String),
    Char(char),
    Usual(u8),
}

/// What trips address parsers: look-alikes, invisible characters, characters that change when they are folded.
const USUAL: [&str; 32] = [
    "ada",
    "Ada",
    "example",
    ".",
    "com",
    "xn--",
    "+",
    "-",
    "_",
    "\"",
    " ",
    "\t",
    "\r\n",
    "\0",
    "@",
    "＠",
    "．",
    "。",
    "ß",
    "ẞ",
    "İ",
    "ı",
    "ſ",
    "\u{200b}",
    "\u{200d}",
    "\u{ad}",
    "e\u{301}",
    "\u{202e}",
    "[127.0.0.1]",
    "<",
    "%",
    "\u{feff}",
];

fn joined(pieces: &[Piece]) -> String {
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(given) => text.push_str(given),
            Piece::Char(given) => text.push(*given),
            Piece::Usual(index) => text.push_str(USUAL[usize::from(*index) % USUAL.len()]),
        }
    }
    text
}

impl Input {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Near { local, at, domain, around } => {
                let at = ["@", "@", "@", "＠", "﹫", "@@", " @ "][usize::from(*at) % 7];
                let blank = ["", " ", "\n", "\u{3000}"][usize::from(*around) % 4];
                format!("{blank}{}{at}{}{blank}", joined(local), joined(domain))
            }
        }
    }
}

fuzz_target!(|input: Input| {
    let typed = input.text();
    if let Some(code) = entered_code(&typed) {
        assert!(
            code.reveal() == typed && typed.len() == 6 && typed.parse::<u32>().is_ok_and(|n| n < 1_000_000)
        );
    }
    let restored = restore_plus(&typed);
    assert!(!restored.contains(' ') && restore_plus(&restored) == restored);

    let Ok(address) = normalise(&typed) else { return };
    let address = address.as_str();
    let normalised = |text: &str| normalise(text).map(|address| address.as_str().to_owned()).ok();
    assert_eq!(normalised(address).as_deref(), Some(address), "the one form is its own form");
    assert_eq!(
        normalised(&format!(" \t{address}\r\n")).as_deref(),
        Some(address),
        "blanks around it do not matter"
    );
    if !address.starts_with('+') {
        // A blank in front could be a plus or a slip of the hand, and is taken for the slip.
        assert_eq!(normalised(&restore_plus(&address.replace('+', " "))).as_deref(), Some(address));
    }

    let (local, domain) = address.split_once('@').expect("an @");
    assert!(!domain.contains('@') && address.len() <= 254 && local.len() <= 64 && !local.is_empty());
    assert!(
        address.chars().all(|c| !c.is_control() && !c.is_whitespace()),
        "it could break out of a mail header"
    );
    assert!(!address.contains(['"', '<', '>', '(', ')', '[', ']', ',', ';', ':', '\\']), "{address:?}");
    assert!(domain.split('.').count() >= 2);
    for label in domain.split('.') {
        let sound = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        assert!((1..=63).contains(&label.len()) && label.bytes().all(sound), "{domain:?}");
    }
    if typed.is_ascii() {
        assert_eq!(
            normalised(&typed.to_ascii_uppercase()).as_deref(),
            Some(address),
            "case makes a second mailbox"
        );
    }
});

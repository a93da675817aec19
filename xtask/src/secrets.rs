//! The secret scan: nothing that was issued in a run of the tests stands in what its services left behind.
//!
//! Tests write down each secret that they are issued, and keep every log line, refusal and database file (see
//! `journeys/tests/suite/ledger.rs` and `journeys/clients/support/ledger.mjs`). The run ends with a search of the one in
//! the other: as it is, as the bytes that it encodes, and as these bytes in hexadecimal.

use crate::run::{Cargo, Failed};
use std::{
    collections::{BTreeSet, HashMap},
    fs, io,
    path::{Path, PathBuf},
};

/// What is looked for by its first bytes; a shorter secret is none that a service issues.
const HEAD: usize = 12;

/// How many bits tell first bytes apart.
const HASH_BITS: u32 = 24;

/// How far from an address a code to it counts as standing beside it.
const BESIDE: usize = 200;

/// The folder in which a run is written down.
pub(crate) struct Ledger(PathBuf);

impl Ledger {
    /// Begins to watch a run.
    pub(crate) fn open() -> Result<Self, Failed> {
        let folder = Cargo::target_folder()?.join("tmp/secret-scan");
        let fresh = remove(&folder).and_then(|()| fs::create_dir_all(&folder));
        fresh.map_err(|error| Failed::new(format!("cannot make {}: {error}", folder.display())))?;
        Ok(Self(folder))
    }

    /// Looks through the run, and forgets it if nothing is found.
    pub(crate) fn close(self) -> Result<(), Failed> {
        let failed = |error: io::Error| Failed::new(format!("cannot read {}: {error}", self.0.display()));
        let scanned = scan(&self.0).map_err(failed)?;
        scanned.must_cover_a_run()?;
        if !scanned.found.is_empty() {
            let found = scanned.found.iter().cloned().collect::<Vec<_>>().join("\n  ");
            return Err(Failed::new(format!("secrets were left behind in {}:\n  {found}", self.0.display())));
        }
        println!(
            "\nsecrets: {} were issued, none of them stands in {} files ({} MB) of logs, refusals and databases",
            scanned.secrets,
            scanned.files,
            scanned.bytes / 1_000_000
        );
        remove(&self.0).map_err(failed)
    }
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// What a scan came to.
#[derive(Default)]
struct Scanned {
    secrets: usize,
    /// Files by kind: the first word of their names.
    kinds: BTreeSet<String>,
    files: usize,
    bytes: usize,
    found: BTreeSet<String>,
}

impl Scanned {
    /// A scan of nothing finds nothing: each kind must have been written down, or the tests have stopped to do so.
    fn must_cover_a_run(&self) -> Result<(), Failed> {
        let missing: Vec<_> =
            ["log", "refusals", "database"].into_iter().filter(|kind| !self.kinds.contains(*kind)).collect();
        if self.secrets > 0 && missing.is_empty() {
            return Ok(());
        }
        Err(Failed::new(format!("the tests wrote down no secret, or none of: {}", missing.join(", "))))
    }
}

fn scan(folder: &Path) -> io::Result<Scanned> {
    let mut paths: Vec<_> = fs::read_dir(folder)?.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let kind = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name.split('-').next().unwrap_or_default().to_owned()
    };
    let mut issued = BTreeSet::new();
    for path in paths.iter().filter(|path| kind(path) == "secrets") {
        issued.extend(String::from_utf8_lossy(&fs::read(path)?).lines().map(str::to_owned));
    }
    let wanted = Wanted::new(&issued);
    let mut scanned = Scanned { secrets: issued.len(), ..Scanned::default() };
    for path in paths.iter().filter(|path| kind(path) != "secrets") {
        let bytes = fs::read(path)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        scanned.found.extend(wanted.found_in(&bytes).into_iter().map(|secret| format!("{name}: {secret}")));
        scanned.kinds.insert(kind(path));
        scanned.files += 1;
        scanned.bytes += bytes.len();
    }
    Ok(scanned)
}

/// What is looked for: whole secrets by their first bytes, codes by their address.
#[derive(Default)]
struct Wanted {
    by_head: HashMap<[u8; HEAD], Vec<(Vec<u8>, String)>>,
    /// A bit for each hash of the first four bytes of something, so that most of a file is passed over.
    begins: Vec<u64>,
    codes: HashMap<String, Vec<String>>,
}

impl Wanted {
    fn new(issued: &BTreeSet<String>) -> Self {
        let mut wanted = Self { begins: vec![0; 1 << (HASH_BITS - 6)], ..Self::default() };
        for secret in issued {
            match secret.split_once(' ') {
                Some((code, address)) => {
                    wanted.codes.entry(address.to_lowercase()).or_default().push(code.to_owned());
                }
                None => wanted.add(secret),
            }
        }
        wanted
    }

    fn add(&mut self, secret: &str) {
        // Of a JWT the signature: whoever has that alone has made a JWT of what everybody may know.
        let core = secret.rsplit('.').next().unwrap_or(secret);
        let mut forms = vec![core.as_bytes().to_vec()];
        // The MAC or signature at the end of what is encoded, or the key that the digits write.
        let raw = unhex(core).or_else(|| unbase64(core)).unwrap_or_default();
        if let Some(tail) = raw.len().checked_sub(32).map(|from| raw[from..].to_vec()) {
            forms.push(tail.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect());
            forms.push(base64(&tail).into_bytes());
            forms.push(tail);
        }
        for form in forms {
            let varied = form.iter().collect::<BTreeSet<_>>().len() > 4;
            if let (Some(head), true) = (form.first_chunk::<HEAD>().copied(), varied) {
                let hash = hash(&head);
                self.begins[hash >> 6] |= 1 << (hash & 63);
                self.by_head.entry(head).or_default().push((form, shortened(secret)));
            }
        }
    }

    fn found_in(&self, bytes: &[u8]) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for at in 0..bytes.len().saturating_sub(HEAD - 1) {
            let Some(head) = bytes[at..].first_chunk::<HEAD>() else { break };
            let hash = hash(head);
            if self.begins[hash >> 6] & 1 << (hash & 63) == 0 {
                continue;
            }
            let Some(candidates) = self.by_head.get(head) else { continue };
            let whole = candidates.iter().filter(|(form, _)| bytes[at..].starts_with(form));
            found.extend(whole.map(|(_, secret)| secret.clone()));
        }
        found.extend(self.codes_in(bytes));
        found
    }

    /// Codes that stand beside the address to which they were mailed.
    fn codes_in(&self, bytes: &[u8]) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for at in (0..bytes.len()).filter(|at| bytes[*at] == b'@') {
            let from = bytes[..at].iter().rposition(|byte| !in_address(*byte)).map_or(0, |before| before + 1);
            let to =
                bytes[at..].iter().position(|byte| !in_address(*byte)).map_or(bytes.len(), |end| at + end);
            let address = String::from_utf8_lossy(&bytes[from..to]).to_lowercase();
            let Some(codes) = self.codes.get(&address) else { continue };
            let beside = &bytes[from.saturating_sub(BESIDE)..(to + BESIDE).min(bytes.len())];
            let digits = beside.split(|byte| !byte.is_ascii_digit());
            let digits: BTreeSet<_> = digits.filter(|digits| digits.len() == 6).collect();
            let told = codes.iter().filter(|code| digits.contains(code.as_bytes()));
            found.extend(told.map(|code| format!("code {code} beside {address}")));
        }
        found
    }
}

fn hash(head: &[u8; HEAD]) -> usize {
    let word = u32::from_le_bytes([head[0], head[1], head[2], head[3]]);
    (word.wrapping_mul(0x9e37_79b1) >> (32 - HASH_BITS)) as usize
}

fn in_address(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"@.+-_".contains(&byte)
}

/// As much of a secret as tells which it is.
fn shortened(secret: &str) -> String {
    format!("{}… ({} characters)", secret.chars().take(8).collect::<String>(), secret.len())
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks_exact(2);
    let sound = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    sound.then(|| {
        digits.filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
    })
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn unbase64(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0_u32);
    for byte in text.bytes() {
        let value = ALPHABET.iter().position(|known| *known == byte)?;
        (held, bits) = (held << 6 | u32::try_from(value).ok()?, bits + 6);
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 0xff).ok()?);
        }
    }
    Some(bytes)
}

fn base64(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0_usize, |word, byte| word << 8 | usize::from(*byte))
            << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            text.push(char::from(ALPHABET[word >> (18 - 6 * place) & 63]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "amr1AAAAAQEBAQEBAQEBAQEBAQEBAQFGDhRP64lLFb6k9aEPUgrlAAAAAQAAAAElNElgUPcc0FaBff_o44kRln6K9xSE_TKpQAWdtms8MQ";
    const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    fn found(issued: &[&str], left: &[u8]) -> usize {
        Wanted::new(&issued.iter().map(|text| (*text).to_owned()).collect()).found_in(left).len()
    }

    #[test]
    fn a_planted_secret_is_found_in_every_form() {
        let raw = unbase64(TOKEN).unwrap();
        let mac = &raw[raw.len() - 32..];
        let hex: String = mac.iter().map(|byte| format!("{byte:02x}")).collect();
        let key = unhex(KEY).unwrap();
        for (secret, left) in [
            (TOKEN, TOKEN.as_bytes()),
            (TOKEN, &raw[..]),
            (TOKEN, mac),
            (TOKEN, hex.as_bytes()),
            (KEY, KEY.as_bytes()),
            (KEY, &key),
            (KEY, base64(&key).as_bytes()),
        ] {
            let around = [b"\0 {\"level\":\"trace\"}".as_slice(), left, b"\n"].concat();
            assert_eq!(found(&[secret], &around), 1, "{}", String::from_utf8_lossy(left));
        }
        let jwt =
            format!("eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.{}", base64(&[7, 1, 9, 4, 5, 6, 8, 3].repeat(8)));
        let signature = jwt.rsplit('.').next().unwrap();
        assert_eq!(found(&[&jwt], format!("of {signature}").as_bytes()), 1);
    }

    #[test]
    fn what_is_no_secret_is_not_found() {
        let cut = &TOKEN.as_bytes()[..40];
        assert_eq!(found(&[TOKEN], cut), 0, "project, session and generation are no secrets");
        assert_eq!(found(&[TOKEN, KEY], b"an ordinary line of a log, with numbers 000102030405 in it"), 0);
    }

    #[test]
    fn a_code_is_found_beside_its_address_alone() {
        let issued = ["042137 Ada@example.com"];
        assert_eq!(found(&issued, b"mail to ada@example.com: code 042137"), 1);
        assert_eq!(found(&issued, b"mail to ada@example.com took 1042137 us"), 0);
        assert_eq!(found(&issued, b"mail to eve@example.com: 042137"), 0);
        let far = [b"ada@example.com".as_slice(), &[b' '; 400], b"042137"].concat();
        assert_eq!(found(&issued, &far), 0);
    }

    #[test]
    fn a_scan_of_nothing_is_no_scan() {
        assert!(Scanned::default().must_cover_a_run().is_err());
        let kinds = ["log", "refusals", "database"].map(str::to_owned);
        let whole = Scanned { secrets: 1, kinds: kinds.into(), ..Scanned::default() };
        assert!(whole.must_cover_a_run().is_ok());
    }

    #[test]
    fn base64_goes_there_and_back() {
        for len in 0..40_u8 {
            let bytes: Vec<_> = (0..len).map(|byte| byte.wrapping_mul(37)).collect();
            assert_eq!(unbase64(&base64(&bytes)), Some(bytes));
        }
    }
}

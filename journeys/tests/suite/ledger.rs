//! What tests write down for the secret scan: each secret that a service issued to them, and everything that services
//! left behind: log lines, refusals, database files.
//!
//! `cargo xtask test` makes the folder, and at its end looks in what was left behind for what was issued. Without the
//! folder nothing is written down. The file is shared by the suites that start services (`#[path]`).

use serde_json::Value;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

/// The folder, if a run is being watched: `secret-scan` in the target folder's place for files of tests.
fn folder() -> Option<PathBuf> {
    Some(Path::new(env!("CARGO_TARGET_TMPDIR")).join("secret-scan")).filter(|folder| folder.is_dir())
}

fn append(name: &str, bytes: &[u8]) {
    let Some(folder) = folder() else { return };
    let path = folder.join(format!("{name}-{}", std::process::id()));
    // One write of a whole record: tests of one process write side by side.
    let written =
        OpenOptions::new().create(true).append(true).open(path).and_then(|mut file| file.write_all(bytes));
    written.expect("the run can be written down");
}

/// Takes down a secret that was issued.
pub(crate) fn secret(text: &str) {
    append("secrets", format!("{text}\n").as_bytes());
}

/// Takes down a code and the address to which it went: six digits alone stand everywhere.
pub(crate) fn code(address: &str, code: &str) {
    append("secrets", format!("{code} {address}\n").as_bytes());
}

/// Takes down what an answer issued, or, if it is a refusal, what it says.
pub(crate) fn answer(status: u16, body: &[u8]) {
    if status >= 400 {
        append("refusals", &[body, b"\n"].concat());
        return;
    }
    let Ok(answer) = serde_json::from_slice::<Value>(body) else { return };
    for place in ["/jwt", "/refresh/secret", "/oneTimeSecret", "/clientKey", "/serverKey", "/key"] {
        if let Some(text) = answer.pointer(place).and_then(Value::as_str) {
            secret(text);
        }
    }
}

/// Takes down lines of a log.
pub(crate) fn log(bytes: &[u8]) {
    append("log", bytes);
}

/// Where a service of this process may write its log.
#[derive(Clone, Copy)]
pub(crate) struct Log;

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        log(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Keeps what a database holds, deleted rows and the log beside it included, and takes down the key ring next to it.
pub(crate) fn database(file: &Path) {
    static KEPT: AtomicU32 = AtomicU32::new(0);
    let Some(folder) = folder() else { return };
    for end in ["", "-wal"] {
        let mut name = file.as_os_str().to_owned();
        name.push(end);
        let number = KEPT.fetch_add(1, Ordering::Relaxed);
        if let Ok(mut from) = File::open(&name) {
            let to = folder.join(format!("database-{}-{number}", std::process::id()));
            let kept = File::create(to).and_then(|mut to| io::copy(&mut from, &mut to));
            kept.expect("the run can be written down");
        }
    }
    let ring =
        file.parent().map(|folder| folder.join("key-ring")).and_then(|ring| fs::read_to_string(ring).ok());
    for line in ring.iter().flat_map(|ring| ring.lines()) {
        line.split_once(':').into_iter().for_each(|(_, key)| secret(key));
    }
}

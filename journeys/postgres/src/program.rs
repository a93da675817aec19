//! PostgreSQL's programs: where they are, and as whom they run.

use std::{
    fmt, fs,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::Command,
};

/// Names the folder that holds PostgreSQL's programs where neither PATH nor Debian's folder does.
const VARIABLE: &str = "AUTHMINT_TEST_POSTGRES";

/// Where Debian keeps them: one folder for each version, not in PATH.
const DEBIAN: &str = "/usr/lib/postgresql";

/// What a folder must hold to be used: a server without its tools cannot be copied.
const NEEDED: [&str; 4] = ["initdb", "postgres", "pg_basebackup", "psql"];

/// Why a server is not there, in words for the person who runs the tests.
#[derive(Debug)]
pub struct Failed(String);

impl Failed {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failed {}

/// The folder of PostgreSQL's programs: the named one, else PATH's, else the newest of Debian's.
pub(crate) fn folder() -> Result<PathBuf, Failed> {
    if let Some(named) = std::env::var_os(VARIABLE) {
        let named = PathBuf::from(named);
        return [named.join("bin"), named.clone()].into_iter().find(|folder| is_whole(folder)).ok_or_else(
            || Failed::new(format!("{VARIABLE} names {}, which lacks one of {NEEDED:?}", named.display())),
        );
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).find(|folder| is_whole(folder)).or_else(newest_of_debian).ok_or_else(|| {
        Failed::new(format!(
            "tests need PostgreSQL: `apt-get install -y postgresql` as root, or set {VARIABLE} to the folder of its programs"
        ))
    })
}

fn newest_of_debian() -> Option<PathBuf> {
    let versions = fs::read_dir(DEBIAN).ok()?.filter_map(Result::ok);
    let numbered = versions.filter_map(|entry| {
        let version: u32 = entry.file_name().to_str()?.parse().ok()?;
        Some((version, entry.path().join("bin")))
    });
    numbered.filter(|(_, folder)| is_whole(folder)).max().map(|(_, folder)| folder)
}

fn is_whole(folder: &Path) -> bool {
    NEEDED.iter().all(|name| folder.join(name).is_file())
}

/// As whom PostgreSQL runs: it refuses to run as root, so root becomes the user that Debian's package made.
#[derive(Clone, Copy)]
pub(crate) struct User(pub(crate) Option<(u32, u32)>);

impl User {
    /// The user for a process whose effective user id is this one.
    pub(crate) fn of(uid: u32) -> Result<Self, Failed> {
        if uid != 0 {
            return Ok(Self(None));
        }
        let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
        postgres_in(&users).map(|ids| Self(Some(ids))).ok_or_else(|| {
            Failed::new("PostgreSQL does not run as root, and there is no user `postgres`: `useradd --system postgres`")
        })
    }

    /// The command, to run as this user.
    pub(crate) fn command(self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        if let Self(Some((uid, gid))) = self {
            command.uid(uid).gid(gid);
        }
        command
    }
}

fn postgres_in(users: &str) -> Option<(u32, u32)> {
    let line = users.lines().find_map(|line| line.strip_prefix("postgres:"))?;
    let mut fields = line.split(':').skip(1);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

/// What the program said, or a failure that repeats its complaint.
pub(crate) fn output(command: &mut Command) -> Result<String, Failed> {
    let name = command.get_program().to_string_lossy().into_owned();
    let done = command.output().map_err(|error| Failed::new(format!("{name}: {error}")))?;
    if done.status.success() {
        return Ok(String::from_utf8_lossy(&done.stdout).into_owned());
    }
    Err(Failed::new(format!("{name}: {}", String::from_utf8_lossy(&done.stderr))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_is_found_by_its_whole_name() {
        let users =
            "root:x:0:0::/root:/bin/sh\npostgresql:x:7:7::/:/bin/sh\npostgres:x:101:104:a:/var:/bin/sh\n";
        assert_eq!(postgres_in(users), Some((101, 104)));
        assert_eq!(postgres_in("postgresql:x:7:7::/:/bin/sh\n"), None);
    }
}

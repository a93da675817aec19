//! One server: its folder, its port, and the shell that ends it.

use crate::program::{Failed, User, folder, output};
use std::{
    fs,
    hash::{BuildHasher, Hasher, RandomState},
    io::Write,
    net::TcpListener,
    os::unix::{fs::MetadataExt, fs::PermissionsExt, fs::chown, process::CommandExt},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

/// Starts the server, then waits for a signal's name; the pipe's end means that nobody needs the folder any more.
const KEEPER: &str = r#"folder=$1; shift
"$@" </dev/null >>"$folder/log" 2>&1 &
if read -r signal; then kill -s "$signal" $!; wait $!; else kill -s QUIT $!; wait $!; rm -rf "$folder"; fi"#;

/// How often a state is looked for before it counts as failed, and the pause between: a minute for a busy machine.
const LOOKS: u32 = 3_000;
const PAUSE: Duration = Duration::from_millis(20);

/// A PostgreSQL server of a test's own.
pub struct Server {
    programs: PathBuf,
    user: User,
    folder: PathBuf,
    port: u16,
    password: String,
    settings: Vec<String>,
    keeper: Option<Child>,
}

impl Server {
    /// Starts an empty server.
    ///
    /// # Errors
    /// PostgreSQL is not installed, or does not start; the text says what to do.
    pub fn start() -> Result<Self, Failed> {
        Self::with_settings(&[])
    }

    /// Starts an empty server with settings such as `max_connections=20`.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub fn with_settings(settings: &[&str]) -> Result<Self, Failed> {
        let mut server = Self::prepared(random(), settings.iter().map(ToString::to_string).collect())?;
        server.begin()?;
        Ok(server)
    }

    /// Starts an empty server that is also reached by TLS, with a certificate and its key (PEM).
    ///
    /// # Errors
    /// As [`Server::start`].
    pub fn with_tls(certificate: &str, key: &str) -> Result<Self, Failed> {
        let mut server = Self::prepared(random(), vec!["ssl=on".to_owned()])?;
        for (setting, text) in [("ssl_cert_file", certificate), ("ssl_key_file", key)] {
            let path = server.folder.join(setting);
            fs::write(&path, text).map_err(failed)?;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).map_err(failed)?;
            if let User(Some((uid, gid))) = server.user {
                chown(&path, Some(uid), Some(gid)).map_err(failed)?;
            }
            server.settings.push(format!("{setting}={}", path.display()));
        }
        server.begin()?;
        Ok(server)
    }

    /// Makes the server's files and starts it.
    fn begin(&mut self) -> Result<(), Failed> {
        let secret = self.folder.join("password");
        fs::write(&secret, &self.password).map_err(failed)?;
        output(
            self.command("initdb")
                .args(["--no-sync", "-U", "postgres", "-A", "scram-sha-256", "-E", "UTF8", "--locale=C"])
                .arg("--pwfile")
                .arg(&secret)
                .arg("-D")
                .arg(self.folder.join("data")),
        )?;
        self.resume()
    }

    /// A copy of this server that follows it; with `sync`, a commit here waits until the copy has it on disk.
    ///
    /// # Errors
    /// The copy could not be made or started.
    pub fn standby(&self, sync: bool) -> Result<Self, Failed> {
        let mut copy = Self::prepared(self.password.clone(), self.settings.clone())?;
        output(
            copy.command("pg_basebackup")
                .args(["--no-sync", "-R", "-X", "stream", "-c", "fast", "-d", &self.url("postgres"), "-D"])
                .arg(copy.folder.join("data")),
        )?;
        copy.resume()?;
        if sync {
            self.query("postgres", "ALTER SYSTEM SET synchronous_standby_names = '*'")?;
            self.query("postgres", "SELECT pg_reload_conf()")?;
            // A reload answers before it happens: a commit until then would not wait for the copy.
            let synchronous = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'";
            if !until(|| Ok(self.query("postgres", synchronous)?.trim() == "1"))? {
                return Err(Failed::new("the standby does not become synchronous"));
            }
        }
        Ok(copy)
    }

    /// Makes a standby the primary.
    ///
    /// # Errors
    /// It is not a standby.
    pub fn promote(&self) -> Result<(), Failed> {
        self.query("postgres", "SELECT pg_promote()").map(drop)
    }

    /// Makes an empty database and returns its URL.
    ///
    /// # Errors
    /// The name is taken, or the server is away.
    pub fn create_database(&self, name: &str) -> Result<String, Failed> {
        self.query("postgres", &format!("CREATE DATABASE \"{name}\""))?;
        Ok(self.url(name))
    }

    /// The URL of a database of this server, with its password.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres:{}@127.0.0.1:{}/{database}", self.password, self.port)
    }

    /// What a statement answers, as lines of fields separated by `|`.
    ///
    /// # Errors
    /// What the server said against it.
    pub fn query(&self, database: &str, sql: &str) -> Result<String, Failed> {
        output(self.command("psql").args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql, &self.url(database)]))
    }

    /// Ends the server at once, as a crash would: nothing is written back, and the next start recovers.
    pub fn kill_hard(&mut self) {
        self.end("QUIT");
    }

    /// Starts the server on its port again, after a [`Server::kill_hard`] or by stopping it first.
    ///
    /// # Errors
    /// It does not start.
    pub fn restart(&mut self) -> Result<(), Failed> {
        self.end("INT");
        self.resume()
    }

    fn prepared(password: String, settings: Vec<String>) -> Result<Self, Failed> {
        let programs = folder()?;
        let folder = std::env::temp_dir().join(format!("authmint-postgres-{}", random()));
        fs::create_dir(&folder).map_err(failed)?;
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).map_err(failed)?;
        let user = User::of(fs::metadata(&folder).map_err(failed)?.uid())?;
        if let User(Some((uid, gid))) = user {
            chown(&folder, Some(uid), Some(gid)).map_err(failed)?;
        }
        let free =
            TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr()).map_err(failed)?;
        Ok(Self { programs, user, folder, port: free.port(), password, settings, keeper: None })
    }

    fn command(&self, program: &str) -> Command {
        let mut command = self.user.command(self.programs.join(program));
        command.current_dir(&self.folder);
        command
    }

    fn resume(&mut self) -> Result<(), Failed> {
        let data = self.folder.join("data");
        let mut command = self.user.command("/bin/sh");
        command.args(["-c", KEEPER, "keeper"]).arg(&self.folder).arg(self.programs.join("postgres"));
        command.arg("-D").arg(&data).arg("-k").arg(&self.folder);
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string()]);
        for setting in &self.settings {
            command.args(["-c", setting]);
        }
        // A group of its own: an interrupt typed at the tests must reach the server through the pipe only.
        let keeper = command
            .current_dir(&self.folder)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        self.keeper = Some(keeper.map_err(failed)?);
        if until(|| Ok(self.is_ready()))? {
            return Ok(());
        }
        let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        Err(Failed::new(format!("PostgreSQL does not start: {log}")))
    }

    /// Whether the server wrote into its lock file that it takes connections.
    fn is_ready(&self) -> bool {
        fs::read_to_string(self.folder.join("data/postmaster.pid"))
            .is_ok_and(|file| file.lines().nth(7).is_some_and(|status| status.trim() == "ready"))
    }

    fn end(&mut self, signal: &str) {
        if let Some(mut keeper) = self.keeper.take() {
            if let Some(mut pipe) = keeper.stdin.take() {
                // A keeper that is gone already has nothing left to end.
                drop(writeln!(pipe, "{signal}"));
            }
            drop(keeper.wait());
            // A crashed server leaves its lock file, which would call the next start ready too early.
            drop(fs::remove_file(self.folder.join("data/postmaster.pid")));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            drop(keeper.stdin.take());
            drop(keeper.wait());
        }
        drop(fs::remove_dir_all(&self.folder));
    }
}

/// Looks for a state of a server until it is there; false when it does not come.
fn until(mut there: impl FnMut() -> Result<bool, Failed>) -> Result<bool, Failed> {
    for _ in 0..LOOKS {
        if there()? {
            return Ok(true);
        }
        thread::sleep(PAUSE);
    }
    Ok(false)
}

/// Hard to guess for others on the machine; the standard library seeds it from the system.
fn random() -> String {
    format!(
        "{:016x}{:016x}",
        RandomState::new().build_hasher().finish(),
        RandomState::new().build_hasher().finish()
    )
}

#[expect(clippy::needless_pass_by_value, reason = "it is given to map_err")]
fn failed(error: std::io::Error) -> Failed {
    Failed::new(error.to_string())
}

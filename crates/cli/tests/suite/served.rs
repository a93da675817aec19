//! A folder with a configuration, the commands in it, a running `authmint serve`, and a mail server to listen to.

use crate::{ledger, program::authmint};
use serde_json::{Value, json};
use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, Sender, channel},
    thread::JoinHandle,
};
use tempfile::TempDir;

/// Everything that is said once it serves: what the system says before that would stand in front of the first line.
const TALKATIVE: &str =
    "info,authmint=trace,authmint_domain=trace,authmint_server=trace,authmint_store=trace,hyper=trace";

/// An operator's folder.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes the configuration file.
    pub(crate) fn write(&self, text: &str) {
        std::fs::write(self.path("authmint.toml"), text).unwrap();
    }

    /// A configuration that works on any free port.
    pub(crate) fn configure(&self, smtp: &str) {
        self.write(&format!(
            "public_url = \"http://localhost:8420\"\nlisten = \"127.0.0.1:0\"\nlog_format = \"json\"\n\
             database = \"sqlite:{}\"\nkey_ring = \"{}\"\nsmtp = \"{smtp}?from=Shop <no-reply@shop.example>\"\n",
            self.path("data/authmint.db").display(),
            self.path("data/key-ring").display(),
        ));
    }

    /// Adds lines to it.
    pub(crate) fn add(&self, lines: &str) {
        let text = std::fs::read_to_string(self.path("authmint.toml")).unwrap();
        self.write(&(text + lines));
    }

    /// The same, with a mail server: what it is handed comes out here.
    pub(crate) fn configure_with_mail(&self) -> Receiver<String> {
        let (smtp, mails) = mail_server();
        self.configure(&smtp);
        mails
    }

    /// The same on PostgreSQL, under the key ring that lies here.
    pub(crate) fn configure_with_mail_on(&self, database: &str) -> Receiver<String> {
        let (smtp, mails) = mail_server();
        self.write(&format!(
            "public_url = \"http://localhost:8420\"\nlisten = \"127.0.0.1:0\"\nlog_format = \"json\"\n\
             database = \"{database}\"\nkey_ring = \"{}\"\nsmtp = \"{smtp}?from=Shop <no-reply@shop.example>\"\n",
            self.path("key-ring").display(),
        ));
        mails
    }

    /// A command that reads the configuration here.
    pub(crate) fn command(&self, name: &str) -> Command {
        let mut command = authmint();
        for (key, _) in std::env::vars_os().filter(|(key, _)| key.to_string_lossy().starts_with("AUTHMINT_"))
        {
            command.env_remove(key);
        }
        command.arg(name).env("AUTHMINT_CONFIG", self.path("authmint.toml"));
        command
    }

    /// A project and a client key for anyone: the key's text.
    pub(crate) fn client_key(&self) -> String {
        self.project_and_client_key().1
    }

    /// The same, with the project's ID before it.
    pub(crate) fn project_and_client_key(&self) -> (String, String) {
        let project =
            self.run(&["project", "--json", "create", "--name", "Shop", "--environment", "production"]);
        let id = project["id"].as_str().unwrap();
        let key = self.run(&["key", "--json", "create", "--project", id, "--usage", "client", "--anyone"]);
        (id.to_owned(), key["key"].as_str().unwrap().to_owned())
    }

    /// Runs a command that must fail: what it complains of.
    pub(crate) fn refused(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments[0]).args(&arguments[1..]).output().unwrap();
        assert!(!output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8(output.stderr).unwrap()
    }

    /// Runs a command that must succeed, and reads its line of JSON, if it prints one.
    pub(crate) fn run(&self, arguments: &[&str]) -> Value {
        let output = self.command(arguments[0]).args(&arguments[1..]).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        ledger::answer(200, &output.stdout);
        serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        ledger::database(&self.path("data/authmint.db"));
    }
}

/// A mail server: its URL, and what it is handed.
fn mail_server() -> (String, Receiver<String>) {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("smtp://{}", server.local_addr().unwrap());
    let (taken, mails) = channel();
    std::thread::spawn(move || {
        for stream in server.incoming() {
            let taken = taken.clone();
            std::thread::spawn(move || take_mails(&stream.unwrap(), &taken));
        }
    });
    (url, mails)
}

/// Speaks as much SMTP as mails need (RFC 5321), and hands each on.
fn take_mails(stream: &TcpStream, taken: &Sender<String>) {
    let answer = |text: &[u8]| {
        let mut stream = stream;
        stream.write_all(text).is_ok()
    };
    let (mut mail, mut in_data) = (String::new(), false);
    answer(b"220 mail.example\r\n");
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        match (in_data, line.as_str()) {
            (true, ".") => {
                in_data = false;
                let _gone = taken.send(std::mem::take(&mut mail));
                answer(b"250 taken\r\n");
            }
            (true, _) => mail.push_str(&format!("{line}\n")),
            (false, "DATA") => {
                in_data = true;
                answer(b"354 go on\r\n");
            }
            (false, _) => {
                answer(b"250 so be it\r\n");
            }
        }
    }
}

/// The code that was mailed to this address.
pub(crate) fn code_in(email: &str, mail: &str) -> String {
    let mut words = mail.split(|c: char| !c.is_ascii_digit());
    let code = words.find(|word| word.len() == 6).expect("a code in the mail");
    ledger::code(email, code);
    code.to_owned()
}

/// A running `authmint serve`; it is killed when this is dropped.
pub(crate) struct Served {
    process: Child,
    /// Reads on, since nobody may be left writing into a pipe that is full.
    log: Option<JoinHandle<String>>,
    first: Value,
    http: reqwest::Client,
}

impl Served {
    /// Starts the service and waits for the first line of its log.
    pub(crate) fn start(place: &Place) -> Self {
        let command = &mut place.command("serve");
        let mut process = command.env("AUTHMINT_LOG", TALKATIVE).stderr(Stdio::piped()).spawn().unwrap();
        let (mut log, mut line) = (BufReader::new(process.stderr.take().unwrap()), String::new());
        log.read_line(&mut line).unwrap();
        let first = serde_json::from_str(&line).unwrap_or_else(|_| panic!("no line of a start: {line}"));
        let log = std::thread::spawn(move || {
            let mut rest = String::new();
            log.read_to_string(&mut rest).unwrap();
            ledger::log(rest.as_bytes());
            rest
        });
        Self { process, log: Some(log), first, http: reqwest::Client::new() }
    }

    /// The first line of its log.
    pub(crate) fn first_line(&self) -> &Value {
        &self.first
    }

    /// Where a path of it is.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.first["address"].as_str().unwrap())
    }

    /// What a path answers to a plain GET: status and text.
    pub(crate) async fn get(&self, path: &str) -> (u16, String) {
        let answer = self.http.get(self.url(path)).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// What a path answers to an app's server that shows this key.
    pub(crate) async fn get_as(&self, key: &str, path: &str) -> Value {
        let request = self.http.get(self.url(path)).header("x-api-key", key);
        let body = request.send().await.unwrap().bytes().await.unwrap();
        serde_json::from_slice(&body).unwrap()
    }

    /// Ends the process at once, whatever it is doing.
    pub(crate) fn kill(&self) {
        let killed = Command::new("kill").args(["-KILL", &self.process.id().to_string()]).status().unwrap();
        assert!(killed.success());
    }

    /// A call as the vendor's clients make it.
    pub(crate) async fn call(&self, key: &str, path: &str, body: &Value) -> (u16, Value) {
        self.try_call(key, path, body).await.expect("the process answers")
    }

    /// The same; none if the process went away meanwhile.
    pub(crate) async fn try_call(&self, key: &str, path: &str, body: &Value) -> Option<(u16, Value)> {
        let url = self.url(&format!("/api/2024-09-26/session/sdk/auth/{path}"));
        let request = self.http.post(url).header("x-api-key", key).header("content-type", "application/json");
        let answer = request.body(body.to_string()).send().await.ok()?;
        let (status, body) = (answer.status().as_u16(), answer.bytes().await.ok()?);
        ledger::answer(status, &body);
        Some((status, serde_json::from_slice(&body).unwrap_or(Value::Null)))
    }

    /// Signs a user in by the code that was mailed: the first refresh token.
    pub(crate) async fn sign_in(&self, key: &str, email: &str, mails: &Receiver<String>) -> String {
        let (status, sent) = self.call(key, "otps/send", &json!({ "email": email })).await;
        assert_eq!(status, 200, "{sent}");
        // The answer came after the mail server took the mail, so it is here.
        let mail = mails.recv().unwrap();
        let code = code_in(email, &mail);
        let state = sent["emailId"].as_str().unwrap();
        let query = format!("email={email}&signinAuthenticationMethod=email&token={code}&state={state}");
        let (status, proven) = self.call(key, &format!("authenticate?{query}"), &Value::Null).await;
        assert_eq!(status, 200, "{proven}");
        let (status, opened) =
            self.call(key, "refresh", &json!({ "refresh": proven["oneTimeSecret"] })).await;
        assert_eq!(status, 200, "{opened}");
        opened["refresh"]["secret"].as_str().unwrap().to_owned()
    }

    /// Asks the process to stop, as a service manager does, and waits for it.
    pub(crate) fn terminate(mut self) -> ExitStatus {
        self.stop()
    }

    /// The same, for what it had written down.
    pub(crate) fn terminate_and_read_log(mut self) -> String {
        self.stop();
        self.log.take().unwrap().join().unwrap()
    }

    fn stop(&mut self) -> ExitStatus {
        let asked = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status().unwrap();
        assert!(asked.success());
        self.process.wait().unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Already ended in `terminate`; then both are no-ops.
        let _ended = self.process.kill();
        let _reaped = self.process.wait();
    }
}

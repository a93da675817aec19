//! A running `authmint dev` and a client that speaks to it as existing packages do.

use crate::ledger;
use serde_json::{Value, json};
use std::{
    io::{BufRead as _, BufReader, Read as _},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
};

/// The program, without a process yet.
pub(crate) fn authmint() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_authmint"));
    command.env_remove("AUTHMINT_LOG");
    command
}

/// A running `authmint dev`; it is killed when this is dropped.
pub(crate) struct Program {
    process: Child,
    /// What `--json` printed.
    pub(crate) says: Value,
    http: reqwest::Client,
    database: PathBuf,
}

/// A status with a JSON body.
pub(crate) type Answer = (u16, Value);

impl Program {
    /// Starts the program on free ports and waits for its line of JSON.
    pub(crate) fn start(data: &Path, options: &[&str]) -> Self {
        let mut process = authmint()
            .args(["dev", "--port", "0", "--demo-port", "0", "--json", "--data"])
            .arg(data)
            .args(options)
            .env("AUTHMINT_LOG", "trace")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        if line.is_empty() {
            let mut complaint = String::new();
            process.stderr.as_mut().unwrap().read_to_string(&mut complaint).unwrap();
            panic!("the program ended without a word: {complaint}");
        }
        // Nobody may be left writing into a pipe that is full.
        let mut log = process.stderr.take().unwrap();
        std::thread::spawn(move || std::io::copy(&mut log, &mut ledger::Log));
        ledger::answer(200, line.as_bytes());
        let (says, http) = (serde_json::from_str(&line).unwrap(), reqwest::Client::new());
        Self { process, says, http, database: data.join("authmint.db") }
    }

    /// A text of the JSON line.
    pub(crate) fn said(&self, name: &str) -> &str {
        self.says[name].as_str().unwrap_or_else(|| panic!("{name} is missing in {}", self.says))
    }

    /// A request to the service without any of the usual headers.
    pub(crate) fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.said("baseUrl")))
    }

    /// A call as the vendor's clients make it; an error if the program went away in the middle.
    pub(crate) async fn call(&self, path: &str, body: &Value) -> Result<Answer, reqwest::Error> {
        let path = format!("/api/2024-09-26/session/sdk/auth/{path}");
        let answer = self
            .request(reqwest::Method::POST, &path)
            .header("x-api-key", self.said("clientKey"))
            .header("content-type", "application/json")
            .body(body.to_string())
            .send()
            .await?;
        let (status, body) = (answer.status().as_u16(), answer.bytes().await?);
        ledger::answer(status, &body);
        Ok((status, serde_json::from_slice(&body).unwrap_or(Value::Null)))
    }

    /// A refresh: status, and the refresh token or the error's code.
    pub(crate) async fn refresh(&self, token: &str) -> Result<(u16, String), reqwest::Error> {
        let (status, body) = self.call("refresh", &json!({ "refresh": token })).await?;
        let text = if status == 200 { &body["refresh"]["secret"] } else { &body["code"] };
        Ok((status, text.as_str().unwrap_or_else(|| panic!("an odd answer: {status} {body}")).to_owned()))
    }

    /// Signs a user in by email code and answers the first refresh token.
    pub(crate) async fn sign_in(&self, email: &str) -> String {
        let secret = self.one_time_secret(email).await;
        let (status, token) = self.refresh(&secret).await.unwrap();
        assert_eq!(status, 200, "{token}");
        token
    }

    /// Lets time pass for a program that was started with `--virtual-clock`.
    pub(crate) async fn advance(&self, seconds: u64) {
        let request = self.request(reqwest::Method::POST, "/dev/clock");
        let body = json!({ "advance_s": seconds }).to_string();
        let answer = request.header("content-type", "application/json").body(body).send().await.unwrap();
        assert_eq!(answer.status(), 200);
    }

    /// Signs a user in by email code, up to the one-time secret.
    pub(crate) async fn one_time_secret(&self, email: &str) -> String {
        let (state, code) = self.send_code(email).await;
        let (status, signed_in) = self.enter_code(email, &state, &code).await;
        assert_eq!(status, 200, "{signed_in}");
        signed_in["oneTimeSecret"].as_str().unwrap().to_owned()
    }

    /// Has a code mailed; answers the `emailId` and the code.
    pub(crate) async fn send_code(&self, email: &str) -> (String, String) {
        let (status, sent) = self.call("otps/send", &json!({ "email": email })).await.unwrap();
        assert_eq!(status, 200, "{sent}");
        let inbox = self.http.get(self.said("inboxUrl")).send().await.unwrap().bytes().await.unwrap();
        let inbox: Value = serde_json::from_slice(&inbox).unwrap();
        let mail =
            inbox.as_array().unwrap().iter().find(|mail| mail["to"] == email).expect("the mail arrived");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        ledger::code(email, &text(&mail["code"]));
        (text(&sent["emailId"]), text(&mail["code"]))
    }

    /// Enters a code.
    pub(crate) async fn enter_code(&self, email: &str, state: &str, code: &str) -> Answer {
        let query = format!("email={email}&signinAuthenticationMethod=email&token={code}&state={state}");
        self.call(&format!("authenticate?{query}"), &Value::Null).await.unwrap()
    }

    /// The process's ID.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Asks the process to stop, as a service manager does, and waits for it.
    pub(crate) fn terminate(mut self) -> ExitStatus {
        let asked = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status().unwrap();
        assert!(asked.success());
        self.process.wait().unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Already ended in `kill` and `terminate`; then both are no-ops.
        let _ended = self.process.kill();
        let _reaped = self.process.wait();
        ledger::database(&self.database);
    }
}

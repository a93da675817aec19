//! Mail over SMTP: what a mail server is handed, and what a caller hears if it takes nothing.

use crate::{
    logs::captured,
    support::{Service, Setup},
};
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

/// Speaks as much SMTP as one mail needs (RFC 5321), and gives what it was handed.
async fn take_one_mail(stream: TcpStream) -> Vec<String> {
    let (read, mut write) = stream.into_split();
    let (mut lines, mut heard) = (BufReader::new(read).lines(), Vec::new());
    write.write_all(b"220 mail.example\r\n").await.unwrap();
    let mut in_data = false;
    while let Some(line) = lines.next_line().await.unwrap() {
        let answer: &[u8] = match (in_data, line.as_str()) {
            (true, ".") => break,
            (true, _) => b"",
            (false, "DATA") => {
                in_data = true;
                b"354 go on\r\n"
            }
            (false, _) => b"250 so be it\r\n",
        };
        write.write_all(answer).await.unwrap();
        heard.push(line);
    }
    write.write_all(b"250 taken\r\n").await.unwrap();
    heard
}

fn mailing_to(server: &str) -> Setup {
    let smtp = format!("smtp://{server}?from=Shop <no-reply@shop.example>").parse().unwrap();
    Setup { smtp: Some(smtp), ..Setup::default() }
}

#[tokio::test]
async fn the_answer_waits_until_the_mail_server_took_the_mail() {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let service = Service::start_as(mailing_to(&server.local_addr().unwrap().to_string())).await;
    let taking = tokio::spawn(async move { take_one_mail(server.accept().await.unwrap().0).await });
    let email_id = service.send_code("ada@example.com").await;
    assert!(!email_id.is_empty());
    let heard = taking.await.unwrap();
    let position = |wanted: &str| heard.iter().position(|line| line.starts_with(wanted)).expect(wanted);
    assert!(position("MAIL FROM:<no-reply@shop.example>") < position("RCPT TO:<ada@example.com>"));
    assert_eq!(heard.iter().filter(|line| line.starts_with("RCPT")).count(), 1);
    assert_eq!(heard[position("Subject:")], "Subject: Your sign-in code for Shop");
    assert!(position("Content-Type: text/plain") < position("Content-Type: text/html"));
}

#[tokio::test]
async fn threat_18_a_mail_server_that_quotes_an_address_puts_it_into_no_log() {
    let (lines, _guard) = captured();
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let service = Service::start_as(mailing_to(&server.local_addr().unwrap().to_string())).await;
    let refusing = tokio::spawn(async move {
        let (read, mut write) = server.accept().await.unwrap().0.into_split();
        let mut lines = BufReader::new(read).lines();
        write.write_all(b"220 mail.example\r\n").await.unwrap();
        while let Ok(Some(line)) = lines.next_line().await {
            let refused =
                line.starts_with("RCPT").then_some("550 5.1.1 <ada@example.com>: no mailbox Ada@example.com");
            let answer = format!("{}\r\n", refused.unwrap_or("250 so be it"));
            let _gone = write.write_all(answer.as_bytes()).await;
        }
    });
    let failed = service.post("otps/send", &json!({ "email": "ada@example.com" })).send().await;
    failed.is_problem(503, "mail_unavailable");
    assert!(!failed.text.contains("mailbox"), "what the mail server says is not for callers");
    let text = lines.text();
    assert!(text.contains("no mailbox (address)") && text.contains("check smtp"), "{text}");
    assert!(!text.to_lowercase().contains("ada@"), "{text}");
    drop(service);
    refusing.await.unwrap();
}

#[tokio::test]
async fn a_mail_server_that_is_away_is_told_as_something_that_passes() {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap().to_string();
    drop(server);
    let service = Service::start_as(mailing_to(&address)).await;
    let failed = service.post("otps/send", &json!({ "email": "ada@example.com" })).send().await;
    failed.is_problem(503, "mail_unavailable");
    assert!(failed.header("retry-after").is_some());
    assert!(!failed.text.contains("127.0.0.1"), "where mail goes is nobody's business: {}", failed.text);
}

// The mail with the code, handed to a real mail server and signed in with.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { SMTPServer } from "smtp-server";
import { startService } from "../support/service.mjs";

const mails = [];
let server;
let service;

before(async () => {
  server = new SMTPServer({
    authOptional: true,
    closeTimeout: 10, // the service keeps its connection open for the next mail
    disabledCommands: ["STARTTLS"],
    onData(stream, session, done) {
      const parts = [];
      stream.on("data", (part) => parts.push(part));
      stream.on("end", () => {
        const { mailFrom, rcptTo } = session.envelope;
        const to = rcptTo.map(({ address }) => address);
        mails.push({ from: mailFrom.address, to, text: Buffer.concat(parts).toString("utf8") });
        done();
      });
    },
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.server.address();
  service = await startService("--smtp", `smtp://127.0.0.1:${port}?from=sign-in@shop.example`);
});
after(async () => {
  await service?.stop();
  await new Promise((resolve) => server.close(resolve));
});

/** What stands in front of the mail's body, with folded lines unfolded. */
function headersOf(mail) {
  return mail.text.slice(0, mail.text.indexOf("\r\n\r\n")).replace(/\r\n[ \t]+/g, " ");
}

test("a mail server gets one mail with text and HTML, from the operator's address, to the person alone", async () => {
  const { status } = await service.sendCode("ada@example.com");
  assert.equal(status, 200);
  assert.equal(mails.length, 1, "the answer means that the mail server took it");
  const [mail] = mails;
  assert.deepEqual([mail.from, mail.to], ["sign-in@shop.example", ["ada@example.com"]]);
  assert.match(headersOf(mail), /^Content-Type: multipart\/alternative/m);
  assert.match(headersOf(mail), /^Subject: .*authmint demo/m);
  assert.match(mail.text, /Content-Type: text\/plain/);
  assert.match(mail.text, /Content-Type: text\/html/);

  const code = await service.codeFor("ada@example.com");
  assert.ok(mail.text.includes(code), "the very code that signs in");
  assert.ok(!headersOf(mail).includes(code), "and not where mail servers write it into their logs");
});

test("a mail server that is gone is a refusal that says so, not a code that never comes", async () => {
  await new Promise((resolve) => server.close(resolve));
  const { status, json } = await service.sendCode("ben@example.com");
  assert.equal(status, 503);
  assert.equal(json.code, "mail_unavailable");
});

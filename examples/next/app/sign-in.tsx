"use client";

// Signs in by an email code. The browser asks the service itself, with a key that is public; the one-time secret that
// the sign-in ends with goes to this app's own server, which keeps the tokens out of scripts' reach.

import { useRouter } from "next/navigation";
import { type FormEvent, useState } from "react";

async function post(url: string, body: object, headers: Record<string, string> = {}) {
  const sent = { "content-type": "application/json", ...headers };
  const answer = await fetch(url, { method: "POST", headers: sent, body: JSON.stringify(body) });
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.message);
  return said;
}

export function SignIn({ service, clientKey }: { service: string; clientKey: string }) {
  const router = useRouter();
  const [emailId, setEmailId] = useState<string>();
  const [fault, setFault] = useState<string>();
  const api = `${service}/api/2024-09-26/session/sdk/auth`;
  const key = { "x-api-key": clientKey };

  async function next(form: FormData) {
    const email = String(form.get("email")).trim();
    if (!emailId) {
      setEmailId((await post(`${api}/otps/send`, { email }, key)).emailId);
      return;
    }
    const token = String(form.get("code"));
    const query = new URLSearchParams({ email, token, state: emailId, signinAuthenticationMethod: "email" });
    const { oneTimeSecret } = await post(`${api}/authenticate?${query}`, {}, key);
    await post("/auth/exchange", { oneTimeSecret });
    router.refresh();
  }

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    setFault(undefined);
    next(new FormData(event.currentTarget)).catch((error: Error) => setFault(error.message));
  }

  return (
    <form onSubmit={submit}>
      <p>
        <label>
          Email address
          <br />
          <input id="email" name="email" type="email" autoComplete="email" required readOnly={emailId !== undefined} />
        </label>
      </p>
      {emailId && (
        <p>
          <label>
            Six-digit code
            <br />
            <input id="code" name="code" inputMode="numeric" autoComplete="one-time-code" pattern="[0-9]{6}" required />
          </label>
        </p>
      )}
      <button>Continue</button>
      {fault && <p role="alert">{fault}</p>}
    </form>
  );
}

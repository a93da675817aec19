// The two pages: who is signed in sees the address, who is not sees a form.

const escapes = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const escape = (text) => String(text ?? "").replace(/[&<>"']/g, (char) => escapes[char]);

const layout = (title, script, main) => `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>${title} · authmint with Express</title>
  ${script}
  <style>
    body { font: 16px/1.5 system-ui, sans-serif; max-width: 24rem; margin: 4rem auto; padding: 0 1rem; }
    input, button { font: inherit; padding: .5rem .75rem; }
    #error:not(:empty) { color: light-dark(#b3261e, #ff9d94); }
  </style>
</head>
<body><main>${main}</main></body>
</html>`;

export const signedIn = (user) =>
  layout(
    "Signed in",
    "",
    `<h1>Hello</h1>
    <p>You are signed in as <strong id="user-email">${escape(user.email ?? user.id)}</strong>.</p>
    <form method="post" action="/auth/sign-out"><button id="sign-out">Sign out</button></form>`,
  );

export const signedOut = ({ baseUrl, clientKey, inboxUrl }) =>
  layout(
    "Sign in",
    '<script type="module" src="/sign-in.js"></script>',
    `<h1>Sign in</h1>
    <form id="sign-in" data-service="${escape(baseUrl)}" data-key="${escape(clientKey)}">
      <p><label>Email address<br><input id="email" type="email" autocomplete="email" required></label></p>
      <p id="code-field" hidden><label>Six-digit code<br>
        <input id="code" inputmode="numeric" autocomplete="one-time-code" pattern="[0-9]{6}"></label></p>
      <button>Continue</button>
    </form>
    <p id="error" role="alert"></p>
    <p>Or without a form of your own: <a id="page" href="/auth/sign-in">sign in on the service's page</a>.</p>
    ${inboxUrl ? `<p>In development no mail leaves this machine: <a href="${escape(inboxUrl)}">the inbox</a>.</p>` : ""}`,
  );

// Signs the visitor in by an email code.
//
// The browser talks to the auth service itself: a client key is public, and the service takes it only from origins
// that it lists. The sign-in ends with a one-time secret, which goes to this app's own server; that trades it for a
// session and keeps the refresh token in an HttpOnly cookie. So no script, ours or an injected one, ever reads it.

const find = (id) => document.getElementById(id);
const { authUrl, clientKey } = find("sign-in").dataset;

/** The sign-in under way: the address, and the ID that the service gave its mails. */
let pending = JSON.parse(sessionStorage.getItem("pending"));

async function sendCode(email) {
  try {
    const { emailId } = await post(`${authUrl}/otps/send`, { email });
    remember({ email, emailId, at: Date.now() });
    showCodeForm(30); // the service sends the next mail after 30 s at the earliest
  } catch (error) {
    // Asked for again too soon: the code from a moment ago is still good.
    if (error.code !== "resend_too_soon" || pending?.email !== email) throw error;
    showCodeForm(error.retryAfter);
  }
}

async function verify(code) {
  const query = new URLSearchParams({
    signinAuthenticationMethod: "email",
    email: pending.email,
    token: code,
    state: pending.emailId,
  });
  const { oneTimeSecret } = await post(`${authUrl}/authenticate?${query}`);
  await post("/auth/exchange", { oneTimeSecret });
  remember(null);
  tabs.postMessage("signed in");
  location.reload(); // the server renders the page that shows who it is
}

/** Posts JSON and returns the answer; throws the sentence that the other side wrote for people. */
async function post(url, body) {
  const headers = { "content-type": "application/json" };
  // The key is for the service alone; our own server has one of its own.
  if (url.startsWith(authUrl)) headers["x-api-key"] = clientKey;
  let response;
  try {
    response = await fetch(url, { method: "POST", headers, body: body && JSON.stringify(body) });
  } catch {
    throw new Error("The sign-in service cannot be reached. Check the connection and try again.");
  }
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  throw Object.assign(new Error(answer.message ?? `The sign-in failed (status ${response.status}). Try again.`), {
    code: answer.code,
    retryAfter: Number(response.headers.get("retry-after")) || 30,
  });
}

/** Survives a reload: on a phone, looking at the mail may throw this page out of memory. */
function remember(value) {
  pending = value;
  if (value) sessionStorage.setItem("pending", JSON.stringify(value));
  else sessionStorage.removeItem("pending");
}

function showCodeForm(resendAfter) {
  find("sent-to").textContent = pending.email;
  find("email-form").hidden = true;
  find("code-form").hidden = false;
  find("code").value = "";
  find("code").focus();
  holdResend(resendAfter);
}

let resendTimer;
function holdResend(seconds) {
  const until = Date.now() + seconds * 1000;
  const tick = () => {
    const left = Math.ceil((until - Date.now()) / 1000);
    find("resend").disabled = left > 0;
    const wait = left > 90 ? `${Math.ceil(left / 60)} min` : `${left} s`;
    find("resend").textContent = left > 0 ? `Resend in ${wait}` : "Resend code";
    if (left <= 0) clearInterval(resendTimer);
  };
  clearInterval(resendTimer);
  resendTimer = setInterval(tick, 250);
  tick();
}

/** Runs one step: its button waits meanwhile, and what goes wrong stands below the field. */
async function run(button, field, step) {
  if (button.ariaBusy) return; // Enter, pressed twice
  button.ariaBusy = "true";
  showError(field, "");
  try {
    await step();
  } catch (error) {
    showError(field, error.message);
    field.select();
  }
  button.ariaBusy = null;
}

function showError(field, message) {
  field.after(find("error"));
  field.ariaInvalid = message ? "true" : null;
  find("error").textContent = message;
}

find("email-form").addEventListener("submit", (event) => {
  event.preventDefault();
  run(find("send-code"), find("email"), () => sendCode(find("email").value.trim()));
});
find("code-form").addEventListener("submit", (event) => {
  event.preventDefault();
  run(find("verify"), find("code"), () => verify(find("code").value));
});
find("code").addEventListener("input", ({ target }) => {
  target.value = target.value.replace(/\D/g, "").slice(0, 6); // codes are pasted with spaces and dashes
});
find("resend").addEventListener("click", () => {
  run(find("resend"), find("code"), () => sendCode(pending.email));
});
find("another-address").addEventListener("click", () => {
  showError(find("email"), "");
  find("code-form").hidden = true;
  find("email-form").hidden = false;
  find("email").select();
});

const tabs = new BroadcastChannel("authmint-example");
tabs.addEventListener("message", () => location.reload()); // signed in from another tab

// A code is good for ten minutes.
if (pending && Date.now() - pending.at < 600_000) showCodeForm(0);
else find("email").focus();

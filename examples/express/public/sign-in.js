// Signs in by an email code. The browser asks the service itself, with a key that is public; the one-time secret that
// the sign-in ends with goes to this app's own server, which keeps the tokens out of scripts' reach.

const find = (id) => document.getElementById(id);
const { service, key } = find("sign-in").dataset;
const api = `${service}/api/2024-09-26/session/sdk/auth`;
let pending;

async function post(url, body) {
  const headers = { "content-type": "application/json", ...(url.startsWith(service) && { "x-api-key": key }) };
  const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(body ?? {}) });
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.message);
  return said;
}

async function next() {
  const email = find("email").value.trim();
  if (!pending) {
    pending = await post(`${api}/otps/send`, { email });
    find("code-field").hidden = false;
    find("code").focus();
    return;
  }
  const token = find("code").value;
  const query = new URLSearchParams({ email, token, state: pending.emailId, signinAuthenticationMethod: "email" });
  const { oneTimeSecret } = await post(`${api}/authenticate?${query}`);
  await post("/auth/exchange", { oneTimeSecret });
  location.reload();
}

find("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  next().catch((error) => (find("error").textContent = error.message));
});

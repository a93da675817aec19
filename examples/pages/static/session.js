// The signed-in page: counts down, refreshes, signs out. Cookies do the rest; no token passes through here.

const find = (id) => document.getElementById(id);

/** Calls this app's own server; JSON even where nothing is said, since the routes take nothing else. */
async function call(method, path) {
  const options = method === "POST" ? { headers: { "content-type": "application/json" }, body: "{}" } : {};
  let response;
  try {
    response = await fetch(path, { method, ...options });
  } catch {
    throw new Error("This app cannot be reached. Check the connection and try again.");
  }
  const answer = await response.json().catch(() => ({}));
  return { status: response.status, answer };
}

/** The session as the server sees it; signed out elsewhere, this page has nothing left to show. */
async function me() {
  const { status, answer } = await call("GET", "/api/me");
  if (status === 401) location.reload();
  if (status !== 200) throw new Error(answer.message ?? `The session could not be read (status ${status}).`);
  showTimes(answer);
  return answer;
}

function showTimes({ issuedAt, expiresAt }) {
  find("session-issued").dateTime = issuedAt;
  find("session-expires").dateTime = expiresAt;
  for (const time of document.querySelectorAll("time")) {
    const at = new Date(time.dateTime);
    time.textContent = at.toLocaleTimeString();
    time.title = at.toLocaleString();
  }
  tick();
}

function tick() {
  const end = Date.parse(find("session-expires").dateTime);
  const left = Math.max(0, Math.round((end - Date.now()) / 1000));
  const whole = (end - Date.parse(find("session-issued").dateTime)) / 1000;
  const parts = [Math.floor(left / 3600), Math.floor(left / 60) % 60, left % 60];
  if (parts[0] === 0) parts.shift();
  find("countdown").textContent = parts.map((n, i) => (i ? String(n).padStart(2, "0") : n)).join(":");
  find("life").value = whole > 0 ? Math.min(1, left / whole) : 0;
}

/** Runs what a button does; the button waits meanwhile. */
function onClick(id, action) {
  find(id).addEventListener("click", async ({ currentTarget: button }) => {
    if (button.ariaBusy) return;
    button.ariaBusy = "true";
    find("error").textContent = "";
    try {
      await action();
    } catch (error) {
      find("error").textContent = error.message;
    }
    button.ariaBusy = null;
  });
}

onClick("refresh", async () => {
  const { status, answer } = await call("POST", "/auth/refresh");
  if (status !== 200 && status !== 401) throw new Error(answer.message ?? `Not refreshed (status ${status}).`);
  await me();
});

onClick("call-api", async () => {
  find("api-answer").textContent = JSON.stringify(await me(), null, 2);
});

onClick("sign-out", async () => {
  const { status, answer } = await call("POST", "/auth/logout");
  if (status !== 200) throw new Error(answer.message ?? `Not signed out (status ${status}).`);
  tabs.postMessage("signed out");
  location.reload();
});

const tabs = new BroadcastChannel("authmint-example");
tabs.addEventListener("message", () => location.reload()); // signed out in another tab
// The same for a sign-out that sent no message: another browser window's, an operator's.
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) me().catch(() => {}); // being offline signs nobody out
});

sessionStorage.removeItem("pending"); // a sign-in that another tab finished
showTimes({ issuedAt: find("session-issued").dateTime, expiresAt: find("session-expires").dateTime });
setInterval(tick, 1000);

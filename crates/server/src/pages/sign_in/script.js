// What the page does better with JavaScript; without it every step works by its form alone.
"use strict";

const form = document.getElementById("step");
const code = document.getElementById("code");
const resend = document.getElementById("resend");
const message = document.getElementById("message");

// The window that opened this one waits for what the sign-in ended with. It goes to the origin that was registered, and
// to no other; without such a window it goes nowhere.
if (message) {
  const opener = window.opener ?? (window.parent === window ? null : window.parent);
  if (opener) opener.postMessage(JSON.parse(message.dataset.body), message.dataset.origin);
  else message.textContent = message.dataset.alone;
}

// Sent once: a second click would only be told that the code was used.
form?.addEventListener("submit", (event) => {
  const button = event.submitter ?? form.querySelector(".main");
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
  button?.setAttribute("aria-busy", "true");
});
window.addEventListener("pageshow", () => {
  if (form) delete form.dataset.sent;
});

// Codes are pasted with spaces, hyphens, or a whole sentence around them; six digits are sent at once.
function digits(text) {
  const run = text.match(/\d{6}/);
  return run ? run[0] : text.replace(/\D/g, "").slice(0, 6);
}
code?.addEventListener("input", () => {
  const found = digits(code.value);
  if (code.value !== found) code.value = found;
  if (found.length === 6) form.requestSubmit(form.querySelector(".main"));
});
code?.addEventListener("paste", (event) => {
  event.preventDefault();
  code.value = digits(event.clipboardData.getData("text"));
  code.dispatchEvent(new Event("input"));
});

// A new code may be had after a while, which the server knows; it is counted down where people look for it.
if (resend) {
  const wait = document.getElementById("wait");
  const until = Date.now() + Number(resend.dataset.wait) * 1000;
  const tick = () => {
    // Computers that were asleep, and pages that were left and come back to, count on from the clock.
    const left = Math.ceil((until - Date.now()) / 1000);
    resend.hidden = left > 0;
    wait.textContent = left > 0 ? wait.dataset.text.replace(/\d+/, left) : "";
    if (left > 0) setTimeout(tick, 1000);
  };
  tick();
}

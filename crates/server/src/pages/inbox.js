// Keeps the inbox current without a reload, and copies codes. Mails already shown are left alone, so that one being
// read stays open.

const mails = document.getElementById("mails");
const state = document.getElementById("state");

function dress(root) {
  for (const time of root.querySelectorAll("time")) {
    time.textContent = new Date(time.dateTime).toLocaleTimeString();
  }
}

async function look() {
  const answer = await fetch("inbox");
  if (!answer.ok) throw new Error(`the service answered ${answer.status}`);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const newest = Number(mails.querySelector(".mail")?.dataset.id ?? 0);
  const arrived = [...page.querySelectorAll(".mail")].filter((mail) => Number(mail.dataset.id) > newest);
  if (arrived.length === 0) return;
  mails.querySelector(".empty")?.remove();
  for (const mail of arrived) {
    mail.classList.add("new");
    dress(mail);
  }
  mails.prepend(...arrived);
}

async function follow() {
  try {
    if (!document.hidden) await look();
    state.textContent = "";
  } catch {
    state.textContent = "The service does not answer at the moment.";
  }
  setTimeout(follow, 1500);
}

mails.addEventListener("click", async ({ target }) => {
  if (!(target instanceof HTMLElement) || !target.dataset.copy) return;
  await navigator.clipboard.writeText(target.dataset.copy);
  target.textContent = "Copied";
  setTimeout(() => (target.textContent = "Copy"), 1500);
});

dress(document);
follow();

// Signs out: the cookies go at once, and the session ends at the service.

const find = (id) => document.getElementById(id);

find("sign-out").addEventListener("click", async () => {
  const headers = { "content-type": "application/json" };
  const answer = await fetch("/auth/logout", { method: "POST", headers, body: "{}" });
  if (answer.ok) location.reload();
  else find("error").textContent = (await answer.json()).message;
});

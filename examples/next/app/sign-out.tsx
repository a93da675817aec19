"use client";

// Signs out: the cookies go at once, and the session ends at the service.

import { useRouter } from "next/navigation";
import { useState } from "react";

export function SignOut() {
  const router = useRouter();
  const [failed, setFailed] = useState(false);

  async function signOut() {
    const headers = { "content-type": "application/json" };
    const answer = await fetch("/auth/logout", { method: "POST", headers, body: "{}" });
    setFailed(!answer.ok);
    if (answer.ok) router.refresh();
  }

  return (
    <>
      <button id="sign-out" onClick={signOut}>
        Sign out
      </button>
      {failed && <p role="alert">That did not work. Try again.</p>}
    </>
  );
}

// Rendered on the server, for whoever asks. Signing in is a link, signing out a form: neither needs a script.

import Link from "next/link";
import { auth } from "../auth";

export default async function Page() {
  const { userId, error } = await auth();
  if (userId) {
    return (
      <>
        <h1>Hello</h1>
        <p>
          You are signed in as <strong id="user">{userId}</strong>.
        </p>
        <p>
          <Link href="/account">Your account</Link>
        </p>
        <form method="post" action="/auth/sign-out">
          <button id="sign-out">Sign out</button>
        </form>
      </>
    );
  }
  // Nobody can tell who it is, so nobody is signed out.
  if (error?.retryable) return <p role="alert">The sign-in service does not answer. Try again in a moment.</p>;
  return (
    <>
      <h1>Hello, stranger</h1>
      <p>
        {/* A plain link: the router would fetch what leads to another host. */}
        <a id="sign-in" href="/auth/sign-in">
          Sign in
        </a>
      </p>
    </>
  );
}

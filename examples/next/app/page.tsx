// Rendered on the server, for whoever asks.

import Link from "next/link";
import { auth } from "../auth";
import { SignIn } from "./sign-in";
import { SignOut } from "./sign-out";

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
        <SignOut />
      </>
    );
  }
  // Nobody can tell who it is, so nobody is signed out.
  if (error?.retryable) return <p role="alert">The sign-in service does not answer. Try again in a moment.</p>;
  return (
    <>
      <h1>Sign in</h1>
      <SignIn service={process.env.AUTHMINT_BASE_URL ?? ""} clientKey={process.env.AUTHMINT_CLIENT_KEY ?? ""} />
    </>
  );
}

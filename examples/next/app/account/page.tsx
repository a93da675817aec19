// A page for signed-in users only. It decides for itself, since a proxy can be left out, or passed by.

import { redirect } from "next/navigation";
import { auth, sdk } from "../../auth";

export default async function Account() {
  const { userId, error } = await auth();
  if (error?.retryable) return <p role="alert">The sign-in service does not answer. Try again in a moment.</p>;
  if (!userId) redirect("/auth/sign-in?return_to=/account");
  const user = await sdk().getUser(userId);
  return (
    <p>
      Your address: <strong id="user-email">{user.email}</strong>
    </p>
  );
}

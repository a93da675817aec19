// The vendor's modal as its guide has it, with what a story must see beside it.

import { CrossmintAuthProvider, CrossmintProvider, useCrossmintAuth } from "@crossmint/client-sdk-react-ui";
import { createRoot } from "react-dom/client";

const { key, service } = Object.fromEntries(new URLSearchParams(location.search));

function Who() {
  const { login, logout, jwt, user } = useCrossmintAuth();
  return (
    <main>
      <button id="login" onClick={login}>Sign in</button>
      <button id="logout" onClick={logout}>Sign out</button>
      <output id="status">{jwt ? "signed in" : "signed out"}</output>
      <output id="who">{user?.email}</output>
    </main>
  );
}

createRoot(document.getElementById("root")).render(
  <CrossmintProvider apiKey={key} overrideBaseUrl={service}>
    <CrossmintAuthProvider loginMethods={["email"]}>
      <Who />
    </CrossmintAuthProvider>
  </CrossmintProvider>,
);

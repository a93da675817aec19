// Who asks, for the app's own scripts. It verifies for itself: the proxy is never the only gate.

import { auth } from "../../../auth";

export async function GET() {
  const { userId, error } = await auth();
  const headers = { "cache-control": "private, no-store" };
  if (error) return Response.json({ code: error.code }, { status: error.status, headers });
  return Response.json({ userId }, { headers });
}

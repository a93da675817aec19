// GET /auth/sign-in and /auth/callback, and POST /auth/sign-out, /auth/refresh, /auth/exchange and /auth/logout.

import { routes } from "../../../auth";

export const { GET, POST } = routes;

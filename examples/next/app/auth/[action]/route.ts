// POST /auth/exchange, /auth/refresh and /auth/logout, for the app's own pages only.

import { routes } from "../../../auth";

export const { POST } = routes;

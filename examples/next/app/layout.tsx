import type { ReactNode } from "react";
import "./style.css";

export const metadata = { title: "authmint with Next.js" };

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        <main>{children}</main>
      </body>
    </html>
  );
}

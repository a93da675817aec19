//! Prints the OpenAPI document: `cargo xtask openapi` keeps what it prints.

use std::io::{self, Write as _};

fn main() -> io::Result<()> {
    io::stdout().write_all(authmint_server::openapi().as_bytes())
}

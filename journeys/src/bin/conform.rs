//! Answers conformance questions: JSON lines in, one JSON line out for each, in order.

use authmint_journeys::conform;
use std::io;

fn main() -> io::Result<()> {
    conform::serve(io::stdin().lock(), io::stdout().lock())
}

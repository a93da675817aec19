//! Prints the speed tables: `cargo run --release -p authmint-bench [guard] [store] [service] [scale] [postgres]`.

use authmint_bench::{guard, postgres, scale, service, store, table};
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let wants = |name: &str| asked.is_empty() || asked.iter().any(|asked| asked == name);
    let mut rows = Vec::new();
    if wants("guard") {
        rows.extend(guard::run());
    }
    if wants("store") {
        rows.extend(store::run().await);
    }
    if wants("service") {
        rows.extend(service::run().await);
    }
    if wants("scale") {
        rows.extend(scale::run().await);
    }
    if wants("postgres") {
        rows.extend(postgres::run().await);
    }
    print(&table::markdown(&rows));
    if rows.iter().all(table::Row::holds) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[expect(clippy::print_stdout, reason = "the table is this program's result")]
fn print(text: &str) {
    println!("{text}");
}

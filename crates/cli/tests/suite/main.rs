//! The program as an operator meets it: started, spoken to over HTTP, stopped, killed.

mod dev;
mod kill;
mod program;

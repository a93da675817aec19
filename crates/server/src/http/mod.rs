//! What all calls share: who calls, what came, how it is answered, and the rules for every answer.

pub(crate) mod body;
pub(crate) mod caller;
pub(crate) mod client_address;
mod cors;
pub(crate) mod edge;
pub(crate) mod flood;
mod headers;
mod host;
pub(crate) mod known_issuers;
pub(crate) mod known_keys;
pub(crate) mod known_operators;
pub(crate) mod last_used;
pub(crate) mod manager;
pub(crate) mod page;
pub(crate) mod path_id;
pub(crate) mod problem;
pub(crate) mod query;
pub(crate) mod reply;
pub(crate) mod request_id;
pub(crate) mod serve;

//! The calls that existing clients speak, one file a call. Each reads its message, asks one flow, and answers.

pub(crate) mod authenticate;
mod callback_url;
pub(crate) mod logout;
pub(crate) mod otps_send;
pub(crate) mod refresh;
pub(crate) mod unsupported;
pub(crate) mod user;
pub(crate) mod well_known;

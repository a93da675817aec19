//! What a person looks at, one page a file with its template beside it.

pub(crate) mod inbox;
pub(crate) mod sign_in;

//! The guard for hosts that load no addon: `ts/wasm.ts` is the other half of this conversation.
//!
//! Messages are JSON in one buffer of the module's own memory, so no generated glue lies between. The host asks for
//! room, writes a question, and finds the reply in the question's place. What is not over yet stays here under a
//! number: guards, calls, and conversations that wait.

pub(crate) mod ed25519;
mod message;
mod shelf;
mod talk;

use std::cell::RefCell;
use talk::Talk;

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static TALK: RefCell<Talk> = RefCell::new(Talk::default());
}

/// Makes room for a question of so many bytes, and says where.
#[expect(
    unsafe_code,
    reason = "the name by which the host finds it; there is one crate, so no other has this name"
)]
#[unsafe(no_mangle)]
pub(crate) extern "C" fn authmint_room(length: usize) -> *const u8 {
    BUFFER.with_borrow_mut(|buffer| {
        buffer.clear();
        buffer.resize(length, 0);
        buffer.as_ptr()
    })
}

/// Answers the question in the buffer; the length of the reply, which [`authmint_reply`] finds.
#[expect(unsafe_code, reason = "as above")]
#[unsafe(no_mangle)]
pub(crate) extern "C" fn authmint_answer() -> usize {
    let question = BUFFER.take();
    let reply = TALK.with_borrow_mut(|talk| talk.answer(&question));
    let length = reply.len();
    BUFFER.set(reply);
    length
}

/// Where the reply is.
#[expect(unsafe_code, reason = "as above")]
#[unsafe(no_mangle)]
pub(crate) extern "C" fn authmint_reply() -> *const u8 {
    BUFFER.with_borrow(Vec::as_ptr)
}

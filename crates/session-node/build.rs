//! Lets the addon find Node's own functions when it is loaded.

fn main() {
    napi_build::setup();
}

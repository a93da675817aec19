//! Lets the addon find Node's own functions when it is loaded; WebAssembly has none to find.

fn main() {
    #[expect(
        clippy::disallowed_methods,
        reason = "a build script is told its target by the environment alone"
    )]
    let architecture = std::env::var("CARGO_CFG_TARGET_ARCH");
    if architecture.as_deref() != Ok("wasm32") {
        napi_build::setup();
    }
}

#!/usr/bin/env bash
# Builds dist/, with the tools of scripts/with-tools.sh.
#
# Where std's sources are at hand, std is built along for size: a panic then ends the module at once,
# without the machinery that words its message. This is worth 7 kB of every viewer's download; without the
# sources the player does the same and is that much larger.
#
# With "record" it builds target/recorder/ instead: the same player, but that it writes its sessions down
# (player/src/record), with std as it comes.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$ROOT"
if [ "${1:-}" = record ]; then
  cargo fetch --locked
  exec trunk build --release --features record --dist target/recorder
fi
sources=$(rustc --print sysroot)/lib/rustlib/src/rust/library/Cargo.toml
aborts() { RUSTC_BOOTSTRAP=1 rustc -Zunstable-options -Cpanic=immediate-abort --print cfg >/dev/null 2>&1; }
if [ -e "$sources" ] && aborts; then
  export RUSTC_BOOTSTRAP=1 CARGO_UNSTABLE_BUILD_STD=std,panic_abort CARGO_UNSTABLE_BUILD_STD_FEATURES=optimize_for_size
  export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS="-Zunstable-options -Cpanic=immediate-abort -Zlocation-detail=none -Zfmt-debug=none"
else
  say "std's sources are not here: the player will be 7 kB larger (rustup component add rust-src)"
fi
cargo fetch --locked # with std's own dependencies, where it is built along: trunk is offline
exec trunk build --release

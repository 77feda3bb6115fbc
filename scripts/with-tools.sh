#!/usr/bin/env bash
# Runs a command with everything that building the player needs: the Wasm target, trunk, wasm-bindgen.
# usage: scripts/with-tools.sh COMMAND…
set -euo pipefail
. "$(dirname "$0")/lib.sh"
has cargo || die "Rust is not installed" "see https://www.rust-lang.org/tools/install"
toolchain=$(bash "$ROOT/scripts/wasm-target.sh")
if [ -n "$toolchain" ]; then export RUSTUP_TOOLCHAIN=$toolchain; fi
bash "$ROOT/scripts/tools.sh"
exec "$@"

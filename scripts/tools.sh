#!/usr/bin/env bash
# Finds or installs what building the player needs: trunk and wasm-bindgen, at pinned versions, in a
# cache outside the clone; where npm is at hand wasm-opt and esbuild, which make the player smaller, and Media Chrome,
# which its controls are made of (all three optional).
set -euo pipefail
. "$(dirname "$0")/lib.sh"
has cargo || die "Rust is not installed" "see https://www.rust-lang.org/tools/install"

install wasm-bindgen-cli wasm-bindgen "$WASM_BINDGEN_VERSION"
install trunk trunk "$TRUNK_VERSION" --locked --no-default-features

# Versions before 116 break the module's table of references without saying so.
wasm_opt_ok() {
  local v
  v=$(wasm-opt --version 2>/dev/null | grep -oE '[0-9]+' | head -n 1)
  [ -n "$v" ] && [ "$v" -ge 116 ]
}
chrome=$CACHE/node/node_modules/media-chrome/package.json
chrome_ok() { grep -q "\"version\": \"$MEDIA_CHROME_VERSION\"" "$chrome" 2>/dev/null; }
if { ! wasm_opt_ok || ! has esbuild || ! chrome_ok; } && has npm; then
  say "installing wasm-opt (binaryen $BINARYEN_VERSION), esbuild $ESBUILD_VERSION and media-chrome $MEDIA_CHROME_VERSION into $CACHE"
  mkdir -p "$CACHE/node"
  npm install --silent --no-audit --no-fund --prefix "$CACHE/node" \
    "binaryen@$BINARYEN_VERSION" "esbuild@$ESBUILD_VERSION" "media-chrome@$MEDIA_CHROME_VERSION" >&2 \
    || say "no wasm-opt, esbuild and Media Chrome: the player will be about an eighth larger, and have the browser's own controls"
fi
if has wasm-opt && ! wasm_opt_ok; then
  die "the wasm-opt on PATH is too old and breaks the player: $(wasm-opt --version)" \
    "install a newer one (npm install binaryen) or take it off PATH"
fi

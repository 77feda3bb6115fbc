#!/usr/bin/env bash
# Prints the size of what every viewer downloads, and fails above the limit.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
LIMIT=79500 # bytes: <smooth-video> and its Wasm, brotli; the best peer that plays Smooth has 96.6 kB, without captions or keys
CONTROLS_LIMIT=40000 # bytes: smooth-controls.js, which comes after the first picture
BUILT='the limits are for a build with rust-src, wasm-opt and esbuild (scripts/player.sh, scripts/tools.sh)'
dist=${1:-$ROOT/dist}
has brotli || die "brotli is missing" "run: apt-get install brotli (or: brew install brotli)"

packed() {
  [ -f "$dist/$1" ] || die "$dist/$1 is missing" "run: make dist"
  brotli -q 11 -w 24 -c "$dist/$1" | wc -c
}
line() { printf '%-24s %10s %10s\n' "$@"; }

wasm=$(packed smooth-player_bg.wasm) video=$(packed smooth-video.js) player=$(packed smooth-player.js) controls=$(packed smooth-controls.js)
line file raw brotli
for name in smooth-player_bg.wasm smooth-video.js smooth-player.js smooth-controls.js; do
  line "$name" "$(wc -c < "$dist/$name")" "$(packed "$name")"
done
line "<smooth-video>" '' "$((wasm + video)) of $LIMIT"
line "<smooth-player>" '' "$((wasm + player + controls))"
line "  its controls" '' "$controls of $CONTROLS_LIMIT"
[ "$controls" -le "$CONTROLS_LIMIT" ] || die "the controls are $((controls - CONTROLS_LIMIT)) bytes over their limit" "$BUILT"
[ "$((wasm + video))" -le "$LIMIT" ] || die "the player is $((wasm + video - LIMIT)) bytes over its limit" "$BUILT"

#!/usr/bin/env bash
# Prints the size of what every viewer downloads, and fails above the limit.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
LIMIT=80000 # bytes, smooth-player.js and its Wasm together, brotli; the best peer that plays Smooth has 96.6 kB
dist=${1:-$ROOT/dist}
has brotli || die "brotli is missing" "run: apt-get install brotli (or: brew install brotli)"

total=0
printf '%-24s %10s %10s\n' file raw brotli
for name in smooth-player.js smooth-player_bg.wasm; do
  [ -f "$dist/$name" ] || die "$dist/$name is missing" "run: make dist"
  raw=$(wc -c < "$dist/$name")
  packed=$(brotli -q 11 -c "$dist/$name" | wc -c)
  total=$((total + packed))
  printf '%-24s %10d %10d\n' "$name" "$raw" "$packed"
done
printf '%-24s %10s %10d of %d\n' together '' "$total" "$LIMIT"
[ "$total" -le "$LIMIT" ] || die "the player is $((total - LIMIT)) bytes over its limit"

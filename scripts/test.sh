#!/usr/bin/env bash
# Every test of every kind. Ends with one line: N passed, N failed.
# Called by `make test`, which prepares the tools; arguments are the parts to run (default: all).
set -uo pipefail
. "$(dirname "$0")/lib.sh"
cd "$ROOT"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
passed=0 failed=0 broken=()

# Runs a command whose output holds cargo's "test result:" lines, and adds them up. A command that
# fails without one (it did not compile, say) counts as one failure.
tests() {
  local title=$1 p f
  shift
  say "$title"
  "$@" 2>&1 | tee "$log"
  local status=${PIPESTATUS[0]}
  read -r p f < <(awk '/^test result:/ { p += $4; f += $6 } END { print p + 0, f + 0 }' "$log")
  if [ "$status" -ne 0 ] && [ "$f" -eq 0 ]; then f=1; fi
  if [ "$f" -ne 0 ]; then broken+=("$title"); fi
  passed=$((passed + p)) failed=$((failed + f))
}

# Runs a command that is one test as a whole.
check() {
  local title=$1
  shift
  say "$title"
  if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); broken+=("$title"); fi
}

want() { [ -z "$parts" ] || [[ " $parts " == *" $1 "* ]]; }
parts="$*"

if want chain || want player; then
  bash scripts/test-setup.sh || die "what the tests need is not all there" "see the message above"
  check "the player builds" make --no-print-directory dist
  check "the player that records builds" make --no-print-directory recorder
  check "the player's size" bash scripts/size.sh
fi
if want unit; then
  tests "units and properties" cargo test --workspace --exclude silverlane-tests --no-fail-fast
  tests "fuzz corpus" env CARGO_TARGET_DIR="$ROOT/target/fuzz" cargo test --manifest-path smooth/fuzz/Cargo.toml --no-fail-fast
fi
if want chain; then
  check "the origin builds" cargo build -p silverlane
  # One at a time: two cores cannot play two videos and measure either.
  tests "the whole chain" cargo test -p silverlane-tests --no-fail-fast -- --test-threads=1 --nocapture
fi

for title in "${broken[@]}"; do printf 'failed: %s\n' "$title"; done
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]

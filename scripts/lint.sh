#!/usr/bin/env bash
# Formatting and clippy for both targets, warnings denied.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$ROOT"
say "formatting"
cargo fmt --all --check
(cd smooth/fuzz && cargo fmt --check)
say "clippy, native"
cargo clippy --workspace --all-targets -- -D warnings
say "clippy, wasm32"
cargo clippy -p silverlane-player --target wasm32-unknown-unknown -- -D warnings
cargo clippy -p silverlane-player --target wasm32-unknown-unknown --features record -- -D warnings
say "fuzz targets compile"
(cd smooth/fuzz && CARGO_TARGET_DIR="$ROOT/target/fuzz" cargo check --all-targets --features libfuzzer)
if has node; then
  say "syntax of the elements"
  all=$(mktemp --suffix=.js)
  trap 'rm -f "$all"' EXIT
  { echo '(() => {'; cat www/src/{boot,messages,protection,data-tracks,ttml,caption-tracks,caption-images,player,smooth-video,scout}.js www/src/smooth-player/{style,log,load,player}.js; echo 'const takeOver = (() => {'; cat www/src/smf/*.js; echo '})();'; cat www/src/start.js; echo '})();'; } > "$all"
  node --check "$all"
  { echo '(() => {'; cat www/src/controls/{format,languages,words,choices,preview,store,style,layout,menu,stats,main}.js; echo '})();'; } > "$all"
  node --check "$all"
  { echo '(() => {'; cat www/src/admin/*.js; echo '})();'; } > "$all"
  node --check "$all"
fi

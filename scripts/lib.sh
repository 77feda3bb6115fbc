# Shared by the scripts here: messages, the cache folder, pinned versions.
# Everything is sourced; nothing is run by itself.

# Pinned. `wasm-bindgen` must equal the version in Cargo.lock to the digit.
TRUNK_VERSION=0.21.14
WASM_BINDGEN_VERSION=0.2.130
BINARYEN_VERSION=132.0.0
ESBUILD_VERSION=0.28.2
GECKODRIVER_VERSION=0.37.1
MEDIA_CHROME_VERSION=4.19.4

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CACHE=${SILVERLANE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/silverlane}
export PATH="$CACHE/bin:$CACHE/node/node_modules/.bin:$PATH"

say()  { printf '\033[1;36m==>\033[0m %s\n' "$*" >&2; }
die()  { printf '\033[1;31merror:\033[0m %s\n' "$1" >&2; shift; for l in "$@"; do printf '       %s\n' "$l" >&2; done; exit 1; }
has()  { command -v "$1" >/dev/null 2>&1; }

# Root's rights for a package manager, or nothing where they are not to be had.
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; elif has sudo && sudo -n true 2>/dev/null; then sudo "$@"; else return 1; fi; }
apt_ready() { has apt-get && { [ "$(id -u)" = 0 ] || { has sudo && sudo -n true 2>/dev/null; }; }; }
apt_get() {
  as_root apt-get update -qq >&2 || true
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2
}

version_of() { "$1" --version 2>/dev/null | grep -oE '[0-9]+\.[0-9]+\.[0-9]+[^ ]*' | head -n 1; }

# Installs a crate's program, at this version to the digit, into the cache.
install() { # crate binary version flags…
  local crate=$1 binary=$2 version=$3
  shift 3
  mkdir -p "$CACHE/bin"
  if [ "$(version_of "$binary")" = "$version" ]; then return; fi
  say "installing $crate $version into $CACHE (some minutes, once)"
  CARGO_PROFILE_DEV_DEBUG=0 CARGO_TARGET_DIR="$CACHE/build" cargo install --debug --root "$CACHE" \
    "$crate@$version" "$@" >&2 \
    || die "$crate $version could not be installed" "run: cargo install $crate@$version $*"
  rm -rf "$CACHE/build"
}

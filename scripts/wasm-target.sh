#!/usr/bin/env bash
# Makes `cargo build --target wasm32-unknown-unknown` work and prints the toolchain to use
# (nothing for the default one). A second run answers at once.
#
#   WASM_STD=auto    (default) what is there; else rustup; else Debian's packages
#   WASM_STD=rustup  rustup only
#   WASM_STD=debian  Debian's compiler and its std sources only; rustup is never asked to fetch
set -euo pipefail
. "$(dirname "$0")/lib.sh"
target=wasm32-unknown-unknown
mode=${WASM_STD:-auto}

has_std() {
  local sysroot
  sysroot=$(rustc --print sysroot 2>/dev/null) || return 1
  compgen -G "$sysroot/lib/rustlib/$target/lib/libstd-*.rlib" >/dev/null
}

from_rustup() {
  has rustup || return 1
  say "adding $target with rustup"
  timeout "${RUSTUP_TIMEOUT:-180}" rustup target add "$target" >&2
}

# Debian ships the compiler and the sources of std, not std for this target: it is built once, with
# bitcode so that link-time optimisation reaches into it, and put where the compiler looks for it.
from_debian() {
  apt_ready || dpkg -s rustc-web >/dev/null 2>&1 || return 1
  local packages=(rustc-web cargo-web rust-web-src rust-web-clippy rustfmt-web lld-22)
  if ! dpkg -s "${packages[@]}" >/dev/null 2>&1; then
    say "installing ${packages[*]}"
    apt_get "${packages[@]}"
  fi
  local version host lib=/usr/lib/rustlib/$target/lib
  version="$(/usr/bin/rustc -V) size"
  host=$(/usr/bin/rustc -vV | sed -n 's/^host: //p')
  if [ "$(cat "$lib/.built-for" 2>/dev/null)" != "$version" ]; then
    say "building std for $target (about a minute, once)"
    local seed
    seed=$(mktemp -d)
    mkdir "$seed/src"
    echo '#![no_std]' > "$seed/src/lib.rs"
    printf '[package]\nname = "stdseed"\nversion = "0.0.0"\nedition = "2021"\n[workspace]\n' > "$seed/Cargo.toml"
    (cd "$seed" && env -u RUSTUP_TOOLCHAIN -u RUSTC_WRAPPER RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc \
      RUSTFLAGS=-Cembed-bitcode=yes CARGO_TARGET_DIR="$seed/target" /usr/bin/cargo build --release --target $target \
      -Z build-std=core,alloc,std,panic_abort,panic_unwind,proc_macro,test \
      -Z build-std-features=optimize_for_size >&2)
    as_root rm -rf "$lib"
    as_root mkdir -p "$lib"
    find "$seed/target/$target/release/deps" -name '*.rlib' ! -name 'libstdseed-*' -print0 \
      | as_root xargs -0 cp -t "$lib"
    echo "$version" | as_root tee "$lib/.built-for" >/dev/null
    rm -rf "$seed"
  fi
  as_root mkdir -p "/usr/lib/rustlib/$host/bin"
  as_root ln -sfn /usr/bin/lld-22 "/usr/lib/rustlib/$host/bin/rust-lld"
  if has rustup; then
    rustup toolchain list | grep -q '^web' || rustup toolchain link web /usr
    echo web
  fi
}

case $mode in
  debian)
    from_debian || die "the Debian route needs apt and root's rights" "run: sudo WASM_STD=debian bash scripts/wasm-target.sh" ;;
  rustup)
    has_std || from_rustup || die "rustup could not add $target" "run: rustup target add $target" ;;
  auto)
    if has_std; then exit 0; fi
    from_rustup && exit 0
    from_debian || die "Rust cannot build for $target yet" "run: rustup target add $target" ;;
  *) die "WASM_STD=$mode is unknown" "use auto, rustup or debian" ;;
esac

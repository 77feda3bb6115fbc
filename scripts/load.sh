#!/usr/bin/env bash
# The load of docs/load.md: our release binary beside nginx, on this machine alone. Arguments are the parts to
# run (default: all). Takes some minutes, and wants a machine that does nothing else.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$ROOT"
# Debian keeps servers where only root's PATH looks.
export PATH="$PATH:/usr/sbin"
if ! has nginx; then
  apt_ready || die "nginx is missing" "run: sudo apt-get install nginx-light"
  say "installing nginx"
  apt_get nginx-light || die "nginx could not be installed" "run: sudo apt-get install nginx-light"
fi
has taskset || die "taskset is missing" "run: sudo apt-get install util-linux"
processors=$(nproc)
[ "$processors" -ge 2 ] || die "this needs two processors: one for the servers, the others for who asks them"
# Ten thousand viewers are as many files, here and in the server.
files=$(ulimit -n)
[ "$files" = unlimited ] || [ "$files" -ge 12000 ] || ulimit -n 12000 \
  || die "the limit of open files cannot be raised to 12000" "set nofile in /etc/security/limits.conf, or run this as root"
cargo bench -q -p silverlane --bench load --no-run
exec taskset -c "1-$((processors - 1))" cargo bench -q -p silverlane --bench load -- "$@"

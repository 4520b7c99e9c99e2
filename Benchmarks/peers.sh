#!/bin/sh
# Installs the programs that run.py measures against: Ninja, sqlite3, OpenSSL and find from Debian, DVC and Snakemake from
# PyPI into Benchmarks/.venv. What cannot be installed is said; its workloads are skipped.
set -u
cd "$(dirname "$0")"

missing=
for pair in ninja:ninja-build sqlite3:sqlite3 openssl:openssl find:findutils python3:python3; do
    command -v "${pair%%:*}" >/dev/null 2>&1 || missing="$missing ${pair#*:}"
done
[ -x /usr/bin/time ] || missing="$missing time"
if [ -n "$missing" ]; then
    as_root=
    [ "$(id -u)" = 0 ] || as_root=sudo
    install() { $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends $missing; }
    install >/dev/null 2>&1 || { $as_root apt-get update -qq && install; } >/dev/null || \
        echo "peers: install these by hand (they are Debian's names):$missing" >&2
fi

[ -x .venv/bin/python3 ] || python3 -m venv .venv || {
    echo 'peers: python3 -m venv failed: install python3-venv, then run this again.' >&2
    exit 1
}
.venv/bin/python3 -m pip install --quiet 'dvc==3.67.*' 'snakemake==9.27.*' || {
    echo 'peers: PyPI gave no DVC or Snakemake: their workload is skipped.' >&2
    exit 1
}

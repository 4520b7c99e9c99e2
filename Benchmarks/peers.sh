#!/bin/sh
# Installs the programs that run.py compares with: Ninja, sqlite3, OpenSSL and find from Debian, DVC and Snakemake from
# PyPI into Benchmarks/.venv. Reports what cannot be installed; run.py skips these workloads.
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
        echo "peers: cannot install packages; install them manually (Debian names):$missing" >&2
fi

[ -x .venv/bin/python3 ] || python3 -m venv .venv || {
    echo 'peers: python3 -m venv failed; install python3-venv and try again.' >&2
    exit 1
}
.venv/bin/python3 -m pip install --quiet 'dvc==3.67.*' 'snakemake==9.27.*' || {
    echo 'peers: cannot install DVC and Snakemake from PyPI; their workload will be skipped.' >&2
    exit 1
}

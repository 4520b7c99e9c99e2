#!/bin/sh
# Makes the stores beside this file with the program `runs` of version 0.1.0: make.sh PROGRAM
# Works in namespaces of its own (as root), so that nothing of the machine that made them is in the stores.
set -eu
program=$(realpath "$1")
here=$(realpath "$(dirname "$0")")

if [ "${INSIDE:-}" != yes ]; then
  exec unshare --mount --uts --ipc --pid --fork --mount-proc env -i INSIDE=yes PATH="$PATH" sh "$here/make.sh" "$program"
fi

hostname host
work=$(mktemp -d)
mkdir "$work/bin"
ln -s "$program" "$work/bin/runs"
printf 'processor\t: 0\nmodel name\t: Example CPU\n\n' > "$work/cpuinfo"
mount --bind "$work/cpuinfo" /proc/cpuinfo
echo 00000000-0000-4000-8000-000000000000 > "$work/boot_id"
mount --bind "$work/boot_id" /proc/sys/kernel/random/boot_id
cat > "$work/uname.c" <<'END'
#include <string.h>
#include <sys/utsname.h>
int uname(struct utsname *name) {
  memset(name, 0, sizeof *name);
  strcpy(name->sysname, "Linux");
  strcpy(name->release, "6.1.0");
  strcpy(name->nodename, "host");
  return 0;
}
END
cc -shared -fPIC -o "$work/uname.so" "$work/uname.c"
PATH="$work/bin:/usr/bin:/bin"
USER=someone API_TOKEN=secret
export PATH USER API_TOKEN
runs() { LD_PRELOAD="$work/uname.so" command runs "$@"; }
# In the background, so that it can be ended with: stop SIGNAL
start() { LD_PRELOAD="$work/uname.so" command runs "$@" & pid=$!; sleep 1; }
stop() { kill "-$1" $pid; wait $pid || true; }

new_project() {
  mkdir "$work/$1"
  cd "$work/$1"
  cp "$here/pipeline.json" .
  mkdir raw
  printf '3\n1\n2\n' > raw/iris.csv
  printf '5\n4\n' > raw/wine.csv
}

# Every public view, in an order that says where each row is.
dump() {
  mkdir -p "$1/views"
  rm -f "$1"/views/*
  for view in runs executions decisions inputs outputs params variables lineage_params metrics final_metrics resources \
    gpu_samples current latest tags stage_stats; do
    columns=$(runs query --format list "select group_concat(name, ', ') from pragma_table_info('$view')" | tail -n 1)
    echo "select $columns from $view order by $columns" > "$1/views/$view.sql"
    runs query --format json --file "$1/views/$view.sql" > "$1/views/$view.json"
  done
}

# A history of nearly everything that can be recorded.
new_project finished
start exec --keep-going --tag first --note 'the first run'
stop TERM
touch fast
runs exec --keep-going clean train evaluate flaky long slow || true
echo 6 >> raw/wine.csv
runs exec --keep-going clean train evaluate || true
printf '5\n4\n' > raw/wine.csv
runs exec clean train evaluate
runs exec clean --repeat 2
runs exec clean train evaluate
runs exec clean train evaluate
runs exec clean train evaluate
echo 'by hand' > bad.txt
runs accept bad
runs reject "$(runs query --format csv "select execution_id from current where stage = 'flaky'" | tail -n 1)" --reason 'too lucky'
runs tag 2 baseline
runs note 2 'the one to compare with'
sleep 3
# The plan cache holds what is older than a moment, and a shared set of verdicts.
runs exec clean train evaluate
runs exec clean train evaluate
mkdir -p "$here/finished" "$here/killed"
dump "$here/finished"
cp .runs/runs.db "$here/finished/runs.db"

# A run that was killed while two stages ran and one was done.
new_project killed
runs exec clean
start exec --capacity cpus=4 --set lr=0.2 clean train long
stop KILL
cp .runs/runs.db .runs/runs.db-wal "$here/killed"
mkdir -p "$work/reading/.runs"
cp "$here"/killed/runs.db* "$work/reading/.runs"
cd "$work/reading"
dump "$here/killed"
cd / && rm -rf "$work"

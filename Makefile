# Common tasks. Without make, run `sh .ci/release`, `sh .ci/demo` or `sh .ci/test`.

PREFIX = /usr/local
DESTDIR =

.PHONY: build check demo bless install clean

build:
	sh .ci/release

check:
	sh .ci/test

demo:
	sh .ci/demo

# Rewrites the golden files with the program's current output. Review the diff before committing.
bless:
	RUNS_BLESS=1 swift test --filter CommandTests

install: build
	install -d "$(DESTDIR)$(PREFIX)/bin"
	install -m 755 .build/release/runs "$(DESTDIR)$(PREFIX)/bin/runs"

clean:
	rm -rf .build

# The habits, by name. `make build`, `make demo` and `make check` are `sh .ci/release`, `sh .ci/demo` and `sh .ci/test`,
# for machines without make.

PREFIX = /usr/local
DESTDIR =

.PHONY: build check demo bless install clean

build:
	sh .ci/release

check:
	sh .ci/test

demo:
	sh .ci/demo

# Rewrites the golden files with what the program says now: read the difference before committing it.
bless:
	RUNS_BLESS=1 swift test --filter CommandTests

install: build
	install -d "$(DESTDIR)$(PREFIX)/bin"
	install -m 755 .build/release/runs "$(DESTDIR)$(PREFIX)/bin/runs"

clean:
	rm -rf .build

# The habits, by name. `make demo` and `make check` are `sh .ci/demo` and `sh .ci/test`, for machines without make.

PREFIX = /usr/local
DESTDIR =

.PHONY: build check demo bless install clean

build:
	sh .ci/setup
	swift build -c release --static-swift-stdlib --product runs

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

# The habits: `make check` before a commit, `make demo` to see it work, `make install` to use it.

PREFIX ?= /usr/local

build:
	sh .ci/setup
	swift build -c release --static-swift-stdlib --product runs

check:
	sh .ci/test

demo:
	sh .ci/demo

# Rewrites the golden files of Tests/ with what the program prints now; look at the difference before you commit it.
bless:
	RUNS_BLESS=1 swift test

install: build
	install -D -m 755 .build/release/runs $(DESTDIR)$(PREFIX)/bin/runs

clean:
	rm -rf .build

.PHONY: build check demo bless install clean

# make demo and make test do all set-up. Needs Rust, Node and make.

PAGE := web/public/dist/page.js
CONSOLE := web/officer/dist/console.js
PAGE_SOURCES := $(shell find web/public web/officer web/scan web/offline web/shared -type f -not -path '*/dist/*') web/build.mjs

.PHONY: demo web test by-ear faults bench exhaustive measure vectors clean

## The whole main job on this machine: issues one code and serves the page that checks it
demo: web
	cargo run -- demo

## The page and the officers' console, which the binary embeds
web: $(PAGE) $(CONSOLE)

$(PAGE): web/node_modules $(PAGE_SOURCES)
	cd web && npm run --silent build

# one build writes both
$(CONSOLE): $(PAGE)
	test -f $@ || (cd web && npm run --silent build)

web/node_modules: web/package.json web/package-lock.json
	cd web && npm ci --silent
	touch $@

## Every test, with all that the tests need
test:
	bash tests/run.sh

## Page and console as Orca speaks them in Chromium and Firefox, every scene: minutes, where make test has two in each
by-ear: web
	cargo build --quiet
	bash tests/ear/run.sh all

## Faults and load at their full size: killed 1,000 times, 300 losses of power, every write failing; a short form runs in make test
faults: web
	COUNTERSIGN_FAULTS=full cargo test --release --test faults

## Figures, as ratios in one run
bench: web benches/node/node_modules
	cargo bench --bench micro
	cargo bench --bench ledger
	cargo bench --bench history
	cargo bench --bench marks
	cargo bench --bench issue
	cargo bench --bench load

benches/node/node_modules: benches/node/package.json benches/node/package-lock.json
	cd benches/node && npm ci --silent
	touch $@

## Each row of a ledger tampered with alone, and each character of its checkpoints: minutes, where make test takes them together
exhaustive: web
	cargo test --release --test store tampering -- --ignored

## The page's sizes and speed, each beside its goal
measure: web
	cargo build --release
	COUNTERSIGN_BIN=$(CURDIR)/target/release/countersign npm --prefix web run --silent measure

## The shared test vectors, made anew
vectors:
	cargo run --quiet --example make_vectors

clean:
	cargo clean
	rm -rf web/node_modules web/public/dist web/officer/dist web/build .countersign-demo

# The two that matter:   make demo   ·   make test
# Each target prepares what it needs; a second run does not build again what is built.

WITH  := bash scripts/with-tools.sh
PORT  ?= 8080
PLAYER_SOURCES := $(shell find smooth/src player/src www -type f) Cargo.toml Cargo.lock Trunk.toml \
                  smooth/Cargo.toml player/Cargo.toml scripts/bundle.sh scripts/player.sh scripts/lib.sh

.PHONY: demo test build dist recorder fmt lint doc bench lab load fuzz size deny clean help

help: ## Show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

demo: build ## Build everything, then broadcast the sample: open the address it prints
	target/release/silverlane demo --listen 127.0.0.1:$(PORT)

build: dist/smooth-player.js ## target/release/silverlane, with the player inside
	$(WITH) cargo build --release -p silverlane

dist: dist/smooth-player.js ## dist/: the player's script, its Wasm, types and pages

dist/smooth-player.js: $(PLAYER_SOURCES)
	$(WITH) bash scripts/player.sh
	@touch $@

recorder: target/recorder/smooth-player.js ## target/recorder/: the player with a record of its sessions (docs/adaptation.md)

target/recorder/smooth-player.js: $(PLAYER_SOURCES)
	$(WITH) bash scripts/player.sh record
	@touch $@

test: ## Install what the tests need (ffmpeg, browsers) and run every test
	$(WITH) bash scripts/test.sh

fmt: ## Format the code
	$(WITH) cargo fmt --all

lint: ## Formatting and clippy, warnings denied, for both targets
	$(WITH) bash scripts/lint.sh

doc: ## The API documentation, warnings denied
	$(WITH) env RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

bench: ## Benchmarks of the format and of transport streams
	$(WITH) cargo bench -p silverlane-smooth
	$(WITH) cargo bench -p silverlane --bench ts

load: dist/smooth-player.js ## The origin under load, beside nginx (docs/load.md)
	$(WITH) bash scripts/load.sh

lab: ## What bitrate decisions reach on public traces, beside known rules; plots in docs/adaptation
	$(WITH) cargo run --release -p silverlane-lab -- --optimum --plots docs/adaptation

size: dist/smooth-player.js ## Size of the player, against its limit
	bash scripts/size.sh

deny: ## Licences, advisories and sources of the dependencies (needs cargo-deny)
	cargo deny check

clean: ## Remove what was built
	cargo clean
	rm -rf dist demo

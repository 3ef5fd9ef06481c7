# SPDX-License-Identifier: GPL-2.0-or-later

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:

GO ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

PREFIX ?= /usr
DESTDIR ?=
sbin = $(DESTDIR)$(PREFIX)/sbin
share = $(DESTDIR)$(PREFIX)/share

FUZZTIME ?= 60s
BENCH ?= .
BENCHTIME ?= 1s

.PHONY: build
build: ## build bin/scoutfs (the default)
	$(GO) build -trimpath -buildvcs=false -ldflags '-X main.version=$(VERSION)' -o bin/scoutfs ./cmd/scoutfs

.PHONY: try
try: build ## show what works, on two sparse files in a temporary folder
	@PATH="$(CURDIR)/bin:$$PATH" tests/try.sh

.PHONY: test
test: ## run all tests with the race detector, and list those that were skipped
	@$(GO) run ./tests/unpack
	@$(GO) test -race -timeout 20m -json ./... | $(GO) run ./tests/report

.PHONY: testall
testall: ## run all tests on all of the large inputs, without the race detector
	@$(GO) run ./tests/unpack
	@SCOUTFS_TEST_ALL=1 $(GO) test -timeout 60m -json ./... | $(GO) run ./tests/report

.PHONY: lint
lint: ## run the linters that tools/go.mod pins
	@$(GO) tool -modfile=tools/go.mod golangci-lint run --allow-parallel-runners ./...

.PHONY: fmt
fmt: ## format the source as lint wants it
	@$(GO) tool -modfile=tools/go.mod golangci-lint fmt ./...

.PHONY: fuzz
fuzz: ## run every fuzz target for FUZZTIME (60s)
	@GO="$(GO)" tests/fuzz.sh $(FUZZTIME)

.PHONY: bench
bench: ## run the benchmarks that match BENCH (all) for BENCHTIME (1s)
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchtime $(BENCHTIME) -benchmem ./...

FILES ?= 1000000
SCATTER ?= false
DIR ?= $(CURDIR)/bin/volume

.PHONY: big-volume
big-volume: ## make a volume of FILES (1000000) files in DIR (bin/volume), SCATTER=true for one long in use
	@mkdir -p '$(DIR)'
	$(GO) run ./tests/bigvolume -files $(FILES) -scatter=$(SCATTER) -dir '$(DIR)'

CASES ?= 10000

.PHONY: fsck-random
fsck-random: ## damage CASES (10000) volumes at random and see whether fsck notices
	SCOUTFS_FSCK_RANDOM=$(CASES) $(GO) test -run RandomDamage -v -timeout 4h ./tests/fsckrandom

.PHONY: fsck-matrix
fsck-matrix: ## make every kind of damage on every volume, see that fsck finds it, and write the table in docs/fsck.md
	SCOUTFS_FSCK_MATRIX=1 $(GO) test -count 1 -run Matrix -timeout 4h ./debug/corrupt -update

.PHONY: fsck-speed
fsck-speed: ## measure fsck on FILES (1000000) files in DIR (bin/volume), against e2fsck and xfs_repair for root
	@tests/fsckspeed.sh $(FILES) '$(DIR)'

SMALL_FILES ?= 100000

.PHONY: write-speed
write-speed: ## measure copying SMALL_FILES (100000) files and a large one into a volume in DIR (bin/volume), against tar, cp and dd
	@tests/writespeed.sh $(SMALL_FILES) '$(DIR)'

WORKLOADS ?= 2000

.PHONY: crash-test
crash-test: ## stop WORKLOADS (2000) random workloads at every write, and see that nothing is lost
	SCOUTFS_CRASH_WORKLOADS=$(WORKLOADS) SCOUTFS_CRASH_STATES=40 $(GO) test -count 1 -v -timeout 12h ./tests/crash

SEEDS ?= 200
STEPS ?= 5000

.PHONY: model-test
model-test: ## do STEPS (5000) random operations on each of SEEDS (200) volumes, against a model
	SCOUTFS_MODEL_SEEDS=$(SEEDS) SCOUTFS_MODEL_STEPS=$(STEPS) $(GO) test -count 1 -timeout 12h ./tests/model

RUNS ?= 20

.PHONY: stop-test
stop-test: FILES = 5000
stop-test: ## stop each command that changes a volume of FILES files RUNS (20) times, and run it again; FILES=5000
	SCOUTFS_STOP_RUNS=$(RUNS) SCOUTFS_STOP_FILES=$(FILES) $(GO) test -count 1 -v -run Stopped -timeout 12h ./cmd/scoutfs

.PHONY: full-test
full-test: ## fill a metadata device until commands fail, remove all, and fill it again
	SCOUTFS_FULL=1 $(GO) test -count 1 -v -run 'Full|ComesBack' -timeout 1h ./cmd/scoutfs

.PHONY: round-trip
round-trip: FILES = 100000
round-trip: ## copy FILES files of all kinds into a volume and out of it, release and stage all, and compare
	SCOUTFS_ROUND_TRIP_FILES=$(FILES) $(GO) test -count 1 -v -run ComeBackEqual -timeout 12h ./cmd/scoutfs

# There is no mount.scoutfs on purpose: mount(8) would run it instead of
# mounting with the kernel module.
.PHONY: install
install: build ## install below DESTDIR and PREFIX (/usr)
	install -D -m 755 bin/scoutfs $(sbin)/scoutfs
	for name in mkfs.scoutfs fsck.scoutfs fsck.scoutfs_meta; do ln -sfn scoutfs $(sbin)/$$name; done
	for page in man/*.[578]; do install -D -m 644 "$$page" "$(share)/man/man$${page##*.}/$${page##*/}"; done
	install -d $(share)/bash-completion/completions $(share)/zsh/site-functions $(share)/fish/vendor_completions.d
	bin/scoutfs completion bash >$(share)/bash-completion/completions/scoutfs
	bin/scoutfs completion zsh >$(share)/zsh/site-functions/_scoutfs
	bin/scoutfs completion fish >$(share)/fish/vendor_completions.d/scoutfs.fish

.PHONY: clean
clean: ## remove what was built
	rm -rf bin

.PHONY: help
help: ## list these targets
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | while IFS=$$'\t' read -r target what; do printf '%-12s %s\n' "$$target" "$$what"; done

# One command sets up, one checks everything; each step of the check is a target of its own.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL: # the steps of a check run in the order they are written, and each uses the cores itself
MAKEFLAGS += --no-print-directory

# P is how many packages are built or tested at once, FUZZTIME is for each fuzz target, and ARGS goes to `parley demo`
# and to the benchmarks.
GO       ?= go
P        ?= 2
FUZZTIME ?= 3s
ARGS     ?=

# DuckDB is C++ inside the binary.
export CGO_ENABLED := 1
export GO
# The same for build, vet, lint and tests, so that they share what is compiled.
export GOFLAGS := -trimpath -buildvcs=false

VERSION = $(shell git describe --always --dirty 2>/dev/null || echo devel)
LDFLAGS = -s -w -X github.com/parley-hq/parley/internal/cli.Version=$(VERSION)
LINTER  = bin/tools/golangci-lint
GOFMT   = $$($(GO) env GOROOT)/bin/gofmt
SOURCES = find . -name '*.go' -not -path './.cache/*' -not -path '*/node_modules/*'

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## Install what is missing to build and test; skip what is there
	@tools/setup

.PHONY: setup-build
setup-build:
	@tools/setup build

.PHONY: build
build: setup-build ## Build bin/parley
	@test -e bin/parley || echo "building bin/parley; the first time takes a few minutes" >&2
	@$(GO) build -p $(P) -ldflags '$(LDFLAGS)' -o bin/parley ./cmd/parley

.PHONY: demo
demo: build ## Extract a simulated contact centre and look at it: sets up, builds, runs; ARGS=...
	@bin/parley demo $(ARGS)

.PHONY: test
test: fmt-check lint unit clients engines examples browser fuzz ## Check everything, as continuous integration does; lint does what vet does
	@echo "make test: all passed"

.PHONY: fmt-check
fmt-check: setup-build ## Is every Go file gofmt-ed?
	@wrong=$$($(SOURCES) -exec $(GOFMT) -l {} +); \
	if [ -n "$$wrong" ]; then echo "not gofmt-ed; run make fmt:"; echo "$$wrong"; exit 1; fi

.PHONY: fmt
fmt: setup-build ## gofmt every Go file
	@$(SOURCES) -exec $(GOFMT) -w {} +

# The collector takes a third of the time of what makes much and keeps little, as tests, the compiler and the linter do. Suites
# that watch the memory of the program go without.
SELDOM = GOGC=400
# Of the suites of lakes it takes a third even so: they never collect before a gigabyte is full. Under the race detector that gains nothing.
NEVER  = GOGC=off GOMEMLIMIT=1GiB

.PHONY: vet
vet: setup-build ## go vet
	@$(GO) vet -p $(P) ./...

.PHONY: lint
lint: $(LINTER) ## golangci-lint, with the rules of .golangci.yml
	@$(SELDOM) $(LINTER) run --concurrency $(P)

# The linter is built from its own module, so that its dependencies are not the binary's.
$(LINTER): tools/go.mod tools/go.sum | setup-build
	@echo "building golangci-lint; the first time takes a few minutes" >&2
	@$(SELDOM) $(GO) build -C tools -p $(P) -ldflags '-s -w' -o ../$@ \
		github.com/golangci/golangci-lint/v2/cmd/golangci-lint
	@touch $@

# The race detector makes a test take ten times as long, and says something only where goroutines meet. Without it run the
# suites that start the program as a process, the simulation, which has no goroutine, and the examples, which have none either.
UNRACED = /internal/sim$$|/examples/|/test/(deploy|hostile|kill|mutate|readme|torture)$$
# Packages with tests of which it says nothing run twice: with it and without those tests, and without it those alone.
TWICE   = $(GO) list -f '{{$$p := .ImportPath}}{{$$u := "github.com/parley-hq/parley/test/unraced"}}{{range .TestImports}}{{if eq . $$u}}{{println $$p}}{{end}}{{end}}{{range .XTestImports}}{{if eq . $$u}}{{println $$p}}{{end}}{{end}}' $(LONGEST) ./... | awk '!seen[$$0]++' | grep -vE '$(UNRACED)'

# SQLite, which was C, and the compressors keep what they work on to themselves: watched too, they take a third of the time of
# the suites that use them. What they share with others goes through locks and channels, which are watched.
UNWATCHED = -gcflags=modernc.org/...=-race=false -gcflags=github.com/klauspost/...=-race=false

# Tests make and throw away thousands of small files: in memory, where the machine has room there.
IN_MEMORY = tools/in-memory

# What takes longest begins first: at the end it would run alone, on one core.
LONGEST = ./test/model ./internal/lake ./internal/extract ./internal/app ./internal/cli ./internal/engine/duck
RACED   = $(GO) list $(LONGEST) ./... | grep -vE '/test/(clients|engines|examples|page)$$|$(UNRACED)'

# Nobody looks into the binaries of tests with a debugger: without its tables they are linked in half the time.
STRIPPED = -ldflags='-s -w'

.PHONY: unit
unit: export PARLEY_REQUIRE_POSTGRES = 1
unit: export PARLEY_REQUIRE_S3 = 1
unit: export PARLEY_REQUIRE_DEPLOY = 1
unit: export PATH := $(CURDIR)/bin/tools:$(PATH)
unit: setup-build ## Unit tests, with the race detector where it says something
	@tools/unraced >/dev/null
	@tools/setup postgres && tools/setup s3 && tools/setup deploy
	@$(SELDOM) $(IN_MEMORY) $(GO) test -vet=off $(STRIPPED) -race $(UNWATCHED) -short -p $(P) -timeout 20m $$($(RACED))
	@$(IN_MEMORY) $(GO) test -vet=off $(STRIPPED) -p $(P) -timeout 20m $$($(GO) list ./... | grep -E '$(UNRACED)')
	@twice=$$(tools/unraced) && $(NEVER) $(IN_MEMORY) $(GO) test -vet=off $(STRIPPED) -p $(P) -timeout 20m -run "$$twice" $$($(TWICE))

.PHONY: hostile
hostile: setup-build ## The program against a platform that means harm: prints a table of what it comes to
	@$(GO) test -count 1 -v -run TestExtractFromAHostilePlatform/scenario ./test/hostile | grep -vE '^ *(===|---)'

.PHONY: torture
torture: export PARLEY_REQUIRE_POSTGRES = 1
torture: export PARLEY_REQUIRE_S3 = 1
torture: export PATH := $(CURDIR)/bin/tools:$(PATH)
torture: setup-build ## Thirty bad nights: faults, kills, a full disk, late changes, and thirty of a cluster; NIGHTS=60 SEED=7 for others
	@tools/setup postgres && tools/setup s3
	@PARLEY_NIGHTS=$(or $(NIGHTS),30) PARLEY_SEED=$(or $(SEED),1) $(GO) test -count 1 -v -timeout 2h -run TestTorture ./test/torture

.PHONY: mutate
mutate: setup-build ## Make mistakes in packages and see which the tests let pass; ARGS="-n 40 ./internal/wire"
	@$(GO) run ./test/mutate $(ARGS)

.PHONY: clients
clients: setup-build ## The official JavaScript and Python clients, unmodified, against a sandbox; their examples too
	@tools/setup clients
	@PARLEY_REQUIRE_CLIENTS=1 $(GO) test $(STRIPPED) -count 1 -v ./test/clients/

.PHONY: engines
engines: setup-build ## PyIceberg and DuckDB read a lake, by the server and by control.db
	@tools/setup engines
	@PARLEY_REQUIRE_ENGINES=1 $(GO) test $(STRIPPED) -count 1 -v ./test/engines/

.PHONY: browser
browser: setup-build ## The pages in Debian's Chromium: every page and key, at three widths, light and dark, without script too
	@tools/setup browser
	@PARLEY_REQUIRE_BROWSER=1 $(GO) test $(STRIPPED) -count 1 -v ./test/page/

.PHONY: test-cluster
test-cluster: export PARLEY_REQUIRE_POSTGRES = 1
test-cluster: export PARLEY_REQUIRE_S3 = 1
test-cluster: export PARLEY_REQUIRE_TRINO = 1
test-cluster: export PARLEY_REQUIRE_CLIENTS = 1
test-cluster: export PATH := $(CURDIR)/bin/tools:$(PATH)
test-cluster: setup-build ## All that needs a real Trino: engines over folders and buckets, servers and nodes that are killed, official clients through a balancer; installs it, 540 MB
	@tools/setup postgres && tools/setup s3 && tools/setup trino && tools/setup clients
	@$(GO) test $(STRIPPED) -count 1 -p 1 -timeout 60m ./internal/engine/trino/...
	@$(GO) test $(STRIPPED) -count 1 -p 1 -timeout 30m -run 'ThroughABalancer|AClusterLosesNodes|WhileAClusterWrites' ./test/clients ./test/kill

.PHONY: examples
examples: setup-build ## Everything in examples/: the integrations in three languages, dbt, the notebook
	@tools/setup clients && tools/setup engines && tools/setup dbt && tools/setup postgres
	@PARLEY_REQUIRE_CLIENTS=1 PARLEY_REQUIRE_POSTGRES=1 $(GO) test $(STRIPPED) -count 1 -v ./test/examples/

.PHONY: spreadsheet
spreadsheet: setup-build ## LibreOffice opens exported rows; installs it, 280 MB
	@tools/setup spreadsheet
	@PARLEY_REQUIRE_LIBREOFFICE=1 $(GO) test $(STRIPPED) -count 1 -v -run LibreOffice ./test/clients/

.PHONY: fuzz
fuzz: setup-build ## Every fuzz target, for FUZZTIME each
	@tools/fuzz $(FUZZTIME)

.PHONY: bench
bench: export PATH := $(CURDIR)/bin/tools:$(PATH)
bench: build ## Benchmarks against goals and peers; ARGS="--quick", "--large", "--huge", "--load", "--soak" or "--workers"
	@$(GO) run ./bench $(ARGS)

.PHONY: web-vendor
web-vendor: ## Get the scripts of others that the pages load, as internal/web/static/vendor/vendored.json says
	@node tools/web-vendor.mjs

.PHONY: clean
clean: ## Remove what was built and installed here
	@rm -rf bin build .cache test/clients/js/node_modules test/page/js/node_modules

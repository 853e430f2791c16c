# make          build, vet and test
# make help     everything else

GO          ?= go
FUZZTIME    ?= 30
STATICCHECK := v0.8.2
GOVULNCHECK := v1.1.4

tools       := $(CURDIR)/.cache/bin
staticcheck := $(tools)/staticcheck-$(STATICCHECK)
govulncheck := $(tools)/govulncheck-$(GOVULNCHECK)

.PHONY: all build vet test test-interop lint check demo bench micro fuzz cover vuln pictures clean help

all: build vet test ## build, vet and test (the default)

build: ## the program, as ./isthmus
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags="-s -w" -o isthmus ./cmd/isthmus

vet: ## go vet
	$(GO) vet ./...

test: ## every test, under the race detector; installs what they need beyond Go if it can
	@.ci/needs
	$(GO) test -race $(TESTFLAGS) ./...

test-interop: ## of the tests those with other people's clients: openid-client, aws-jwt-verify, mod_auth_openidc
	@.ci/needs
	$(GO) test -race -count=1 $(TESTFLAGS) ./cmd/isthmus/walk

lint: vet $(staticcheck) ## vet and staticcheck
	$(staticcheck) ./...

check: ## exactly what CI runs
	.ci/run

demo: ## two linked pools and two apps on this machine, ready to click
	$(GO) run ./cmd/isthmus demo $(DEMOFLAGS)

bench: ## what sign-ins cost: virtual people at a running pair of pools (BENCHFLAGS=-h)
	@$(GO) run ./cmd/isthmus/bench $(BENCHFLAGS)

micro: ## benchmarks of single functions
	$(GO) test -run '^$$' -bench . -benchmem $(MICROFLAGS) ./...

fuzz: ## every fuzz target for FUZZTIME seconds (30)
	.ci/fuzz $(FUZZTIME)

cover: ## coverage by function; the report is .cache/cover.html
	@mkdir -p .cache
	$(GO) test -coverpkg=./... -coverprofile=.cache/cover.out ./...
	$(GO) tool cover -html=.cache/cover.out -o .cache/cover.html
	$(GO) tool cover -func=.cache/cover.out | tail -n 1

vuln: $(govulncheck) ## known vulnerabilities that our code reaches; VULNDB names a database other than the public one
	$(govulncheck) $(if $(VULNDB),-db $(if $(filter /%,$(VULNDB)),file://)$(VULNDB)) ./...

pictures: ## the pictures of README.md, taken again from the running demo
	@.ci/needs
	ISTHMUS_PICTURES=$(CURDIR)/.github $(GO) test -count=1 -run '^TestPictures$$' ./cmd/isthmus/demo

clean: ## what the other targets made
	rm -rf isthmus .cache

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  \1\t\2/p' Makefile | expand -t 16

$(staticcheck):
	GOBIN=$(tools) $(GO) install honnef.co/go/tools/cmd/staticcheck@$(STATICCHECK)
	mv $(tools)/staticcheck $@

$(govulncheck):
	GOBIN=$(tools) $(GO) install golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK)
	mv $(tools)/govulncheck $@

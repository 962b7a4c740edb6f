# Everything that people do here. It needs Python 3.11 or newer, pip and make, and no root.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

# Another environment that happens to be active must not leak into ours.
unexport VIRTUAL_ENV PYTHONPATH PYTHONHOME PIP_USER PIP_TARGET PIP_PREFIX
export PYTHONNOUSERSITE := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# PORT= is short for PLACET_PORT=; PLACET_… given to make, or in the environment, reach the service as they are.
ifneq ($(PORT),)
export PLACET_PORT := $(PORT)
endif

python := .venv/bin/python
placet := $(python) -m service.cli
run_ready := .venv/.installed-run
dev_ready := .venv/.installed-dev

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo "  PORT=, PLACET_DATA_DIR= and PLACET_DATABASE_URL= work with run and demo."

.PHONY: run
run: $(run_ready) ## Start the service at http://127.0.0.1:8000; Ctrl-C stops it
	@exec $(placet) serve --development

.PHONY: demo
demo: $(run_ready) ## Play a shop's customers against the running service
	@exec $(placet) demo

.PHONY: test
test: $(dev_ready) ## Run all tests
	$(python) -m pytest -n auto

.PHONY: test-database
test-database: $(dev_ready) ## Run the tests that need PostgreSQL; PLACET_POSTGRES_BIN= chooses its binaries
	$(python) -m pytest -n auto tests/integration tests/rules

.PHONY: check
check: $(dev_ready) ## Check format, lint, types, imports, and that what is generated agrees with the code
	$(python) -m ruff format --check .
	$(python) -m ruff check .
	.venv/bin/basedpyright
	.venv/bin/lint-imports
	$(python) -m pytest -q tests/architecture

.PHONY: bench
bench: $(dev_ready) ## Measure keys and receipts, then check, write and decision against their floor, then the ledger, reports and erasures
	$(python) -m benchmarks.primitives
	$(python) -m benchmarks
	$(python) -m benchmarks.ledger
	$(python) -m benchmarks.journey
	$(python) -m benchmarks.erasure

.PHONY: e2e
e2e: $(dev_ready) ## Run the tests in Chromium
	$(python) -m pytest tests/e2e

.PHONY: openapi
openapi: $(run_ready) ## Write openapi/openapi.json from the code
	$(placet) openapi

lock := .venv/bin/uv pip compile --quiet --no-config --universal --python-version 3.11 \
	--generate-hashes --no-annotate --no-emit-index-url --no-emit-find-links pyproject.toml

.PHONY: lock
lock: $(dev_ready) ## Write requirements/*.txt anew from pyproject.toml; pins that still fit stay
	$(lock) --output-file requirements/production.txt
	$(lock) --extra embedded --extra demo --constraint requirements/production.txt --output-file requirements/run.txt
	$(lock) --extra embedded --extra demo --group dev --constraint requirements/run.txt --output-file requirements/dev.txt

lock: export UV_CUSTOM_COMPILE_COMMAND := make lock

# The stamps come last, so a set-up that was interrupted is done again, and so is one whose requirements changed.
$(run_ready): requirements/run.txt .venv/.made
	@echo "Installing what the service needs …"
	@$(python) -m pip install --quiet --require-hashes --only-binary :all: --requirement $<
	@touch $@

$(dev_ready): requirements/dev.txt .venv/.made
	@echo "Installing what the service, its tests and its checks need …"
	@$(python) -m pip install --quiet --require-hashes --only-binary :all: --requirement $<
	@touch $(run_ready) $@

.venv/.made:
	@set -e; \
	if .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		&& .venv/bin/python -m pip --version >/dev/null 2>&1; then exit 0; fi; \
	for candidate in python3.11 python3.12 python3.13 python3 python; do \
		if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$candidate; break; fi; \
	done; \
	if [ -z "$${found:-}" ]; then echo "Placet needs Python 3.11 or newer, and none is on the PATH." >&2; exit 1; fi; \
	rm -rf .venv; \
	"$$found" -m venv .venv >/dev/null 2>&1 && exit 0; \
	rm -rf .venv; \
	"$$found" -m venv --without-pip .venv && "$$found" -m pip --python .venv/bin/python install --quiet pip || { \
		echo "$$found can make no virtual environment; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@printf '%s\n' '#!/bin/sh' 'PYTHONPATH="$(CURDIR)" exec "$(CURDIR)/$(python)" -m service.cli "$$@"' > .venv/bin/placet
	@chmod +x .venv/bin/placet
	@touch $@

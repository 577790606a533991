# `make` lists what there is. Everything is installed below this folder: .venv, web/node_modules.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

BIN := .venv/bin
# The venv brings node and npm, too. npm keeps its cache inside it, so that an empty or unwritable home is fine.
WITH_NODE := PATH="$(CURDIR)/$(BIN):$$PATH" npm_config_cache="$(CURDIR)/.venv/npm-cache" npm_config_update_notifier=false
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
UV_LOCK := uv pip compile pyproject.toml --extra local --generate-hashes --no-emit-index-url --no-header --universal \
	--python-version 3.11 --quiet
SOAKED := tests/ledger tests/live/test_observer.py tests/live/test_bus.py tests/api/test_who_may_what.py
SERVER_TESTS := $(addprefix tests/,accounts api claims database doors events failures ledger live offline redemptions \
	simulate vouchers)
WEB_SOURCES := $(shell find web -type d \( -name node_modules -o -name dist \) -prune -o -type f -print)

.PHONY: help setup run test test-nodes test-deploy soak lint format dev dev-server dev-web screenshots audit bench bench-profile api lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.package web/dist/.built .venv/.browser .venv/.hooks ## Install everything below this folder (a second time: nothing)

run: setup ## Start the whole product on this machine with a simulated night (ARGS="--port 9000" …)
	@exec $(BIN)/dibs up --demo $(ARGS)

test: setup ## Run all tests (ARGS="-k claims" … for the Python ones)
	$(BIN)/python -m pytest --numprocesses 2 --dist worksteal $(ARGS)
	cd web && $(WITH_NODE) npm test

test-nodes: setup ## Run the server's tests on two nodes that take turns at answering
	$(BIN)/python -m pytest --numprocesses 2 --dist worksteal --nodes 2 $(SERVER_TESTS) $(ARGS)

soak: setup ## Run the ledger's law, races, watchers and rights 20 times in a row (ARGS=100: more often)
	@for round in $$(seq $(or $(ARGS),20)); do \
	  echo "Round $$round of $(or $(ARGS),20)"; \
	  $(BIN)/python -m pytest --quiet --exitfirst $(SOAKED) || exit 1; done

test-deploy: setup ## Test two nodes behind Caddy and PgBouncer (Debian's packages caddy and pgbouncer)
	@PATH="$$PATH:/usr/sbin"; for program in caddy pgbouncer; do command -v $$program >/dev/null || \
	  { echo "$$program is not installed: apt-get install caddy pgbouncer" >&2; exit 1; }; done
	$(BIN)/python -m pytest -o addopts="-ra --strict-markers --strict-config" tests/deploy $(ARGS)

lint: setup ## Check style, types, layers and generated files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/dibs api-docs .venv/api-docs
	diff -r .venv/api-docs web/api || { echo "web/api is stale: run \`make api\`." >&2; exit 1; }
	cd web && $(WITH_NODE) npm run check

format: setup ## Put code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	cd web && $(WITH_NODE) npm run format

dev: setup ## Server and pages that follow your edits (pages: http://localhost:5173)
	$(MAKE) --jobs=2 dev-server dev-web

dev-server:
	@exec $(BIN)/dibs up --reload $(ARGS)

dev-web:
	cd web && $(WITH_NODE) exec npm run dev

screenshots: setup ## Paint every page in every state into screenshots/ (ARGS="-k door" …)
	SCREENSHOTS=screenshots $(BIN)/python -m pytest -q tests/browser/test_states.py $(ARGS)

audit: setup ## Measure the pages: Lighthouse, and frames a second in a rush (needs a machine with nothing else to do)
	$(BIN)/python -m pytest -q -s --timeout 900 tests/browser/audit.py $(ARGS)

bench: setup ## Measure against what people would take instead (ARGS="--full", "--only pgbench" …)
	$(BIN)/python -m bench $(ARGS)

bench-profile: setup ## Show where a node's time goes while one hot event is redeemed
	$(BIN)/python -m bench.profile $(ARGS)

vectors: setup ## Record anew the cases that the web apps share: the ledger's, the door's, codes, QR codes
	DIBS_RECORD_VECTORS=1 $(BIN)/python -m pytest -q tests/ledger/test_law.py tests/redemptions/test_recorded_rules.py \
	  tests/vouchers/test_codes.py tests/vouchers/test_qr_vectors.py tests/doors/test_book.py

api: .venv/.package web/node_modules/.installed ## Write the API documents anew, and the web's types from them
	$(BIN)/dibs api-docs web/api
	cd web && $(WITH_NODE) npm run types

lock: ## Pin what pyproject.toml and web/package.json ask for (needs uv; ARGS=--upgrade for the newest)
	$(UV_LOCK) $(ARGS) --output-file requirements/run.txt
	$(UV_LOCK) $(ARGS) --group dev --constraint requirements/run.txt --output-file requirements/dev.txt
	uv pip compile --group pyproject.toml:build --constraint requirements/dev.txt --generate-hashes --no-emit-index-url \
	  --no-header --universal --python-version 3.11 --quiet --output-file requirements/build.txt
	$(MAKE) .venv/.package
	cd web && $(WITH_NODE) npm install --package-lock-only

clean: ## Remove what setup and the tools made; data in .dibs stay
	rm -rf .venv web/node_modules web/dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# ── Behind `setup`: each step leaves a stamp and is done again when what it depends on has changed ──────────────

.venv/.requirements: requirements/dev.txt
	@python=""; for candidate in python3.14 python3.13 python3.12 python3.11 python3 python; do \
	  if "$$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    python="$$candidate"; break; fi; done; \
	if [ -z "$$python" ]; then echo "Python 3.11 or newer with its venv module is needed." >&2; exit 1; fi; \
	if ! $(BIN)/python -c '' 2>/dev/null; then echo "Making .venv with $$("$$python" --version)"; "$$python" -m venv --clear .venv; fi
	@echo "Installing Python packages"
	@$(PIP) install --require-hashes --requirement requirements/dev.txt
	@touch $@

.venv/.package: .venv/.requirements pyproject.toml
	@mkdir -p web/dist  # the package carries the pages, which are built later
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

web/node_modules/.installed: web/package.json web/package-lock.json .venv/.requirements
	@echo "Installing web packages"
	@cd web && $(WITH_NODE) npm ci --no-progress --loglevel=error
	@touch $@

web/dist/.built: web/node_modules/.installed $(WEB_SOURCES)
	@echo "Building the pages"
	@cd web && $(WITH_NODE) npm run --silent build
	@touch $@

.venv/.browser: web/node_modules/.installed web/scripts/browser.ts
	@echo "Unpacking the browser of the tests"
	@$(WITH_NODE) node web/scripts/browser.ts .venv/browser
	@touch $@

.venv/.hooks: .pre-commit-config.yaml .venv/.requirements
	@if git rev-parse --git-dir >/dev/null 2>&1 && ! git config core.hooksPath >/dev/null; then \
	  $(BIN)/pre-commit install >/dev/null; fi
	@touch $@

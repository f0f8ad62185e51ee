# Everything runs in .venv, made from the first Python >= 3.11 on PATH with the versions of constraints.txt;
# it is installed again only when pyproject.toml or constraints.txt change.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

BIN := .venv/bin
READY := .venv/.installed
BENCH_READY := .venv/.installed-bench
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install --constraint constraints.txt

DEMO_FEED := samples/listings.csv
DEMO_MARKETS := SA DE ID US JP

.PHONY: help demo app editor tour test cases lint types format docs bench clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(READY) ## run the gate over the sample feed for five markets; prints the report and its exit code
	@code=0; \
	$(BIN)/weighbridge check $(DEMO_FEED) --project . $(DEMO_MARKETS:%=--market %) --market-field market_code || code=$$?; \
	echo "exit code of the gate: $$code (0 clean, 1 findings, 2 could not do the job)"; \
	test $$code -le 1

app: $(READY) ## open the web app on the shipped project
	$(BIN)/weighbridge app

editor: ## build the source editor of the web app again (needs Node)
	cd engine/weighbridge/app/codemirror && npm ci --silent && npm run --silent build

tour: $(READY) ## take the pictures of docs/tour.md again (needs Chromium)
	$(BIN)/python docs/tour_pictures.py

test: $(READY) ## run all tests
	$(BIN)/python -m pytest --numprocesses auto

cases: $(READY) ## a million random cases: scalar and columnar programs, a part of them the reference as well
	WEIGHBRIDGE_CASES=1000000 WEIGHBRIDGE_RECORDS=400 $(BIN)/python -m pytest --numprocesses auto -rP tests/test_forms.py

lint: $(READY) ## check style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY) ## check types
	$(BIN)/mypy

format: $(READY) ## format the code
	$(BIN)/ruff check --fix --select I .
	$(BIN)/ruff format .

docs: $(READY) ## write what the documentation takes from the code and the packs
	$(BIN)/python docs/generate.py
	$(BIN)/weighbridge docs --out docs/packs

bench: $(BENCH_READY) ## time the engine beside others; writes benchmarks/results/ and docs/benchmarks.md
	$(BIN)/python -m benchmarks

clean: ## remove the environment and everything generated
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks
	find engine tests benchmarks -type d -name __pycache__ -prune -exec rm -rf {} +

$(READY): pyproject.toml constraints.txt
	@python=; for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	  if "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$name; break; fi; \
	done; \
	if [ -z "$$python" ]; then echo "Weighbridge needs Python 3.11 or later; none found on PATH" >&2; exit 1; fi; \
	if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then rm -rf .venv; "$$python" -m venv .venv; fi
	$(PIP) --editable '.[dev,app]'
	@touch $@

$(BENCH_READY): $(READY)
	$(PIP) --editable '.[dev,app,bench]'
	@touch $@

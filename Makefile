# Everything one does here, each from a bare machine with Python 3.11 or newer: `make help`.
# What needs setting up is set up in .venv first, and not again while nothing has changed.

.DEFAULT_GOAL := help
.PHONY: help run test fuzz brokers chaos check lint types contracts bench bench-large docs screenshots assets wheel clean FORCE

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; done)
BIN := .venv/bin
READY := .venv/ready
MANIFEST := web/static/built/manifest.json
SETUP := pyproject.toml setup.cfg setup.py
ASSETS := $(shell find web/assets -type f -not -path '*/node_modules/*')

help: ## list what one can do
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1	\2/' | expand -t 22

run: $(READY) ## start Pujiang with demonstration data, and print its address and sign-ins
	$(BIN)/pujiang demo

test: $(READY) ## run the tests, on every core
	$(BIN)/python -m pytest -n auto --maxprocesses 8 --dist loadfile

fuzz: $(READY) ## 10,000 random processes, and random expressions
	FUZZ_EXAMPLES=20000 $(BIN)/python -m pytest tests/engine/test_expressions_fuzz.py
	$(BIN)/python -m tests.fuzz

brokers: $(READY) ## the tests of Celery on RabbitMQ too; `make test` has Redis
	BROKERS="redis rabbitmq" $(BIN)/python -m pytest tests/web/test_celery.py

chaos: $(READY) ## campaigns: processes killed under load, crowds at one case, disks that are full; an hour
	$(BIN)/python -m tests.campaigns

check: lint types contracts test ## everything that CI checks

lint: $(READY) ## ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY) ## mypy, strict on engine/ and workflows/
	$(BIN)/mypy

contracts: $(READY) ## who may import whom
	$(BIN)/lint-imports

bench: $(READY) ## run the benchmarks, in some minutes; figures go to bench.json too
	$(BIN)/python -m pip install --quiet --editable '.[bench]' || echo "# DBOS could not be installed, and is not measured."
	$(BIN)/python -m benchmarks

bench-large: $(READY) ## half an hour and 40 GB of disk: what takes longer with a million cases
	$(BIN)/python -m benchmarks large idle

docs: $(READY) ## write docs/bpmn.md from the engine's tables
	$(BIN)/python -m tests.bpmn_page

screenshots: $(READY) ## pictures of every page at 1280 and 390 pixels, in screenshots/
	$(BIN)/python -m tests.screenshots

assets: $(READY) ## build the front end anew

wheel: $(READY) ## a wheel that installs without Node, in dist/
	$(BIN)/pip wheel --no-deps --wheel-dir dist .

clean: ## remove what was built, but no data
	rm -rf .venv build dist *.egg-info web/static/built web/assets/node_modules benchmarks/*/node_modules .*_cache .hypothesis

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Expected Python 3.11 or newer, but found none: install it, or make PYTHON=/path/to/python3." >&2; exit 1; }
	$(PYTHON) -m venv .venv || { rm -rf .venv; echo "Expected $(PYTHON) to make a virtual environment, but it could not: on Debian, apt-get install python3-venv." >&2; exit 1; }

$(READY): $(SETUP) $(ASSETS) $(if $(wildcard $(MANIFEST)),,FORCE) | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	@touch $@

FORCE:

# The main entry points; each sets up what it needs. `make help` lists them.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: help setup demo test check bench conformance soak clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST)

setup: $(STAMP) ## create .venv and install with all extras

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "morestack needs Python 3.11 or newer" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { echo "cannot create .venv: install python3-venv (apt-get install python3-venv)" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[std,peer,inspect,fleet,test]'
	@touch $@

demo: setup ## run a real program and show what its stacks did
	$(BIN)/morestack run --stacks examples/tree.go

test: setup ## all tests; Go's own are fetched where a Debian mirror can be reached
	-@$(BIN)/python -m tests.conformance.corpus
	$(BIN)/python -m pytest -n auto

check: setup ## format, lint, types, imports, unused code, notes and fast tests
	./check

bench: setup ## figures beside real Go, from one run
	$(BIN)/python -m benchmarks
	-$(BIN)/python -m benchmarks.frames

conformance: setup ## Go's own tests and -m decisions, against the lists of known failures
	$(BIN)/python -m tests.conformance
	$(BIN)/python -m tests.conformance.escape
	$(BIN)/python -m tests.conformance.typetests

soak: setup ## random programs under random schedules for an hour
	$(BIN)/python -m tests.soak --seconds 3600

clean: ## remove the environment and caches
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis

# Everything here needs Python 3.11 or later, make and a package index; pip reads its own settings (PIP_*, pip.conf).

PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready
BIN := $(VENV)/bin
BENCHMARKS := .venv-benchmarks

.DEFAULT_GOAL := help
.PHONY: help venv demo test lint benchmark lock deploy clean

help: ## List these targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 16

venv: $(READY) ## Make .venv and install the project into it

demo: $(READY) ## Crawl two bundled news sites into an embedded MongoDB and show what was kept
	@$(BIN)/python -m demo

test: $(READY) ## Run the tests, against a real MongoDB (ARGS="-k name" for some of them)
	@echo "==> Testing"
	@$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile $(ARGS)

lint: $(READY) ## Check style and types
	@echo "==> Checking style and types"
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy

benchmark: $(BENCHMARKS)/.ready ## Compare with other extractors on training_data (ARGS=CORPUS, ARGS=--help)
	@$(BENCHMARKS)/bin/python -m benchmarks.extractors $(ARGS)

lock: $(READY) ## Pin the dependencies of pyproject.toml in the lock files (ARGS=--upgrade for newer ones)
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --group dev --all-extras --generate-hashes \
		--custom-compile-command "make lock" $(ARGS) pyproject.toml --output-file requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --group benchmarks --generate-hashes \
		--custom-compile-command "make lock" $(ARGS) pyproject.toml --output-file benchmarks/requirements.lock

deploy: $(READY) ## Send the project to the scrapyd nodes in SCRAPYD_NODES, as SCRAPYD_USERNAME and SCRAPYD_PASSWORD
	@: "$${SCRAPYD_USERNAME:?set it to the user of the nodes}" "$${SCRAPYD_PASSWORD:?set it to the password of the nodes}"
	@folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; version=$$(date -u +%Y%m%d%H%M%S); failed=0; \
	$(BIN)/scrapyd-deploy --build-egg "$$folder/egg" || exit 1; \
	for node in $$(echo "$${SCRAPYD_NODES:-http://127.0.0.1:6800}" | tr , ' '); do \
		SCRAPYD_NODE="$${node%/}/" $(BIN)/scrapyd-deploy --egg "$$folder/egg" --version "$$version" | tee "$$folder/answer"; \
		grep -q '"status": "ok"' "$$folder/answer" || { echo "Not deployed to $$node" >&2; failed=1; }; \
	done; exit $$failed

clean: ## Remove .venv and caches; the data in .broadsheet stays
	@rm -rf $(VENV) $(BENCHMARKS) build dist *.egg-info .pytest_cache .hypothesis .mypy_cache .ruff_cache

# The build backend is in the lock as well, so that nothing is installed that the lock does not name. Its warning of
# editable installs speaks of folders that hide the package; here that is the wish.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Broadsheet needs Python 3.11 or later, and $(PYTHON) is not. Try: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; \
		exit 1; }
	@echo "==> Making a virtual environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@echo "==> Installing the packages of requirements.lock (half a minute)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation \
		--editable .
	@touch $@

# An environment of its own, since the extractors ask for versions that the project does not. The lock names all that they
# need; pip 23 fails to work that out again (two spellings of one extra of lxml).
$(BENCHMARKS)/.ready: benchmarks/requirements.lock
	@echo "==> Making a virtual environment in $(BENCHMARKS), with the extractors to compare with (a minute)"
	@$(PYTHON) -m venv $(BENCHMARKS)
	@$(BENCHMARKS)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
		-r benchmarks/requirements.lock
	@touch $@

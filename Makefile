# The interface of the project. CI calls nothing else.
PYTHON ?= python3
VENV := .venv
SPARK := .venv-spark
BIN := $(VENV)/bin
STAMP := $(VENV)/.mtasts-setup

.PHONY: setup engine plugins wheelhouse demo test matrix spark e2e lint rfc figures workflows preview-local format bench lock clean

setup: $(STAMP)

# uv comes from its own lock; everything else is installed from hashes, the project itself in place.
$(STAMP): requirements-bootstrap.lock requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "mtasts needs Python 3.11 or newer: make PYTHON=python3.12 setup")'
	@echo "setup: creating $(VENV)"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements-bootstrap.lock
	@echo "setup: installing the locked packages"
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes --compile-bytecode requirements-dev.lock requirements-bootstrap.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q mtasts components
	@touch $@

# Found on PATH, fetched or built once, and kept outside the checkout.
engine: setup
	@$(BIN)/mtasts local engine

# The real providers' plugins, each held to its pinned sum: docs/downloads.md.
plugins: setup
	@$(BIN)/mtasts local plugins

# What an install without a network needs, and proof that it is enough: docs/air-gapped.md.
wheelhouse: setup
	@$(BIN)/python tools/wheelhouse.py wheelhouse

# make demo CLOUD=cloudflare plays it on the other one.
CLOUD ?= aws
demo: engine
	@$(BIN)/mtasts demo --cloud $(CLOUD)

# Every stack with this checkout's own code; no credentials, and nothing leaves the machine.
preview-local: engine
	@$(BIN)/mtasts local preview

test: engine
	@$(BIN)/python -m pytest --cov --cov-report=term

# A run killed at every step, recovered and run again, and stacks of every size: what `test` samples, in full.
matrix: engine
	@$(BIN)/python -m pytest tests/engine/test_crashes.py tests/engine/test_scale.py -m "matrix or not matrix"

# The queries of the store of TLS reports on DuckDB and on a local Spark, row by row: Java 17.
spark: setup $(SPARK)/.mtasts-setup
	@$(BIN)/python -m pytest tests/spark -m spark -n 0

# In an environment of its own: 500 MB that nothing else needs.
$(SPARK)/.mtasts-setup: requirements-spark.lock
	@$(PYTHON) -m venv --clear $(SPARK)
	@$(BIN)/uv pip sync --quiet --python $(SPARK)/bin/python --require-hashes requirements-spark.lock
	@touch $@

# Real mail servers in a network namespace of their own: Linux, as root; installs Postfix.
e2e: setup
	@$(BIN)/python tools/e2e.py

lint: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@for each in bench policypack/__main__.py policypack/examples $(sort $(dir $(wildcard tests/*/*.py))); do \
		MYPYPATH=tests:tests/mtasts:tests/components:tools:$$each $(BIN)/mypy --no-error-summary $$(find $$each -name '*.py') || exit 1; \
	done
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/codespell
	@$(BIN)/deptry . --no-ansi
	@$(BIN)/python tools/rfc.py > /dev/null

# Section of an RFC -> code -> test, from the references in the text.
rfc: setup
	@$(BIN)/python tools/rfc.py $(RFC)

# How the code stands in figures; tests hold some of them.
figures: setup
	@$(BIN)/python tools/figures.py

# actionlint is built from pinned Go modules, as the engine is.
workflows: setup
	@$(BIN)/zizmor --offline --persona=pedantic .github/workflows templates/project/*.yml
	@go -C tools/workflows tool actionlint $(CURDIR)/.github/workflows/*.yml $(CURDIR)/templates/project/*.yml

format: setup
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

# parsedmarc, which reports are read in turns with, in an environment of its own.
PEER := .local/bench-parsedmarc

# Compiled first, as an installed package is: some machines keep Python from doing so itself.
bench: engine
	@$(BIN)/python -m compileall -q mtasts components
	@$(BIN)/python bench/lint.py
	@$(BIN)/python bench/preview.py
	@$(BIN)/python bench/stale_pins.py --format json
	@$(BIN)/python bench/check.py
	@$(BIN)/python bench/worker.py
	@$(BIN)/python bench/ledger.py
	@$(BIN)/python bench/reports_pull.py
	@$(BIN)/python bench/component.py
	@$(BIN)/python bench/growth.py
	@$(BIN)/python -m venv $(PEER)
	@$(BIN)/uv pip sync --quiet --python $(PEER)/bin/python --require-hashes requirements-bench.lock
	@$(BIN)/python bench/reports_mail.py $(PEER)/bin/python
	@$(BIN)/python bench/reports_store.py

lock: setup
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header -o requirements-bootstrap.lock requirements-bootstrap.in
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --extra cloudflare --extra policypack -o requirements.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --extra cloudflare --extra local --extra policypack --extra reports --extra dev -c requirements.lock -o requirements-dev.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header -o requirements-spark.lock requirements-spark.in
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header -o requirements-bench.lock requirements-bench.in

clean:
	rm -rf .local .mypy_cache .ruff_cache .pytest_cache .hypothesis

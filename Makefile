# The commands of the project. CI calls only these.
PYTHON ?= python3
VENV := .venv
SPARK := .venv-spark
BIN := $(VENV)/bin
STAMP := $(VENV)/.mtasts-setup

.PHONY: setup engine plugins wheelhouse demo test languages matrix spark e2e lint rfc figures workflows preview-local format bench lock clean

setup: $(STAMP)

# pip installs uv from its own lock file, and uv installs all other packages from theirs, by hash. The
# project itself is installed as editable.
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

# The Pulumi engine: found on PATH, or downloaded or built once, and kept outside the checkout.
engine: setup
	@$(BIN)/mtasts local engine

# The plugins of the real providers, each compared with its pinned sum: docs/downloads.md.
plugins: setup
	@$(BIN)/mtasts local plugins

# All packages for an install without a network, and such an install as a test: docs/air-gapped.md.
wheelhouse: setup
	@$(BIN)/python tools/wheelhouse.py wheelhouse

# make demo CLOUD=cloudflare runs the demo on the other cloud.
CLOUD ?= aws
demo: engine
	@$(BIN)/mtasts demo --cloud $(CLOUD)

# Previews every stack with the code of this checkout, without credentials and without a network.
preview-local: engine
	@$(BIN)/mtasts local preview

test: engine
	@$(BIN)/python -m pytest --cov --cov-report=term

# Programs in TypeScript, YAML, Go and Python, and the package as a newcomer installs it: installing and
# compiling take most of their time.
languages: engine
	@$(BIN)/python -m pytest tests/engine -m languages

# Runs that are killed at every step and recovered, and stacks of every size; `test` runs a sample.
matrix: engine
	@$(BIN)/python -m pytest tests/engine/test_crashes.py tests/engine/test_scale.py -m "matrix or not matrix"

# Compares the queries on TLS reports between DuckDB and a local Spark, row by row; needs Java 17.
spark: setup $(SPARK)/.mtasts-setup
	@$(BIN)/python -m pytest tests/spark -m spark -n 0

# Spark has its own virtual environment: 500 MB that nothing else needs.
$(SPARK)/.mtasts-setup: requirements-spark.lock
	@$(PYTHON) -m venv --clear $(SPARK)
	@$(BIN)/uv pip sync --quiet --python $(SPARK)/bin/python --require-hashes requirements-spark.lock
	@touch $@

# Tests with real mail servers in their own network namespace; needs Linux and root, installs Postfix.
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

# Lists each RFC section with the code and the tests that refer to it.
rfc: setup
	@$(BIN)/python tools/rfc.py $(RFC)

# Prints figures about the code; tests limit some of them.
figures: setup
	@$(BIN)/python tools/figures.py

# actionlint is built from pinned Go modules, like the engine.
workflows: setup
	@$(BIN)/zizmor --offline --persona=pedantic .github/workflows templates/project/*.yml
	@go -C tools/workflows tool actionlint $(CURDIR)/.github/workflows/*.yml $(CURDIR)/templates/project/*.yml

format: setup
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

# The virtual environment of parsedmarc, with which the reading of reports is compared.
PEER := .local/bench-parsedmarc

# Compiled first, like an installed package: on some machines Python may not write .pyc files.
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

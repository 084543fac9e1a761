# Everything needs only make and Python 3.11-3.13; the first target builds .venv from requirements.lock.
PYTHON ?= python3
UV_VERSION := 0.13.8
# One more than two cores: some tests wait for a cluster's processes.
WORKERS ?= 3

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

# One thread per process: the same bits on every run, and two fits in parallel instead of one on two threads.
OMP_NUM_THREADS ?= 1
export OMP_NUM_THREADS

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint format lock bench wheel clean

help:
	@echo "make demo    run one quantum generator on the built-in phantom and show the result"
	@echo "make test    run the tests (except those marked gpu or slow)"
	@echo "make lint    check style, types and the layers of imports"
	@echo "make format  format the code"
	@echo "make bench   measure speed against other simulators"
	@echo "make wheel   build the wheel into dist/"
	@echo "make lock    resolve all versions again and write requirements.lock"
	@echo "make clean   remove .venv, caches and builds (never runs/)"

setup: $(INSTALLED)

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { \
	  echo "qaugbench needs Python 3.11, 3.12 or 3.13, and $(PYTHON) is none of them: $$($(PYTHON) --version 2>&1)."; \
	  echo "Name another one: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || { \
	  echo "$(PYTHON) cannot create virtual environments."; \
	  echo "Install its venv module (Debian, Ubuntu: the package python3-venv) and try again."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(BIN)/pip || $(BIN)/python -m ensurepip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

demo: setup
	$(BIN)/qaugbench run --task chestxray --generator qldm --source phantom --track smoke

test: setup
	$(BIN)/python -m pytest -n $(WORKERS) -m "not gpu and not slow" $(ARGS)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo --no-cache

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup
	@set -e; for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python "$$script"; done

wheel: setup
	$(BIN)/python -m hatchling build -t wheel -d dist

# uv.lock names an index; only names, versions and hashes are kept.
lock: setup
	rm -f uv.lock
	$(BIN)/uv lock --quiet
	$(BIN)/uv export --quiet --frozen --all-extras --no-extra resources --no-emit-project --no-header --no-annotate \
	  --format requirements-txt --output-file requirements.lock
	@! grep -nE '://|^-' requirements.lock || { echo "requirements.lock must not name an address."; exit 1; }

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

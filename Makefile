# Short commands. `make help` lists them; none needs anything but Python 3.11 or later.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help serve test check bench lock clean debian clients

PYTHON ?= python3
DATA ?= vipmg-data
PORT ?= 8000
UV ?= uv

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
LOCK := $(UV) pip compile --universal --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-annotate --no-header --quiet
COMPILE := $(LOCK) pyproject.toml --python-version 3.11

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

serve: .venv/run.stamp ## Run the service, with demonstration data if DATA is new (DATA=vipmg-data PORT=8000)
	exec $(BIN)/vipmg serve --data-dir "$(DATA)" --port $(PORT) --demo

test: check debian clients ## Run every check and test, on the wheel's PostgreSQL and on Debian's
	$(BIN)/pytest -n 2
	@programs=$$(ls -d /usr/lib/postgresql/1[5-9]/bin 2>/dev/null | head -n 1); \
	if [ -z "$$programs" ]; then \
	  echo "Left out: tests/store and tests/api on Debian's PostgreSQL, which is not installed" \
	    "(as root on Debian, make test installs it)."; \
	else \
	  set -x; VIPMG_TEST_POSTGRES_BIN=$$programs $(BIN)/pytest -n 2 \
	    --ignore=tests/store/test_embedded.py $(wildcard tests/store tests/api); \
	fi

check: .venv/dev.stamp ## Lint, format, types and layers, without tests
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/dev.stamp ## Measure against the budgets
	$(BIN)/python -m bench

lock: ## Pin the dependencies again (needs uv)
	@command -v $(UV) >/dev/null || { echo "make lock needs uv: pip install uv" >&2; exit 1; }
	$(COMPILE) -o requirements.lock
	$(COMPILE) --group dev -c requirements.lock -o requirements-dev.lock
	$(LOCK) tests/clients/opensdmx.in --python-version 3.12 -o tests/clients/opensdmx.lock

clean: ## Remove what was built or installed here; data directories stay
	rm -rf .venv .venv-opensdmx dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Of PostgreSQL the programs only: no cluster is made and no server is started. R and its library
# are one of the clients that the tests read the service with.
debian:
	@if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then exit 0; fi; \
	export DEBIAN_FRONTEND=noninteractive; \
	install() { set -x; apt-get update -qq; apt-get install -yqq --no-install-recommends "$$@"; }; \
	if ! ls /usr/lib/postgresql/1[5-9]/bin/postgres >/dev/null 2>&1; then \
	  install postgresql-common && \
	  echo 'create_main_cluster = false' >> /etc/postgresql-common/createcluster.conf && \
	  install postgresql; \
	fi; \
	if ! ls /usr/lib/R/site-library/rsdmx/DESCRIPTION >/dev/null 2>&1; then \
	  install r-cran-rsdmx; \
	fi

# opensdmx needs a newer Python than the service does: it is left out where there is none.
clients:
	@for python in $(PYTHON) python3.14 python3.13 python3.12 \
	    $$(ls -d $${PYENV_ROOT:-$$HOME/.pyenv}/versions/3.1[2-9].*/bin/python 2>/dev/null); do \
	  if $$python -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then \
	    $(MAKE) --no-print-directory NEWER=$$python .venv-opensdmx/stamp; exit; \
	  fi; \
	done; \
	echo "Left out: tests/clients/test_opensdmx.py, which needs Python 3.12 or later."

.venv-opensdmx/stamp: tests/clients/opensdmx.lock
	$(NEWER) -m venv .venv-opensdmx
	.venv-opensdmx/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r $<
	@touch $@

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Python 3.11 or later is needed, $(PYTHON) is %d.%d. Name another: make PYTHON=python3.12" % sys.version_info[:2])'
	$(PYTHON) -m venv .venv

.venv/run.stamp: requirements.lock pyproject.toml | .venv/bin/python
	$(PIP) install --require-hashes -r requirements.lock
	$(PIP) install --no-deps -e .
	@touch $@

.venv/dev.stamp: requirements-dev.lock .venv/run.stamp
	$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

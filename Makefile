# What a developer does with Fonoteca. Everything happens in .venv; nothing else on the machine is touched.
#
# ARGS reaches the command behind a target: make test ARGS="tests/unit -k filter"
# PYTHON chooses the interpreter of a new .venv:  make run PYTHON=python3.13

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

PROTOS = $(sort $(wildcard protos/*/*/*.proto))
# The contracts must stay compatible with what the branch started from. Empty without such a commit.
BASE = $(shell git merge-base HEAD origin/main 2>/dev/null || git rev-parse --quiet --verify main 2>/dev/null)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test bench proto lint format lock schema build clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/runtime.stamp ## Start the service, with a database of its own unless DATABASE_URL is set
	$(BIN)/fonoteca serve $(ARGS)

# A process for each core, four at most: each has a PostgreSQL of its own. The last -n counts.
test: $(VENV)/dev.stamp ## Run the test suite (ARGS="-n 0": in one process)
	$(BIN)/python -m pytest -n logical --maxprocesses 4 --dist worksteal $(ARGS)

bench: $(VENV)/dev.stamp ## Measure the service (ONLY=import,get: some of it)
	$(BIN)/python -m benchmarks $(if $(ONLY),--only $(ONLY)) $(ARGS)

proto: $(VENV)/dev.stamp ## Generate the Python stubs from protos/
	rm -rf generated/fonoteca
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python -m grpc_tools.protoc \
		-I protos -I third_party/googleapis \
		--python_out=generated --grpc_python_out=generated \
		--mypy_out=quiet:generated --mypy_grpc_out=quiet:generated $(PROTOS)

lint: $(VENV)/dev.stamp ## Check style, types and contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/buf lint
	$(BIN)/buf format --diff --exit-code protos
	@if git cat-file -e "$(BASE):buf.yaml" 2>/dev/null; then \
		echo "$(BIN)/buf breaking --against $(BASE)"; \
		$(BIN)/buf breaking --against ".git#ref=$(BASE)"; \
	else \
		echo "buf breaking: there is no earlier version to compare with"; \
	fi

format: $(VENV)/dev.stamp ## Rewrite code and contracts in the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/buf format --write protos

# Without --upgrade (make lock ARGS=--upgrade) pins stay as they are where they still fit.
COMPILE = $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-annotate --no-header $(ARGS)
lock: $(VENV)/dev.stamp ## Resolve the dependencies of pyproject.toml into requirements*.txt
	$(PIP) install uv
	$(COMPILE) --group build --output-file requirements.txt
	$(COMPILE) --group dev --constraints requirements.txt --output-file requirements-dev.txt

schema: $(VENV)/dev.stamp ## Rewrite tests/migrations/schema.sql from the migrations
	$(BIN)/python -m tests.migrations.snapshot

build: $(VENV)/dev.stamp ## Build wheel and source distribution into dist/
	rm -rf dist
	$(BIN)/python -m hatchling build

clean: ## Remove what was built and cached; .venv stays
	rm -rf dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find service tests benchmarks generated alembic -name __pycache__ -prune -exec rm -rf {} +

# Interpreter, then locked dependencies, then the project itself in place. A stamp that is newer than
# the lock means there is nothing to install. The development set contains the runtime set.
$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Fonoteca needs Python 3.11 or later, and $(PYTHON) is $$($(PYTHON) --version 2>&1)."; \
		echo "Name another one: make PYTHON=python3.13 $(MAKECMDGOALS)"; exit 1; } >&2
	$(PYTHON) -m venv $(VENV)

$(VENV)/runtime.stamp: requirements.txt pyproject.toml | $(BIN)/pip
	@echo "Installing what the service needs into $(VENV) (only when the lock has changed) ..."
	$(PIP) install --require-hashes -r requirements.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev.stamp: requirements-dev.txt pyproject.toml | $(BIN)/pip
	@echo "Installing what development needs into $(VENV) (only when the lock has changed) ..."
	$(PIP) install --require-hashes -r requirements-dev.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@ $(VENV)/runtime.stamp

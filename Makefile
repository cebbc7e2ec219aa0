# The commands for people and CI. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run status backing journey do test check bench protos openapi conformance mutants images fmt clean sync

# uv comes from PATH, or from an environment under .local that `make` creates.
UV := $(shell uv --version >/dev/null 2>&1 && command -v uv || echo .local/uv/bin/uv)
PYTHON := .venv/bin/python
URL ?= http://localhost:8000
# Number of test processes; 0 runs the tests in one process, as a debugger requires.
WORKERS ?= auto
FAST_TESTS := libs/kernel gateway $(wildcard services/*/tests/unit services/*/tests/contract)
# uv has its own list of certificate authorities. Use the system's list, which has the authority of a network that inspects TLS.
ifneq ($(wildcard /etc/ssl/certs/ca-certificates.crt),)
export UV_SYSTEM_CERTS ?= 1
endif
# Without bytecode, pytest rewrites every test file at each start, and each process compiles all its imports.
unexport PYTHONDONTWRITEBYTECODE

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: sync ## Start the whole platform, run the journey, serve until Ctrl-C (ONCE=1: stop after the journey; REPLICAS=2: two of each process)
	@ONCE=$(ONCE) $(PYTHON) -m elcorp_local run --replicas $(or $(REPLICAS),1)

status: sync ## Show which processes run and are ready
	@$(PYTHON) -m elcorp_local status

backing: sync ## Start PostgreSQL, RabbitMQ and Redis only, and print the variables with which the tests use them
	@$(PYTHON) -m elcorp_local backing

journey: sync ## Run the journey against a running platform of make run, docker compose or a cluster (URL=http://…)
	@$(PYTHON) -m elcorp_local journey --url $(URL)

# Passed through the environment, because make and the shell would expand characters such as $ and `.
do: export ELCORP_LOCAL_LINE := $(value ARGS)
do: sync ## Run a command of a service with the settings of the running platform (SERVICE=payments ARGS="ledger verify")
	@$(PYTHON) -m elcorp_local do --line="$$ELCORP_LOCAL_LINE" $(or $(SERVICE),$(error name the service: SERVICE=payments ARGS="ledger verify"))

test: sync ## Run every test on real PostgreSQL, RabbitMQ and Redis (FAST=1: units and contracts; STRESS=1: on a busy machine; ARGS="-k name")
	@$(PYTHON) -m pytest -n $(WORKERS) $(if $(FAST),$(FAST_TESTS)) $(if $(STRESS),--stress) $(ARGS)

check: sync ## Run what CI checks besides tests: lint, format, types, layers, contracts, generated files, prose
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy libs services gateway deploy k8s tests-e2e
	.venv/bin/lint-imports
	@$(PYTHON) deploy/ci/contracts.py
	@$(PYTHON) deploy/ci/protos.py && git diff --exit-code --stat -- protos || { echo "protos/ is not what its .proto files generate: run make protos and commit"; exit 1; }
	@$(PYTHON) deploy/ci/openapi.py && git diff --exit-code --stat -- docs/openapi.json || { echo "docs/openapi.json is stale: run make openapi and commit"; exit 1; }
	@$(PYTHON) deploy/ci/generated_client.py
	@$(PYTHON) deploy/ci/assurance.py --check
	@$(PYTHON) deploy/ci/prose.py
	@$(UV) lock --check --quiet || { echo "uv.lock does not match the pyproject files: run uv lock and commit"; exit 1; }

bench: sync ## Measure, print a table, write .local/bench.json (ONLY=name runs one)
	@$(PYTHON) -m elcorp_local bench $(if $(ONLY),--only $(ONLY))

protos: sync ## Generate the Python of protos/
	@$(PYTHON) deploy/ci/protos.py

openapi: sync ## Write the merged OpenAPI document to docs/openapi.json, and the requirements of each operation to docs/security.md
	@$(PYTHON) deploy/ci/openapi.py
	@$(PYTHON) deploy/ci/assurance.py

conformance: sync ## Run the tests of standards' clauses, and write their table to docs/security.md
	@$(PYTHON) deploy/ci/conformance.py

mutants: sync ## Make small changes in the code of an AREA and list those that no test detects (AREA=ledger|payments|identity|…; SAMPLE=40; hours)
	@$(PYTHON) deploy/ci/mutants.py --area $(or $(AREA),ledger) $(if $(SAMPLE),--sample $(SAMPLE))

images: ## Build and check the five images (TAG=local; PYTHON_IMAGE, IMAGE_PREFIX, SOURCE: see deploy/images.sh)
	@deploy/images.sh $(or $(TAG),local)

fmt: sync ## Format the code and apply automatic fixes
	@$(PYTHON) -m ruff format . && $(PYTHON) -m ruff check --fix .

clean: sync ## Remove the platform's data (databases, queues, secrets, logs)
	@$(PYTHON) -m elcorp_local clean

sync: $(UV) ## Install uv and missing Python packages
	@$(UV) sync --frozen --quiet --compile-bytecode $(if $(wildcard .venv),,$(info Installing Python packages (first time only: a minute or so)))

.local/uv/bin/uv:
	@echo "Installing uv (first time only)"
	@deploy/local/install-uv .local/uv

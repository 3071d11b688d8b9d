# Every command of the project; `make` alone lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= $(shell command -v python3.11 || command -v python3)
UV := uv==0.13.9
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

DISTRIBUTIONS := proto services/runtime services/collector services/normalizer services/inventory services/alerting simulators demo
PROJECTS := pyproject.toml $(addsuffix /pyproject.toml,$(DISTRIBUTIONS))
CODE := services simulators demo tests
MESSAGES = $(sort $(shell cd proto && find isthmus -name '*.proto'))
say = @printf '\033[2m%s\033[0m\n'

.PHONY: help demo test check bench faults fmt lock proto docs clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.demo ## three simulated sites, found: a live table; ARGS=--once proves it and ends, ARGS=--fresh forgets
	@$(BIN)/python -m isthmus.demo $(ARGS)

test: $(VENV)/.dev ## every test but benchmarks and faults, with real Kafka and store; ARGS goes to pytest
	@$(BIN)/python -m pytest -m "not bench and not faults" -n 2 --dist loadfile $(ARGS)

check: $(VENV)/.dev ## format, lint, types, import contracts, messages and documents that drifted, alerts and dashboards
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy $(CODE)
	$(BIN)/lint-imports
	$(BIN)/buf lint proto
	$(BIN)/python -m tests.drift
	$(BIN)/python -m pytest -q tests/contract/test_prometheus_rules.py tests/contract/test_prometheus_dashboards.py

bench: $(VENV)/.dev ## benchmarks beside their references; a table and build/bench.json; ARGS="--only PREFIX"
	@$(BIN)/python -m tests.bench $(ARGS)

faults: $(VENV)/.dev ## breaks collectors and brokers of a three-node Kafka; the devices' record is the verdict (build/faults)
	@$(BIN)/python -m pytest -m faults -s $(if $(ARGS),$(ARGS),tests/faults tests/integration)

fmt: $(VENV)/.dev ## format and mend what can be mended
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix $(CODE)

proto: $(VENV)/.dev ## generate the Python classes of the messages
	$(BIN)/python -m tests.drift --write messages

docs: $(VENV)/.dev ## write the OpenAPI and AsyncAPI documents again
	$(BIN)/python -m tests.drift --write

lock: $(VENV)/.uv ## compile constraints.txt from every pyproject.toml
	@{ echo '# Every version that is installed, compiled by `make lock`; names no index.'; \
	  $(BIN)/uv pip compile pyproject.toml --group demo --group dev --python-version 3.11 --upgrade \
	    --prerelease if-necessary-or-explicit --no-header --no-annotate --no-emit-index-url --quiet \
	  | grep -v '^-e '; } > constraints.new && mv constraints.new constraints.txt

clean: ## remove the environment, caches and the demo's data
	rm -rf $(VENV) build .demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/.uv:
	$(say) "making $(VENV) with $(PYTHON)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 …")'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check $(UV)
	@touch $@

$(VENV)/.demo: $(VENV)/.uv $(PROJECTS) constraints.txt
	$(say) "installing Isthmus and what it needs, about 100 packages"
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --constraint constraints.txt --group demo $(foreach d,$(DISTRIBUTIONS),-e ./$(d))
	@touch $@

$(VENV)/.dev: $(VENV)/.demo
	$(say) "installing the tools that test and check"
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --constraint constraints.txt --group dev
	@touch $@

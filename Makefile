# The targets a person types. `make setup` makes .venv; everything else calls it when it is stale.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp
COMPAT := $(VENV)/.compat
NODE := tests/compat/node/node_modules/.stamp
GEN := clients/python/imagewire/v1
SCHEMA := service/imagewire_server/config/schema.json
PROTOS := $(wildcard protos/imagewire/v1/*.proto)

.DEFAULT_GOAL := help
.PHONY: help setup demo test fuzz docs bench bench-quick run lint format gen gen-check contract contract-accept lock check clean

help:  ## Show the targets.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

setup: $(STAMP)  ## Make .venv with the commands imagewire and imagewire-server.

$(STAMP): requirements.lock pyproject.toml clients/python/pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(None if v >= (3, 11) else f"imagewire needs Python 3.11 or newer, {sys.executable} is {v[0]}.{v[1]}: name one with make PYTHON=python3.11")'
	@echo "setting up $(VENV) (about a minute, once)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e clients/python -e .
	@touch $@

demo: setup  ## Draw a picture over gRPC with the built-in emulator, without a key.
	@$(BIN)/imagewire-server demo

test: $(COMPAT) $(NODE)  ## Run every test.
	@$(BIN)/python -m pytest -n 2 --dist loadfile -m "not alone"
	@$(BIN)/python -m pytest -m alone

WHAT ?= all
SEED ?= 0
COUNT ?= 1000

fuzz: $(COMPAT)  ## Invented answers of a provider and hostile input, a few minutes: make fuzz WHAT=protobuf SEED=0 COUNT=1000.
	@$(BIN)/python -m tests.fuzz --what $(WHAT) --seed $(SEED) --count $(COUNT)

$(COMPAT): requirements-compat.lock $(STAMP)
	@echo "adding the clients that the tests use (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-compat.lock
	@touch $@

$(NODE): tests/compat/node/package-lock.json
	@if command -v npm >/dev/null; then npm ci --prefix tests/compat/node --silent --no-audit --no-fund; \
	  else echo "no npm here: the tests of the Node clients will say so"; mkdir -p $(@D); fi
	@touch $@

docs: $(COMPAT)  ## Build the documentation's site into site/.
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet --strict
	@echo "the site is in site/: read it with python3 -m http.server --directory site"

bench: setup  ## Measure against LiteLLM and Portkey, installed under .bench by the command; writes docs/benchmarks.md.
	@$(BIN)/python -m bench --output docs/benchmarks.md

bench-quick: setup  ## Measure imagewire alone, under a minute.
	@$(BIN)/python -m bench --quick

run: setup  ## Serve on 127.0.0.1:50051 with the built-in emulator.
	@$(BIN)/imagewire-server serve --demo

lint: setup  ## Check style, types, the rooms' walls and the contract.
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(MAKE) --no-print-directory contract gen-check

format: setup  ## Format the code and the contract.
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format
	@$(BIN)/buf format -w protos

gen: setup  ## Make the stubs out of protos/, and the configuration's schema.
	@$(call stubs,clients/python)
	@$(BIN)/python -c 'import json; from imagewire_server.config.schema import schema; print(json.dumps(schema(), indent=2))' \
	  > $(SCHEMA)

gen-check: setup  ## Fail when the stubs are stale.
	@dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && $(call stubs,$$dir) \
	  && cp $(GEN)/__init__.py "$$dir/imagewire/v1/" \
	  && diff -r -x __pycache__ "$$dir/imagewire/v1" $(GEN) \
	  || { echo 'the stubs are stale: run make gen and commit'; exit 1; }

define stubs
$(BIN)/python -m grpc_tools.protoc -I protos --python_out=$(1) --pyi_out=$(1) $(PROTOS) \
  && PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m grpc_tools.protoc -I protos --grpc_python_out=$(1) \
    --mypy_grpc_out=quiet:$(1) $(filter %_service.proto,$(PROTOS))
endef

contract: setup  ## Lint the contract and compare it with the one that landed last.
	@$(BIN)/buf lint protos
	@$(BIN)/buf format protos --diff --exit-code
	@$(BIN)/buf breaking protos --against protos/landed.json

contract-accept: setup  ## Make the present contract the landed one; say so in CHANGELOG.md.
	@$(BIN)/buf build protos --exclude-source-info -o protos/landed.json

lock: setup  ## Pin the newest versions that pyproject.toml allows.
	@$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --group dev --generate-hashes --no-header \
	  --no-annotate --no-emit-index-url --no-emit-package imagewire -o requirements.lock pyproject.toml clients/python/pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url --no-emit-package imagewire --constraints requirements.lock -o requirements-server.lock pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --group compat --group docs --group programs --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url --constraints requirements.lock -o requirements-compat.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --group build --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url --constraints requirements.lock -o requirements-build.lock

check: lint test demo  ## All that CI runs.

clean:  ## Remove what the targets made.
	@rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache site \
	  tests/stubs/*/build tests/stubs/go/github.com tests/stubs/node/node_modules

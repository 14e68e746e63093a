# Two commands matter: `make lab` opens JupyterLab with the panel, `make test` runs every test.
# They need Python 3.11+, Node.js 20+ and make; all else they install into this folder.
.DEFAULT_GOAL := help
.PHONY: help lab test journey bench lint types contracts format docs prepare wheel clean
ARGS ?=
N ?= 10
BIN := .venv/bin
SCRIPT = @python=$$(sh tools/find_python.sh) && exec "$$python"

help: ## These lines
	@grep -E '^[a-z]+:.*## ' Makefile | sed 's/:.*## /\t/' | expand -t 12

lab: ## Open JupyterLab in examples/ with the panel (ARGS=--no-browser, PORT=8899)
	$(SCRIPT) tools/lab.py $(ARGS)

test: ## Run every test (ARGS go to pytest: ARGS="-k approval")
	$(SCRIPT) tools/run_tests.py $(ARGS)

journey: ## The main job in a real browser, N=10 times
	$(SCRIPT) tools/run_tests.py tests/browser/test_journey.py --journeys=$(N) $(ARGS)

prepare: ## What `make test` installs, without running the tests
	$(SCRIPT) tools/run_tests.py --prepare

lint: prepare ## ruff, eslint and tsc
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	cd labextension && PATH="$(CURDIR)/$(BIN):$$PATH" jlpm run lint

types: prepare ## mypy, strict
	$(BIN)/mypy

contracts: prepare ## Rooms import one way only
	$(BIN)/lint-imports

format: prepare ## Format the Python
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: prepare ## Write docs/reference/configuration.md anew from the traits
	$(BIN)/python tools/configuration_page.py

wheel: prepare ## dist/*.whl with the panel built in
	$(BIN)/python -m build --wheel

bench: wheel ## What it costs, measured: start, memory, size, the registry, streaming, MCP (15 minutes of a quiet machine)
	$(BIN)/python -m tests.benchmarks.footprint $(ARGS)
	$(BIN)/python -m tests.benchmarks.registry
	$(BIN)/python -m tests.benchmarks.streaming
	$(BIN)/python -m tests.benchmarks.mcp
	$(BIN)/python -m tests.benchmarks.containers

clean: ## Delete all that was made here: .venv, .cache, .lab, builds
	rm -rf .venv .cache .lab dist build labextension/node_modules labextension/lib labextension/tsconfig.tsbuildinfo \
	    mandrake_jupyter/labextension .mypy_cache .ruff_cache .import_linter_cache test-results

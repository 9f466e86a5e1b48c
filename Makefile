# make demo and make test do all of their own set-up: they need Python 3.11-3.13 and nothing else.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEMO_OUT := demo-out

.PHONY: setup demo test lint format fuzz bench clean
.DEFAULT_GOAL := setup

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "csm needs Python 3.11, 3.12 or 3.13; name one: make PYTHON=/path/to/python3" >&2; exit 1; }
	@echo "Installing into $(VENV): torch and all else that csm needs, some minutes ..." >&2
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,train,fast]'
	@# Its weights are what is needed; what it depends on would have to be compiled.
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --no-deps resemblyzer
	@touch $@

demo: setup
	@rm -rf $(DEMO_OUT)
	$(BIN)/csm render scripts_examples/lighthouse.yaml --model demo -o $(DEMO_OUT)
	@echo "The chapters are in $(CURDIR)/$(DEMO_OUT):" $$(cd $(DEMO_OUT) && ls *.wav)

# Two at a time; each module's tests stay together, as they share what is slow to make. JOBS=0: one after the other.
JOBS ?= 2

test: lint
	$(BIN)/python -m pytest -n $(JOBS) --dist loadscope

# Damaged files for everything that csm reads. By hand for longer: make fuzz SECONDS=3600; what is found lies in
# build/fuzz, and `.venv/bin/python -m fuzz FILE` reads it again.
SECONDS ?= 60

fuzz: setup
	$(BIN)/python -m fuzz --seconds $(SECONDS) --jobs $(JOBS)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The last line of it says how many times real time; quote it with the hardware.
bench: setup
	$(BIN)/csm render scripts_examples/signal.yaml --model demo --fresh -o build/bench

.PHONY: man docs dist addresses

# Manual pages from the help, in build/man; `man -l build/man/csm.1` shows one. `make dist` packs them.
man: setup
	$(BIN)/python -m tools.man build/man

# docs/ as a site in build/site. `make docs SERVE=1` shows it while it is being edited.
docs: $(VENV)/.docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs $(if $(SERVE),serve,build --strict)

# The wheel and the sources as they go to PyPI, in dist/.
dist: man $(VENV)/.release
	rm -rf dist
	$(BIN)/python -m build
	$(BIN)/twine check --strict dist/*

$(VENV)/.docs $(VENV)/.release: $(VENV)/.%: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[$*]'
	@touch $@

# What is made of REPOSITORY in csm_cli/core/__init__.py and kept in a file.
addresses: setup
	$(BIN)/csm lint --schema > docs/script.schema.json
	sed -i.old "s|^repository-code: .*|repository-code: \"$$($(BIN)/python -c 'from csm_cli.core import REPOSITORY; print(REPOSITORY)')\"|" CITATION.cff
	rm CITATION.cff.old

clean:
	rm -rf $(VENV) $(DEMO_OUT) build dist .pytest_cache .ruff_cache .mypy_cache .hypothesis *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

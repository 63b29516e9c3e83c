# One entry point for everything; 'make' lists the targets. PYTHON=/path/to/python3 chooses the interpreter of .venv.

SHELL = /bin/sh
BIN = .venv/bin
READY = .venv/.portico-installed
# programs in Python whose name has no .py
CHECKED = . scripts/wheel-check
WORKERS ?= 2
PYTEST_OPTIONS ?=

export PIP_DISABLE_PIP_VERSION_CHECK = 1
export PYTHON

# Each worker gets one core: threads of the linear algebra would only compete. A GPU, if any, is shared by the workers.
TEST_SETTINGS = OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MPLBACKEND=Agg XLA_PYTHON_CLIENT_PREALLOCATE=false
PYTEST = $(TEST_SETTINGS) $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

.PHONY: help setup reach test slow lint types wheel-check bench format clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' Makefile

setup: $(READY) ## create .venv and install portico in it, with the development tools

$(READY): pyproject.toml constraints.txt
	@scripts/set-up

reach: $(READY) ## reach of Belle II for a dark photon, written to out/
	$(BIN)/portico reach belle2_disappearing_positron dark_photon --set alpha_dark=0.5 --set dark_matter_mass_ratio=1/3 --scan mass=1MeV:1GeV:200 -o out/

test: $(READY) ## all tests but the slow ones
	@$(PYTEST) -m "not slow" $(PYTEST_OPTIONS)

slow: $(READY) ## the slow tests only
	@$(PYTEST) -m slow $(PYTEST_OPTIONS) || test $$? -eq 5  # 5: no test is slow

lint: $(READY) ## format, style and spelling, checked
	$(BIN)/ruff format --check $(CHECKED)
	$(BIN)/ruff check $(CHECKED)
	$(BIN)/codespell

types: $(READY) ## types, checked
	$(BIN)/mypy

wheel-check: $(READY) ## build the wheel and use it outside the tree
	@$(BIN)/python scripts/wheel-check

bench: $(READY) ## the user-level calls, timed against a plain reference
	$(BIN)/python -m benchmarks

format: $(READY) ## format the code and mend what can be mended
	$(BIN)/ruff format $(CHECKED)
	$(BIN)/ruff check --fix $(CHECKED)

clean: ## remove caches and built files; .venv and out/ stay
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find src tests benchmarks scripts -name __pycache__ -prune -exec rm -rf {} +

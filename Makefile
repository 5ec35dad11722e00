# Everything runs in .venv; VENV=… and PYTHON=… choose another place and interpreter.
VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help install demo test test-all lint types bench wheel clean

help: ## List these targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

install: $(INSTALLED) ## Make .venv and install edgesnn with everything it can use

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[train,compile,flash,test]'
	touch $@

demo: $(INSTALLED) ## Install, then train the embedded dataset into verified firmware (build/synthetic)
	$(BIN)/edgesnn build

test: $(INSTALLED) ## Install, then run the tests
	$(BIN)/python -m pytest -n auto --maxprocesses 4

test-all: $(INSTALLED) ## The slow tests as well
	$(BIN)/python -m pytest -m 'slow or not slow'

lint: $(INSTALLED) ## Style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(INSTALLED) ## Static types
	$(BIN)/mypy

bench: $(INSTALLED) ## Run the benchmarks that need no recordings; figures go to benchmarks/results
	for each in frontend engine kernels training; do $(BIN)/python benchmarks/$$each.py || exit 1; done
	$(BIN)/python benchmarks/core.py speed

wheel: $(INSTALLED) ## Build dist/*.whl and dist/*.tar.gz
	$(BIN)/python -m build

clean: ## Remove what was built, except .venv
	rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

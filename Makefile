# `make demo` and `make test` are all that a new machine needs: Python 3.11 or newer with venv, and a package index.

PYTHON ?= python3
VENV   ?= .venv
BIN     = $(VENV)/bin
DEMO    = build/demo
MODELS ?= minilm,tfidf-svd,lexicon,random-bert
# Directory of corpora in their official layouts; without it the demo uses the embedded sample.
DATA   ?=

.PHONY: demo test lint types format docs tables clean

demo: $(VENV)/.installed
ifeq ($(DATA),)
	$(BIN)/bench run --models $(MODELS) --suite sample --results-dir $(DEMO) --cache-dir $(DEMO)/cache
	$(BIN)/bench table --suite sample --results-dir $(DEMO)
else
	$(BIN)/bench run --models $(MODELS) --suite paper --data-dir $(DATA) --results-dir $(DEMO) --cache-dir $(DEMO)/cache
	$(BIN)/bench table --suite paper --results-dir $(DEMO)
endif

test: $(VENV)/.installed
	$(BIN)/python -m pytest

lint: $(VENV)/.installed
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(VENV)/.installed
	$(BIN)/mypy

format: $(VENV)/.installed
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: $(VENV)/.installed
	$(BIN)/python -m baselines.document > docs/encoders.md

tables: $(VENV)/.installed
	$(BIN)/bench table --suite paper --format markdown --intervals -o results/tables.md
	$(BIN)/bench table --format csv --long -o results/long.csv

clean:
	rm -rf build .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[offline,dev]'
	touch $@

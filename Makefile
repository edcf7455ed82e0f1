# Every command of this repository. `make help` lists them; each makes what it needs first.
# A bare Debian with Python 3.11, git and make is enough: .venv is made on the first call.

SHELL  := /bin/bash
BIN    := .venv/bin
STAMP  := .venv/.installed
PYTEST := $(BIN)/python -m pytest
export TF_CPP_MIN_LOG_LEVEL ?= 3
export PYTHONDONTWRITEBYTECODE ?=

.DEFAULT_GOAL := help
.PHONY: help demo test check test-slow checks attacks bench soak fuzz browser golden locale docs release wheel install clean

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# ── The two to begin with ───────────────────────────────────────────────────────────

demo: $(STAMP) ## Make a class of students in a scratch course, grade it, compare with what is expected
	$(BIN)/autograder demo

test: $(STAMP) ## All tests but the slow ones, two files at a time
	$(PYTEST) -n 2 --dist loadfile $(ARGS)

# ── While working ───────────────────────────────────────────────────────────────────

check: $(STAMP) ## Style, types, layers and docstrings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python scripts/check_docstrings.py

test-slow: $(STAMP) ## The tests that train models or run for minutes
	$(PYTEST) -m slow --timeout 3600 $(ARGS)

checks: $(STAMP) ## Every check of `expect` against right, wrong and hostile values
	$(PYTEST) tests/expect $(ARGS)

attacks: $(STAMP) ## Every class of attack on sandbox and portal: tried, and what it got
	$(BIN)/python -m tests.sandbox.attacks $(ARGS)
	$(BIN)/python -m tests.web.attacks
	$(PYTEST) -v tests/sandbox/test_hostile_notebooks.py

bench: $(STAMP) ## How fast a class is graded, beside the floor and beside nbgrader
	$(BIN)/python benchmarks/grading.py $(ARGS)

soak: $(STAMP) ## Five hundred jobs in a row, every tenth hostile: what is left of them (ARGS=--graded: submissions)
	$(BIN)/python -m tests.sandbox.soak $(ARGS)

fuzz: $(STAMP) ## A minute of made-up bytes for everything that reads what students and instructors give
	for one in tests/fuzz/fuzz_*.py; do $(BIN)/python $$one -max_total_time=60 || exit 1; done
	FUZZ_EXAMPLES=1000 $(PYTEST) -q tests/fuzz/test_readers.py

browser: $(STAMP) ## The tests that drive headless Chromium
	.ci/environment --browser
	$(PYTEST) -m browser $(ARGS)

golden: $(STAMP) ## Write the golden files anew, to be looked at with `git diff`
	UPDATE_GOLDEN=1 $(PYTEST) -q -m golden $(ARGS)

locale: $(STAMP) ## Bring the translation catalogues up to date with the code
	$(BIN)/python scripts/catalogue.py $(ARGS)

docs: $(STAMP) ## Write the generated pages anew: settings, commands, checks
	$(BIN)/python docs/generate.py
	$(BIN)/python -m autograder.expect.reference --write

release: $(STAMP) ## Prove the bundled course and write release/ anew, in all its languages
	for one in source/*/; do $(BIN)/autograder release $$(basename $$one) || exit 1; done

wheel: $(STAMP) ## The light wheel that students install, into dist/
	$(BIN)/python -m build --no-isolation --wheel --outdir dist .

# ── The environment ─────────────────────────────────────────────────────────────────

install: $(STAMP) ## Make .venv with the versions of constraints.txt

$(STAMP): pyproject.toml constraints.txt .ci/environment
	.ci/environment
	@touch $@

clean: ## Remove what was built; .venv and courses stay
	rm -rf build dist .ruff_cache .mypy_cache .pytest_cache .hypothesis .import_linter_cache

# Needs Python 3.11, 3.12 or 3.13 and network for the first install; nothing else. Uses uv where it is there.

PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3 python; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
	&& echo $$python && break; done)
BIN := .venv/bin
CODE := $(wildcard src tests benchmarks examples docs/making)
BENCH ?= replay_orders

.DEFAULT_GOAL := help
.PHONY: help demo test check studies bench docs lock clean

help: ## Show what can be made.
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .venv/run.stamp ## Estimate, plan, execute and explain one large order, end to end.
	@$(BIN)/nowake demo

test: .venv/dev.stamp ## Run every test but the studies.
	@$(BIN)/pytest -n auto

check: .venv/dev.stamp ## Formatting, lint, types and the fast tests: what a commit must pass.
	@$(BIN)/ruff format --check $(CODE)
	@$(BIN)/ruff check $(CODE)
	@$(BIN)/mypy
	@$(BIN)/pytest -n auto -m "not slow"

studies: .venv/dev.stamp ## Long simulations of known truth: how often intervals hold it. Takes long.
	@OPENBLAS_NUM_THREADS=1 $(BIN)/pytest -n auto --studies -m study

bench: .venv/run.stamp ## Compare with a peer, in the same run: make bench BENCH=replay_orders.
	@$(BIN)/python benchmarks/run.py $(BENCH)

docs: .venv-docs/docs.stamp ## Build the documents into site/, with models fitted to the data folder's days.
	@.venv-docs/bin/python docs/making
	@NO_MKDOCS_2_WARNING=1 .venv-docs/bin/mkdocs build --strict --quiet --site-dir site
	@echo "site/index.html"

lock: ## Pin the dependencies anew (needs uv).
	@command -v uv >/dev/null || { echo "make lock needs uv: pip install uv"; exit 1; }
	uv pip compile --universal --python-version 3.11 --no-header --no-annotate --upgrade pyproject.toml -o locks/run.txt
	uv pip compile --universal --python-version 3.11 --no-header --no-annotate --upgrade pyproject.toml --group dev -o locks/dev.txt
	uv pip compile --universal --python-version 3.11 --no-header --no-annotate --upgrade pyproject.toml --group docs -o locks/docs.txt

clean: ## Remove environments, caches and built documents; keeps runs/.
	@rm -rf .venv .venv-docs .bench .mypy_cache .ruff_cache .pytest_cache .hypothesis site dist
	@find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# $(call environment,FOLDER,LOCK): a virtual environment that holds exactly a lock, and nowake in editable form.
define environment
	@$(or $(PYTHON),false) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null || { echo "nowake needs Python 3.11, 3.12 or 3.13; $(if $(PYTHON),$(PYTHON) is none of them,none was found). Say where: make PYTHON=/path/to/python3.11"; exit 1; }
	@echo "installing $(2) into $(1) (once)"
	@if command -v uv >/dev/null; then \
		{ test -x $(1)/bin/python || uv venv --quiet --python $(PYTHON) $(1); } && \
		uv pip install --quiet --compile-bytecode --python $(1)/bin/python -r $(2) && \
		uv pip install --quiet --python $(1)/bin/python --no-deps -e .; \
	else \
		{ test -x $(1)/bin/pip || $(PYTHON) -m venv $(1); } && \
		$(1)/bin/python -m pip install --quiet --disable-pip-version-check -r $(2) && \
		$(1)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -e .; \
	fi
	@$(1)/bin/python -m compileall -q src
endef

.venv/run.stamp: locks/run.txt pyproject.toml
	$(call environment,.venv,$<)
	@touch $@

.venv/dev.stamp: locks/dev.txt pyproject.toml
	$(call environment,.venv,$<)
	@touch $@ .venv/run.stamp

.venv-docs/docs.stamp: locks/docs.txt pyproject.toml
	$(call environment,.venv-docs,$<)
	@touch $@

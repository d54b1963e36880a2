# Plumewatch. The two commands: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Python compiles a module when it is first imported; pip would compile all of them, which takes half of its time. Where
# Python is told to keep nothing that it compiles, pip still does.
COMPILE := $(if $(PYTHONDONTWRITEBYTECODE),--compile,--no-compile)
INSTALL := $(BIN)/python -m pip --disable-pip-version-check --quiet install $(COMPILE)

.PHONY: demo test test-training train-env check bench format lock servers help

help: ## show what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

demo: $(VENV)/.run ## run everything on this machine over demo scenes; SOURCE="file-or-url ..." watches those; ONCE=1 ends after the first verified lead
	@$(BIN)/plumewatch up $(if $(SOURCE),$(foreach s,$(SOURCE),--source '$(s)'),--demo) $(if $(ONCE),--once) $(if $(PORT),--port $(PORT)) $(if $(DATA),--data '$(DATA)')

test: $(VENV)/.dev servers ## install what the tests need and run all of them
	.ci/with-postgresql .ci/tests $(BIN)/python $(ARGS)

train-env: $(VENV)/.train ## install what training, export and quantisation need: the locked part, and a torch that fits the machine

test-training: $(VENV)/.train ## train, export, measure and promote on a drawn data set, by the documented commands
	YOLO_CONFIG_DIR=$(abspath $(VENV)) $(BIN)/python -m pytest -m train tests $(ARGS)

check: $(VENV)/.dev ## format, lint, types, import contracts, docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m pytest -q tests/test_house.py tests/test_docs.py

bench: $(VENV)/.dev ## the short benchmark run
	$(BIN)/plumewatch bench speed
	$(BIN)/plumewatch bench scenes --limit 8
	$(BIN)/plumewatch bench accuracy --scenes $(if $(DATA),--data '$(DATA)')
	$(if $(CLIPS),$(BIN)/plumewatch bench clips '$(CLIPS)')

format: $(VENV)/.dev ## format the tree
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(VENV)/.dev ## lock the dependencies anew
	requirements/lock

servers: ## install the RTSP server, the browser and the database server that the tests drive (Debian, as root)
	@.ci/install-servers

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "plumewatch needs Python 3.11 or newer; set PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "$(PYTHON) cannot make virtual environments; on Debian: apt-get install python3-venv" >&2; exit 1; }

$(VENV)/.run: requirements/run.txt requirements/wall/package-lock.json requirements/wall/install.py pyproject.toml | $(VENV)/bin/python
	@echo "installing the locked run-time dependencies (once, about a minute) ..."
	$(INSTALL) --require-hashes -r requirements/run.txt
	$(INSTALL) --no-deps --no-build-isolation -e .
	@$(BIN)/python requirements/wall/install.py
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.run
	$(INSTALL) --require-hashes -r requirements/dev.txt
	@touch $@

$(VENV)/.train: requirements/train.txt $(VENV)/.dev
	@echo "installing what training needs (once, about a minute; torch is large) ..."
	$(INSTALL) --no-deps --require-hashes -r requirements/train.txt
	$(INSTALL) 'torch>=2.11' 'torchvision>=0.26'
	@touch $@

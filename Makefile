# make demo   the language server runs docs/examples/bessel.py and shows the values inline
# make test   format, lint, types, and the tests that need no editor
# make test-sessions   more of sessions: the debugger, subshells, floods, kills, the console in a terminal
# make test-cluster   controllers, engines and tasks: killed, stopped, cut off, taken up again
# make test-install   the ways to install, and environments of the user's with nothing of ours
# make test-wild   popular libraries in sessions, without IPython and with it
# make test-jupyter   Jupyter's own tests of a kernel, and JupyterLab in a browser, on the kernel vivo
# make test-web   sessions of editors in qtconsole, JupyterLab and other pages of a browser
# Others: test-editors, soak, bench, docs, format, clean. PYTHON=… names the interpreter (3.11 or newer).

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install -qq --disable-pip-version-check --progress-bar off

.PHONY: demo test test-sessions lint types unit tmux test-cluster test-install test-editors test-vscode test-emacs test-neovim test-wild test-jupyter test-web soak bench docs format clean

demo: $(VENV)/.demo
	@$(BIN)/vivo run docs/examples/bessel.py

test: lint types unit

lint: $(VENV)/.dev
	@$(BIN)/ruff format --check --quiet . || { echo "ruff format would change files: run 'make format'" >&2; exit 1; }
	@$(BIN)/ruff check --quiet .

# The packages are checked under their installed name, through a link to this folder.
types: $(VENV)/.dev
	@MYPYPATH=$(VENV)/check $(BIN)/mypy -p vivo.core -p vivo.parallel -p vivo.server

unit: $(VENV)/.dev
	@$(BIN)/pytest -q -n 2 --dist loadfile -m "not sessions"

test-sessions: $(VENV)/.dev tmux
	@$(BIN)/pytest -q -n 2 -m sessions

# The console is tried in a real terminal.
tmux:
	@command -v tmux >/dev/null || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends tmux >/dev/null; }

test-cluster: $(VENV)/.dev
	@bash tests/cluster/run.sh

test-install: $(VENV)/.dev
	@$(BIN)/pytest -q -n 2 tests/install

test-editors: test-emacs test-neovim test-vscode

test-emacs: $(VENV)/.dev
	@bash tests/editors/emacs/run.sh

test-neovim: $(VENV)/.dev
	@bash tests/editors/neovim/run.sh

test-vscode: $(VENV)/.dev
	@bash tests/editors/vscode/run.sh

test-wild: $(VENV)/.dev
	@bash tests/wild/run.sh

test-jupyter: $(VENV)/.dev
	@bash tests/jupyter/run.sh

test-web: $(VENV)/.dev
	@bash tests/web/run.sh

soak: $(VENV)/.dev
	@$(BIN)/pytest -q -n 2 tests/soak
	@VIVO_HOSTILE_MESSAGES=100000 $(BIN)/pytest -q tests/parallel/test_hostile_traffic.py

bench: $(VENV)/.dev
	@$(BIN)/python tests/benchmarks/run.py

docs: $(VENV)/.dev
	@$(BIN)/python -m vivo.server.generate

format: $(VENV)/.dev
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) .venv-mpich .venv-openmpi .venv-wild .venv-wild-ipython .venv-tutorial .venv-widgets .venv-jupyter .venv-web .venv-peers build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("vivo needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Name one: make PYTHON=/path/to/python3.11") if sys.version_info < (3, 11) else None'
	@echo "making $(VENV) (about a minute the first time)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml | $(BIN)/python
	@$(PIP) -e '.[plot]'
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	@$(PIP) -e '.[dev]'
	@mkdir -p $(VENV)/check && ln -sfn ../.. $(VENV)/check/vivo
	@touch $@ $(VENV)/.demo

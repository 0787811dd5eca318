# `make demo` and `make test` set up everything they need; a second call starts at once.
# SHAPELAB_QT=PySide6 and SHAPELAB_LOWEST=1 (scripts/setup.sh) have environments of their own, beside .venv.
export VENV := .venv$(if $(SHAPELAB_QT),-$(SHAPELAB_QT))$(if $(SHAPELAB_LOWEST),-lowest)
PY := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts/python.exe,bin/python)

.PHONY: help setup demo test lint types spelling check bench docs gallery sheets pictures strings clean

help:  ## Show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

setup:  ## Make the environment and the system libraries that Qt needs
	@bash scripts/setup.sh

demo: setup  ## Open napari with tubes growing (without a display: pictures and results in demo_output/)
	@$(PY) scripts/demo.py

# Tests start a hundred processes: with bytecode on the disk, not each of them compiles the sources.
test: setup  ## Run the tests
	@env -u PYTHONDONTWRITEBYTECODE $(PY) -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

lint: setup  ## Check style and formatting
	@$(PY) -m ruff check . && $(PY) -m ruff format --check .

types: setup  ## Check types
	@$(PY) -m mypy

spelling: setup  ## Check the spelling
	@$(dir $(PY))typos

check: lint types spelling  ## Lint, types, spelling, the package's metadata and the plugin manifest
	@$(PY) -m validate_pyproject pyproject.toml
	@$(PY) -m npe2 validate napari-shapelab

bench: setup  ## Print the speed tables
	@$(PY) benchmarks/curvature.py --quick
	@$(PY) benchmarks/streaming.py
	@$(PY) benchmarks/transport.py --quick

docs: setup  ## Build the user guide and the API reference (build/docs/index.html)
	@$(PY) -m mkdocs build --quiet && echo build/docs/index.html

gallery: setup  ## Make ten live web pages (build/gallery/index.html), then draw every preset and scenario into docs/gallery.md
	@$(PY) scripts/web_gallery.py && $(PY) scripts/gallery.py

sheets: setup  ## Lay the gallery of an earlier version beside today's: build/before_after/cells.png, curvatubes.png
	@$(PY) scripts/before_after.py

pictures: setup  ## Take the screenshots of the user guide again
	@for script in screenshots dock_screenshots cells_screenshots tension_screenshots first_minute foam_pictures; do $(PY) scripts/$$script.py || exit 1; done

strings: setup  ## Print every string that a user sees, with file and line
	@$(PY) scripts/strings.py

clean:  ## Remove the environment and everything generated
	rm -rf .venv .venv-* demo_output build dist

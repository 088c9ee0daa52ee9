# What a person types. `make demo` and `make test` set up whatever they need.

PYTHON ?= python3
BIN := .venv/bin
DATA ?= ../shared/data

.PHONY: demo test test-avx2 check virtual-display lint format bench evidence processors fuzz clean

demo: .venv/installed
	$(BIN)/img2img translate photo-x4 samples/images out/demo/photo-x4 --overwrite
	$(BIN)/img2img translate photo-x4-gan samples/images out/demo/photo-x4-gan --overwrite
	$(BIN)/python samples/compare.py out/demo/enlarged.png samples/images out/demo/photo-x4 out/demo/photo-x4-gan
	$(BIN)/img2img translate photo-to-pencil out/demo/photo-x4 out/demo/pencil --overwrite
	$(BIN)/img2img translate tones out/demo/photo-x4 out/demo/night -c label=night --overwrite
	$(BIN)/img2img translate colorize out/demo/photo-x4 out/demo/colorize --overwrite
	$(BIN)/img2img translate photo-x2 samples/clip.mp4 out/demo/clip-x2.mp4 --overwrite
	$(BIN)/img2img translate tones samples/clip.mp4 out/demo/clip-night.mp4 -c label=night --steady --overwrite
	$(BIN)/python samples/compare.py out/demo/translated.png $(addprefix out/demo/,photo-x4 pencil night colorize)
	@echo
	@echo "Four times larger, faithful and sharper, beside bicubic: out/demo/enlarged.png"
	@echo "Made a pencil drawing and a night piece, and coloured from grey: out/demo/translated.png"
	@echo "A film twice as large, and by night, with its sound: out/demo/clip-x2.mp4, out/demo/clip-night.mp4"

test: .venv/installed virtual-display
	$(BIN)/python -m pytest -n auto

# A training's course depends on how a processor rounds: once more what trains, as an older one computes it.
test-avx2: .venv/installed
	ATEN_CPU_CAPABILITY=avx2 $(BIN)/python -m pytest -n auto tests/training tests/testing plugins

# The quick tests of what differs from the last commit.
check: .venv/installed
	$(BIN)/python -m pytest -n auto -q -m "not slow" $$($(BIN)/python tests/changed.py)

# For the window of `img2img live`, whose tests are skipped without it.
virtual-display:
	@command -v Xvfb >/dev/null || ! command -v apt-get >/dev/null || test "$$(id -u)" != 0 || \
		{ apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy xvfb; } >/dev/null 2>&1 </dev/null || \
		echo "NOTICE: Xvfb cannot be installed; what needs a display is not tested"

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: .venv/installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/installed
	$(BIN)/python tests/benchmarks/bench.py --photos $(DATA)/photos/test
	$(BIN)/python tests/benchmarks/bench.py --photos $(DATA)/photos/test --parts a,b --reduce 1 --limit 24 --model photo-to-pencil
	$(BIN)/python tests/benchmarks/bench.py --photos $(DATA)/photos/test --parts a,b --reduce 1 --limit 24 --model colorize
	$(BIN)/python tests/benchmarks/step.py
	$(BIN)/python tests/benchmarks/export.py
	$(BIN)/python tests/benchmarks/video.py --videos $(DATA)/video
	$(BIN)/python tests/benchmarks/video_table.py
	$(BIN)/python tests/benchmarks/hooks.py
	$(BIN)/python tests/benchmarks/many_plugins.py
	$(BIN)/python tests/benchmarks/checkpoints.py
	$(BIN)/python tests/benchmarks/evaluation.py

evidence: .venv/installed
	$(BIN)/python tests/evidence/super_resolution.py
	$(BIN)/python tests/evidence/pix2pix.py
	$(BIN)/python tests/evidence/cyclegan.py
	$(BIN)/python tests/evidence/stargan.py
	$(BIN)/python tests/evidence/flicker.py
	$(BIN)/python tests/evidence/health.py

processors: .venv/installed virtual-display
	$(BIN)/python tests/evidence/processors.py

# Files with damage of every kind, 2,000 of them, through every reader.
fuzz: .venv/installed
	$(BIN)/python -m tests.fuzz

clean:
	rm -rf .venv out

# Debian keeps `venv` in a package of its own, and OpenCV's usual wheel needs libraries of a desktop: where these are missing,
# the headless wheel of the same version takes its place.
.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv || { \
		rm -rf .venv; echo "Python's venv is missing; installing python3-venv"; \
		{ apt-get update -q && apt-get install -qy python3-venv; } && $(PYTHON) -m venv .venv; }
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,export,tensorboard]'
	@$(BIN)/pip install --quiet --disable-pip-version-check --only-binary :all: pillow-heif || \
		echo "NOTICE: there is no wheel of pillow-heif here; reading HEIF files is not tested"
	@$(BIN)/python -c 'import cv2' 2>/dev/null || { \
		version=$$($(BIN)/python -c 'from importlib.metadata import version; print(version("opencv-python"))'); \
		echo "NOTICE: libraries that opencv-python needs are missing; using opencv-python-headless $$version instead"; \
		$(BIN)/pip uninstall --quiet --yes opencv-python; \
		$(BIN)/pip install --quiet --disable-pip-version-check "opencv-python-headless==$$version"; }
	@touch $@

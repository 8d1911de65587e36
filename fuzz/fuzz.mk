.PHONY: fuzz

FUZZ = runs/fuzz
FUZZ_SECONDS = 20
FUZZ_PYTHON = 3.11
fuzz: $(FUZZ)/env ## fuzz for a minute or so what reads bytes from anyone (longer: FUZZ_SECONDS=3600 each; needs uv)
	@for target in check decode artifact request; do \
	  $(FUZZ)/env/bin/python -m fuzz.run $$target $(FUZZ) -max_total_time=$(FUZZ_SECONDS) || exit 1; \
	done

$(FUZZ)/env: # atheris has wheels for some Pythons alone, so it gets an environment of its own
	uv venv --quiet --python $(FUZZ_PYTHON) $@
	uv pip install --quiet --python $@/bin/python atheris==3.0.0 numpy pillow pydantic orjson typing-extensions zlib-ng gunicorn

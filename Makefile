# The front door; `make` alone lists what there is. Works with GNU make 3.81 and newer.

BIN := .venv/bin
# By files, because the examples of a document build on each other: two processes must not share one.
PYTEST := OPENBLAS_NUM_THREADS=1 $(BIN)/pytest --numprocesses auto --maxprocesses 4 --dist loadfile

.PHONY: help serve test test-faults check coverage train experiments cards test-page test-conformance test-contract test-kubernetes kubernetes-rules audit advisories sbom licences lock clean environment

help: ## list these
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "make %-16s %s\n", $$1, $$2}'

serve: environment ## serve on http://127.0.0.1:8000 (another port: make serve DIGITS_PORT=9000)
	@exec $(BIN)/digits serve

test: environment ## run the tests (MNIST_DIR names the folder of MNIST, for those that read it)
	$(PYTEST)

check: environment ## check format, lint, types, imports and locks
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@if uv --version >/dev/null 2>&1; then uv lock --check; fi

FAULTS = OPENBLAS_NUM_THREADS=1 $(BIN)/pytest tests/e2e/faults --timeout 600
test-faults: environment ## let everything go wrong that may (FULL=1 takes its time, and holds every figure to its promise)
	$(FAULTS) $(if $(FULL),--full --timeout 3600)

coverage: environment ## run the tests and measure what of service/ they reach
	$(PYTEST) --cov --cov-report term

RECIPE = plain
train: environment ## train a network (RECIPE=video for the videos' own)
	$(BIN)/digits train $(RECIPE)

experiments: environment ## repeat the videos' experiments and write docs/experiments.md (needs MNIST; some minutes)
	$(BIN)/digits experiment all --out runs/experiments --page docs/experiments.md

cards: environment ## write the model cards of model_artifacts/ anew
	@for f in model_artifacts/*/*.npz; do case $$f in *.history.npz) ;; *) $(BIN)/digits card $$f --out $${f%.npz}.md || exit;; esac; done

test-page: environment ## drive the page in a real Chromium (Debian: apt install chromium)
	@scripts/test-page

test-conformance: environment ## let real clients of the protocols talk to the service (an environment of its own, some 400 MB)
	@scripts/suite conformance

test-contract: environment ## send thousands of requests made from /openapi.json (an environment of its own; some minutes)
	@scripts/suite contract

EXPORT = uv export --quiet --locked --no-emit-project --no-annotate --no-header
lock: ## lock what pyproject.toml asks for (needs uv)
	uv lock
	$(EXPORT) --all-extras >requirements.txt
	$(EXPORT) --no-dev >deploy/requirements.txt
	$(EXPORT) --only-group build >deploy/build-requirements.txt
	$(EXPORT) --only-group page >tests/page/requirements.txt

test-kubernetes: environment ## check the manifests (an environment of its own; needs kustomize or kubectl)
	@scripts/suite kubernetes

audit: environment ## look for weaknesses in Dockerfiles and workflows, and check the bill of materials
	@scripts/suite audit

advisories: environment ## ask PyPI whether a weakness is known in what is shipped (needs its advisories)
	@scripts/suite audit --quiet --collect-only >/dev/null
	.venv.audit/bin/pip-audit --strict --disable-pip --require-hashes --requirement deploy/requirements.txt

UV = uv
SBOM = dist/sbom.cdx.json
sbom: ## write the bill of materials of what is shipped, in CycloneDX
	@mkdir -p dist
	@$(UV) export --quiet --locked --no-dev --format cyclonedx1.5 >$(SBOM)

licences: environment ## write docs/licences.md from what is installed
	@$(BIN)/python scripts/licences

kubernetes-rules: environment ## make the PrometheusRule from deploy/prometheus/rules
	@$(BIN)/python scripts/prometheus-rule

clean: ## remove what make and the tools made; trained networks in runs/ stay
	rm -rf .venv dist build .coverage* .*_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

environment:
	@scripts/environment

-include deploy/container.mk benchmarks/*.mk fuzz/fuzz.mk

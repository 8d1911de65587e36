.PHONY: bench bench-stages profile peers

bench: peers ## measure the service beside others (Linux, two cores, and wrk: apt install wrk; half an hour)
	$(BIN)/python -m benchmarks.serving

peers: environment
	scripts/peers

bench-stages: environment ## measure each stage of one classification, in microseconds
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m benchmarks.stages

profile: environment ## draw where the time of requests goes, as a flame graph in runs/ (needs uv and wrk)
	scripts/profile

.PHONY: bench-hostile

bench-hostile: environment ## measure what hostile pictures cost, beside honest ones and Pillow (Linux)
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m benchmarks.hostile

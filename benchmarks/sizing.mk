.PHONY: bench-sizing

bench-sizing: environment ## measure how many requests a core answers and how much memory a worker takes (Linux)
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m benchmarks.sizing

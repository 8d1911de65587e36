.PHONY: bench-bulk

bench-bulk: environment ## measure classify-many beside a bare loop, on one core and on two (needs MNIST in MNIST_DIR)
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m benchmarks.bulk --data "$(MNIST_DIR)"

.PHONY: bench-train

bench-train: environment ## measure training beside scikit-learn, PyTorch and one example at a time, as far as they are installed
	OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.training --out runs/training $(if $(MNIST_DIR),--data "$(MNIST_DIR)")

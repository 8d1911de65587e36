.PHONY: bench-images

bench-images: environment ## measure how pictures of any kind are read (needs MNIST in MNIST_DIR, and scikit-learn)
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m benchmarks.images --data "$(MNIST_DIR)" --out runs/images

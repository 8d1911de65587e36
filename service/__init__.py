"""A handwritten-digit service: a network's artifact and a PNG in, ten output activations out."""

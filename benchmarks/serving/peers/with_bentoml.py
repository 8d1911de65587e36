"""BentoML."""

import bentoml
import numpy as np
from network import forward
from PIL.Image import Image


@bentoml.service(workers=1)
class Digits:
    @bentoml.api
    def classify(self, image: Image) -> dict:
        pixels = np.asarray(image.convert("L").resize((28, 28)), np.float32).reshape(1, 784) / 255
        activations = forward(pixels)[0]
        return {"activations": activations.tolist(), "digit": int(activations.argmax())}

"""LitServe, which reads JSON."""

import os
from base64 import b64decode
from io import BytesIO

import litserve
from network import forward, to_pixels


class Digits(litserve.LitAPI):
    def setup(self, device):
        self.device = device

    def decode_request(self, request):
        return to_pixels(BytesIO(b64decode(request["image"])))

    def predict(self, pixels):
        return forward(pixels)[0]

    def encode_response(self, activations):
        return {"activations": activations.tolist(), "digit": int(activations.argmax())}


if __name__ == "__main__":
    server = litserve.LitServer(Digits(api_path="/classify"), accelerator="cpu")
    server.run(
        port=int(os.environ["PEER_PORT"]), host="127.0.0.1", log_level="error", generate_client_file=False
    )

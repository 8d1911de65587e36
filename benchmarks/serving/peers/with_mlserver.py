"""MLServer."""

from io import BytesIO

from mlserver import MLModel
from mlserver.codecs import Base64Codec, NumpyCodec
from mlserver.types import InferenceResponse
from network import forward, to_pixels


class Digits(MLModel):
    async def load(self):
        return True

    async def predict(self, payload):
        [png] = Base64Codec.decode_input(payload.inputs[0])
        activations = forward(to_pixels(BytesIO(png)))
        return InferenceResponse(
            model_name=self.name, outputs=[NumpyCodec.encode_output("activations", activations)]
        )

"""FastAPI before onnxruntime, on one thread."""

import os
from io import BytesIO

import numpy as np
import onnx_model
import onnxruntime
from fastapi import FastAPI, Request
from PIL import Image

PATH = os.environ["PEER_NETWORK"].replace(".npz", ".onnx")
onnx_model.write(PATH)
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(PATH, options, providers=["CPUExecutionProvider"])
app = FastAPI()


@app.post("/")
async def classify(request: Request):
    image = Image.open(BytesIO(await request.body())).convert("L").resize((28, 28))
    pixels = np.asarray(image, np.float32).reshape(1, 784) / 255
    activations = session.run(None, {"image": pixels})[0][0]
    return {"activations": activations.tolist(), "digit": int(activations.argmax())}

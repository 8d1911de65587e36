"""What a tutorial makes of Flask, Pillow and NumPy."""

from io import BytesIO

from flask import Flask, jsonify, request
from network import forward, to_pixels

flask = Flask(__name__)


@flask.post("/")
def classify():
    activations = forward(to_pixels(BytesIO(request.get_data())))[0]
    return jsonify({"activations": activations.tolist(), "digit": int(activations.argmax())})

"""Writes the arrays that PEER_NETWORK names as an ONNX file beside them."""

import os

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

STORED = np.load(os.environ["PEER_NETWORK"])
HIDDEN = {"sigmoid": "Sigmoid", "relu": "Relu"}[os.environ["PEER_HIDDEN"]]


def write(path):
    n_layers = len(STORED.files) // 2
    nodes, arrays, before = [], [], "image"
    for i in range(n_layers):
        arrays.append(numpy_helper.from_array(STORED[f"weights{i}"], f"weights{i}"))
        arrays.append(numpy_helper.from_array(STORED[f"biases{i}"], f"biases{i}"))
        after = "activations" if i == n_layers - 1 else f"column{i}"
        nodes.append(helper.make_node("Gemm", [before, f"weights{i}", f"biases{i}"], [f"z{i}"], transB=1))
        nodes.append(helper.make_node("Sigmoid" if i == n_layers - 1 else HIDDEN, [f"z{i}"], [after]))
        before = after
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 784])
    out = helper.make_tensor_value_info("activations", TensorProto.FLOAT, ["n", 10])
    graph = helper.make_graph(nodes, "digits", [image], [out], arrays)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, path)


if __name__ == "__main__":
    write(os.environ["PEER_NETWORK"].replace(".npz", ".onnx"))

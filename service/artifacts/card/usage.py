"""How the network of a card is asked: by the service, and by NumPy alone."""

from collections.abc import Iterator
from types import MappingProxyType

from service.artifacts.format import Metadata

__all__ = ["how_to_use"]

SQUASHES = MappingProxyType(
    {
        "sigmoid": "1 / (1 + np.exp(-np.maximum(z, -88)))",  # exp(89) overflows float32
        "tanh": "np.tanh(z)",
        "relu": "np.maximum(z, 0)",
    }
)


def how_to_use(metadata: Metadata) -> Iterator[str]:
    """Show commands, and a program that reads the file beside which the card lies."""
    model = metadata.full_name
    commands = (
        [
            f"$ digits classify --model {model} picture.png",
            f"$ curl --data-binary @picture.png 'http://127.0.0.1:8000/v1/classify?model={model}'",
        ]
        if metadata.preprocessing.name.startswith("mnist")
        else [f"$ digits inspect {model}"]
    )
    yield "## How to use it"
    yield "\n".join(["```console", *commands, "```"])
    yield (
        "NumPy alone reads the file. Here it answers its golden samples, inputs of the first layer, and "
        "compares the answers with those that the file promises:"
    )
    yield _program(metadata)


def _program(metadata: Metadata) -> str:
    used = sorted(set(metadata.activations))
    squashes = "\n".join(f'    "{name}": lambda z: {SQUASHES[name]},' for name in used)
    return f"""\
```python
import json

import numpy as np

SQUASHES = {{
{squashes}
}}

with np.load("{metadata.version}.npz") as file:
    metadata = json.loads(file["metadata.json"])
    activations = np.array(metadata["golden"]["inputs"], np.float32)  # (n, {metadata.sizes[0]})
    for depth, squash in enumerate(metadata["activations"]):
        z = activations @ file[f"layers/{{depth}}/weights"].T + file[f"layers/{{depth}}/biases"]
        activations = SQUASHES[squash](z)

assert np.allclose(activations, metadata["golden"]["activations"], rtol=1e-4, atol=1e-4)
print([metadata["labels"][neuron] for neuron in activations.argmax(axis=1)])
```"""

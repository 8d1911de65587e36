"""Golden samples: inputs kept in an artifact, with the activations that they give wherever it is loaded."""

import numpy as np

from service.artifacts.format import Golden
from service.network import FloatArray, Network

__all__ = ["TOLERANCE", "disagreement", "golden_samples"]

TOLERANCE = 1e-4  # what float32 sums in another order may differ by, with a wide margin


def golden_samples(network: Network, inputs: FloatArray) -> Golden:
    """Record what a network answers.

    Args:
        network: as it will be loaded, so rounded to the artifact's dtype first; see rounded().
        inputs: (n, n_in) of the first layer; kept to 3 decimals, and answered as they are kept.
    """
    kept = np.round(inputs.astype(np.float64), 3)
    activations = network.forward(kept.astype(np.float32)).astype(np.float64)
    return Golden(inputs=kept.tolist(), activations=np.round(activations, 6).tolist())


def disagreement(network: Network, golden: Golden) -> tuple[int, float]:
    """Find the sample that a network answers worst: its index, and by how much an activation is off.

    Activations beyond 1, which ReLU outputs can have, are off by their share of the expected one.
    """
    expected = np.array(golden.activations)
    with np.errstate(over="ignore", invalid="ignore"):  # 1e38 is finite, sums of it are not
        actual = network.forward(np.array(golden.inputs, np.float32))
        off = np.abs(actual - expected) / np.maximum(1, np.abs(expected))
    worst = np.nan_to_num(off, nan=np.inf, posinf=np.inf).max(axis=1)  # (n,)
    return int(worst.argmax()), float(worst.max())

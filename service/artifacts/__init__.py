"""Artifacts on disk and networks in memory: written, verified, read and listed here, and nowhere else."""

from service.artifacts.format import Metadata
from service.artifacts.golden import golden_samples
from service.artifacts.load import Artifact, load, self_test
from service.artifacts.repository import Catalogue, Repository, Reread
from service.artifacts.save import rounded, save

__all__ = [
    "Artifact",
    "Catalogue",
    "Metadata",
    "Repository",
    "Reread",
    "golden_samples",
    "load",
    "rounded",
    "save",
    "self_test",
]

"""The languages of other model servers: the Open Inference Protocol (V2), and V1 with its :predict."""

from flask import Blueprint

from service.web.inference.data_plane import DataPlane
from service.web.inference.predict import predict_routes
from service.web.inference.protocol import protocol_routes
from service.web.inference.repository import repository_routes

__all__ = ["DataPlane", "inference_routes"]


def inference_routes(data_plane: DataPlane) -> tuple[Blueprint, ...]:
    """Serve both protocols."""
    return protocol_routes(data_plane), repository_routes(data_plane), predict_routes(data_plane)

"""Every setting: declared once, with type, default, bounds and a sentence; read once, at the start."""

from service.settings.fields import SETTINGS, Effective, Settings, shipped_artifacts, usable_cores
from service.settings.words import Setting

__all__ = ["SETTINGS", "Effective", "Setting", "Settings", "shipped_artifacts", "usable_cores"]

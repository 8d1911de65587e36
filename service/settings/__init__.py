"""Every setting: declared once, with type, default, bounds and a sentence; read once, at the start."""

from service.settings.fields import SETTINGS, Effective, Setting, Settings, shipped_artifacts, usable_cores

__all__ = ["SETTINGS", "Effective", "Setting", "Settings", "shipped_artifacts", "usable_cores"]

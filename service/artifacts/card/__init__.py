"""Model cards, each told by an artifact's metadata alone.

No number and no claim about a network stands in its card that its metadata does not make; see Mitchell et al.
2019, "Model Cards for Model Reporting".
"""

from service.artifacts.card.page import card

__all__ = ["card"]

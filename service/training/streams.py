"""The streams of a training's seed: what is drawn for one purpose is not drawn again for another.

To change a number is to get another network from the same seed.
"""

__all__ = ["CHOICE", "COMMITTEE", "MATERIAL", "MEASUREMENT", "STOCK", "TEST"]

STOCK = 0  # what is made once: digits of other sources, and trash that is costly to make
MATERIAL = 1  # what each epoch learns from
COMMITTEE = 1  # starts and order of the committee: of the stream itself, while material is of those it spawns
TEST = 2  # the trash that the evaluation in the artifact is made with
MEASUREMENT = 3  # the trash of `digits evaluate`, of which no training draws
CHOICE = 4  # the trash that the threshold is chosen on, which nothing learned from

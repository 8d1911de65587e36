"""One look for all pictures: a card that stands on light and dark pages, colours that all can tell apart.

Blue is positive and vermilion is negative (Okabe and Ito 2008). Whoever draws stays inside `style()`.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from PIL import Image

from service.network import FloatArray
from service.training.extras import needs
from service.whole import whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

__all__ = [
    "BLACK",
    "BLUE",
    "GREEN",
    "GREY",
    "INK",
    "ORANGE",
    "PALETTES",
    "VERMILION",
    "bare",
    "colours",
    "figure",
    "grid",
    "on_shade",
    "percent",
    "shades",
    "style",
    "write",
]

BLUE, VERMILION, GREEN, ORANGE, BLACK = "#0072B2", "#D55E00", "#009E73", "#E69F00", "#222222"
GREY = "#8A8A86"
CARD = "#FBFBF8"
INK = "gray_r"  # matplotlib's map from paper, white, to ink, black

PALETTES: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {  # negative, zero, positive
        "blue and vermilion": (VERMILION, "#FFFFFF", BLUE),
        "green and red": ("#FF3B30", "#000000", "#34E05C"),
    }
)

STYLE: Mapping[str, Any] = MappingProxyType(
    {
        "figure.facecolor": CARD,
        "axes.facecolor": CARD,
        "savefig.facecolor": CARD,
        "font.family": "DejaVu Sans",  # comes with matplotlib: the same picture everywhere
        "font.size": 9,
        "text.color": BLACK,
        "axes.labelcolor": BLACK,
        "axes.edgecolor": GREY,
        "axes.titlesize": 9.5,
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": "#E4E4DE",
        "grid.linewidth": 0.7,
        "lines.linewidth": 1.8,
        "xtick.color": BLACK,
        "ytick.color": BLACK,
        "legend.frameon": False,
        "image.interpolation": "nearest",
        "figure.constrained_layout.use": True,
        "figure.constrained_layout.w_pad": 0.09,  # inches
        "figure.constrained_layout.h_pad": 0.07,
    }
)

DOTS_PER_INCH = 110
PAPER = "#FFFFFF"
LINEAR = (0.2126, 0.7152, 0.0722)  # shares of red, green and blue in how bright a colour is


def style() -> AbstractContextManager[None]:
    """Draw in the common look for as long as the context lasts."""
    return cast("AbstractContextManager[None]", needs("matplotlib").rc_context(dict(STYLE)))


def figure(width: float, height: float) -> "Figure":
    """Return an empty figure of so many inches."""
    return cast("Figure", needs("matplotlib.figure").Figure(figsize=(width, height)))


def colours(palette: str) -> "Colormap":
    """Return the map from −1, negative, over 0 to 1, positive."""
    return cast(
        "Colormap", needs("matplotlib.colors").LinearSegmentedColormap.from_list(palette, PALETTES[palette])
    )


def shades(colour: str) -> "Colormap":
    """Return the map from 0, white, to 1, the colour."""
    return cast(
        "Colormap", needs("matplotlib.colors").LinearSegmentedColormap.from_list(colour, [PAPER, colour])
    )


def on_shade(value: float, colour: str) -> str:
    """Return black or white, whichever stands out more as text on a shade, 0 white to 1 the colour.

    What stands out is what WCAG's contrast says.
    """
    ground = _luminance(1 - value * (1 - _rgb(colour)))
    white, black = _luminance(_rgb(PAPER)), _luminance(_rgb(BLACK))
    return PAPER if (white + 0.05) / (ground + 0.05) > (ground + 0.05) / (black + 0.05) else BLACK


def _rgb(colour: str) -> FloatArray:
    return np.array(needs("matplotlib.colors").to_rgb(colour))


def _luminance(rgb: FloatArray) -> float:
    """Return how bright a colour is, 0..1."""
    return float(rgb**2.2 @ LINEAR)  # nearly sRGB's own curve


def bare(axes: "Axes", title: str = "") -> None:
    """Leave nothing of the axes but what is drawn inside, under a title."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set_visible(False)
    if title:
        axes.set_title(title)


def grid(pictures: FloatArray, columns: int, gap: int = 1) -> FloatArray:
    """Lay pictures out side by side, some pixels apart: (n, rows, columns) → one picture, NaN in the gaps."""
    n, height, width = pictures.shape
    lines = -(-n // columns)
    sheet = np.full((lines * (height + gap) - gap, columns * (width + gap) - gap), np.nan)
    for place, picture in enumerate(pictures):
        top, left = place // columns * (height + gap), place % columns * (width + gap)
        sheet[top : top + height, left : left + width] = picture
    return sheet


def percent(axis: Any, decimals: int = 0) -> None:  # noqa: ANN401  # matplotlib's XAxis or YAxis
    """Label an axis of shares, 0..1, in percent."""
    axis.set_major_formatter(needs("matplotlib.ticker").PercentFormatter(1, decimals=decimals))


def write(drawn: "Figure", path: Path) -> None:
    """Write a PNG of at most 256 colours, the same bytes for the same figure and the same matplotlib."""
    content = BytesIO()
    drawn.savefig(content, format="png", dpi=DOTS_PER_INCH)
    with Image.open(content) as image, whole(path) as file:
        image.convert("RGB").quantize(256, kmeans=1, dither=Image.Dither.NONE).save(
            file, "PNG", optimize=True
        )

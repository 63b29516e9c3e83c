"""Legends that fit: inside a frame while short, else beside it in a figure as wide and high as they need."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .labels import wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.transforms import Bbox

SIZE = (5.6, 4.3)
"""Inches of a picture without a legend beside it."""
_MOST_INSIDE = 5
_MARGIN = 0.06


def draw_legend(ax: Axes, leading: Sequence[str], *, may_stand_beside: bool, crowded: bool) -> bool:
    """Draw the legend, the ``leading`` texts first; a long one, or any in a crowded frame, stands beside it if it may, which is told."""
    handles, texts = ax.get_legend_handles_labels()
    order = sorted(range(len(texts)), key=lambda k: texts[k] not in leading)
    shown = [handles[k] for k in order], [wrapped(texts[k]) for k in order]
    if not may_stand_beside or (len(order) <= _MOST_INSIDE and not crowded):
        ax.legend(*shown, loc="upper left", handlelength=2.6)
        return False
    _draw_beside(ax, *shown)
    return True


def _draw_beside(ax: Axes, handles: Sequence[Any], texts: Sequence[str]) -> None:
    """The axes keep their size and the figure grows, to the right and where need be upwards, by what the legend takes."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    legend = ax.legend(
        handles, texts, loc="upper left", bbox_to_anchor=(1.01, 1.01), handlelength=2.6, borderaxespad=0.2
    )
    figure.draw_without_rendering()
    frame, needed = (
        box.transformed(figure.dpi_scale_trans.inverted()) for box in (ax.bbox, legend.get_window_extent())
    )
    width = max(SIZE[0], needed.x1 + _MARGIN)
    lower = max(0.0, _MARGIN - needed.y0)  # what the legend takes below the figure
    height = SIZE[1] + lower
    figure.set_size_inches(width, height)
    ax.set_position((frame.x0 / width, (frame.y0 + lower) / height, frame.width / width, frame.height / height))


def everything(figure: Figure) -> Bbox | None:
    """Return the box in inches that holds the figure and all that reaches out of it; None where nothing does."""
    from matplotlib.transforms import Bbox

    figure.draw_without_rendering()
    drawn, page = figure.get_tightbbox(), figure.bbox_inches
    if drawn.x0 >= page.x0 and drawn.y0 >= page.y0 and drawn.x1 <= page.x1 and drawn.y1 <= page.y1:
        return None
    grown = Bbox.from_extents(drawn.x0 - _MARGIN, drawn.y0 - _MARGIN, drawn.x1 + _MARGIN, drawn.y1 + _MARGIN)
    return Bbox.union([page, grown])

"""A small map of a matrix for a line of a notebook."""

from __future__ import annotations

import base64
import io

import numpy as np
from matplotlib import colormaps
from matplotlib.image import imsave

from xbar_circuit._checks import FloatArray

__all__ = ["thumbnail"]

_PIXELS, _NARROWEST = 96, 12  # of the longer side; a matrix of 144 x 3 is more than a hair


def thumbnail(values: FloatArray) -> str:
    """Return an ``<img>`` of a matrix, dark where it is small and light where it is large.

    Parameters
    ----------
    values
        (rows, cols), finite; its largest and smallest entries span the colours.

    Returns
    -------
    str
        An image element with its picture inside; no file, no script.
    """
    lowest, highest = float(values.min()), float(values.max())
    span = highest - lowest
    shades = (values - lowest) / span if span > 0.0 else np.zeros_like(values)
    picture = io.BytesIO()
    imsave(picture, colormaps["viridis"](shades), format="png")
    data = base64.b64encode(picture.getvalue()).decode("ascii")
    rows, cols = values.shape
    scale = _PIXELS / max(rows, cols)
    width, height = (max(_NARROWEST, round(side * scale)) for side in (cols, rows))
    style = f"width:{width}px;height:{height}px;image-rendering:pixelated;vertical-align:middle"
    source = f"data:image/png;base64,{data}"
    return f'<img src="{source}" alt="map of {rows} x {cols} values" style="{style}">'

"""A backend of matplotlib that hands figures over as SVG; `sandbox.js` names it in MPLBACKEND."""

import io
import sys
from typing import Any

from matplotlib._pylab_helpers import Gcf
from matplotlib.backend_bases import FigureManagerBase
from matplotlib.backends.backend_svg import FigureCanvasSVG

from demos import readers

MOST = 5_000_000
"""Characters that one figure may have."""


class FigureManager(FigureManagerBase):
    """A figure that is shown once and then forgotten."""

    def show(self) -> None:
        """Hand the figure over, after all that was printed before it.

        Raises:
            ValueError: when it is too large to be shown.
        """
        out = io.StringIO()
        self.canvas.figure.savefig(out, format="svg")
        Gcf.destroy(self)
        svg = out.getvalue()
        if len(svg) > MOST:
            raise ValueError(f"a figure of {len(svg):,} characters is too large; draw fewer points")
        sys.stdout.flush()
        readers.emit("figure", svg)


class FigureCanvas(FigureCanvasSVG):
    """A canvas that is saved as SVG."""

    manager_class: Any = FigureManager

"""Make what the browser starts Python from: packed for a fast start, or as Pyodide publishes it.

The packed one relies on internals of one version of Pyodide; surgery/README.md tells which, and
what to do about another version.
"""

from __future__ import annotations

from pathlib import Path

from scripts.bootstrap import ROOT, SetupError, run
from scripts.pyodide import stock, vendor

MADE_FOR = "314.0.4"
"""The version that the surgery fits; another one after all that surgery/README.md asks for."""

PACKED = ROOT / ".build" / "py"
STOCK = ROOT / ".build" / "stock"


def folder(*, published: bool) -> Path:
    """Return where `make` puts files, and their list `manifest.json`."""
    return STOCK if published else PACKED


def make(*, published: bool = False, draft: bool = False) -> None:
    """Fetch and verify Pyodide's wheels, then make what the browser loads.

    Args:
        published: Take Pyodide as it is.
        draft: Pack the project's code quickly: Python then starts from it without a snapshot.

    Raises:
        SetupError: when a file cannot be had, or Pyodide is not the version that is packed.
    """
    if not published and (version := vendor.version()) != MADE_FOR:
        raise SetupError(
            f"package-lock.json names Pyodide {version}, and the fast start is made for {MADE_FOR}:"
            " build with --stock, which works at once and starts slower, or follow"
            " scripts/pyodide/surgery/README.md, Another version."
        )
    wheels = vendor.fetch()
    if published:
        stock.lay_out(STOCK, vendor.PYODIDE, wheels)
        return
    command = ["node", "scripts/pyodide/surgery/pack.mjs", "--pyodide", str(vendor.PYODIDE)]
    command += ["--wheels", str(next(iter(wheels.values())).parent), "--out", str(PACKED)]
    run("Python for the browser", [*command, *(["--draft"] if draft else [])])

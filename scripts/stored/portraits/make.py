"""Make the portraits of all methods: see the package."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from adapters_np.core import Portrait, load
from scripts.bootstrap import ROOT
from scripts.catalog import Catalog, read
from scripts.stored.portraits import (  # noqa: F401  they register kinds
    bases,
    grids,
    joined,
    networks,
    planes,
    products,
)
from scripts.stored.portraits.kinds import KINDS

OUT = ROOT / ".build" / "portraits"
DRAWN = OUT / "drawn.json"
DRAW = Path(__file__).with_name("draw.mjs")
SEED = 0
LONGEST = 60  # letters of the sentence below a picture


def declared(module: str) -> Portrait:
    """Return what a module declares.

    Raises:
        ValueError: when that is nothing, or of no kind, or has too long a sentence; the text names
            the file.
    """
    portrait, file = load(module).portrait, f"adapters_np/methods/{module}.py"
    if portrait is None:
        raise ValueError(
            f'{file}: portrait is missing; write portrait = Portrait("change", "what one sees") or '
            "another kind of scripts/stored/portraits"
        )
    if portrait.kind not in KINDS:
        known = ", ".join(sorted(KINDS))
        raise ValueError(f"{file}: portrait={portrait.kind!r} is not one of {known}")
    if not 0 < len(portrait.says) <= LONGEST:
        raise ValueError(
            f"{file}: portrait says {len(portrait.says)} letters; it needs 1 to {LONGEST}"
        )
    return portrait


def portrait(module: str, theme: str) -> dict[str, Any]:
    kind, says = declared(module)
    rng = np.random.default_rng(SEED)
    shown = KINDS[kind](lambda W, **knobs: load(module).init(W, rng, **knobs))
    return {
        "kind": kind,
        "theme": theme,
        "says": says,
        "still": plain(shown.still),
        "moments": [plain(moment) for moment in shown.moments],
    }


def plain(value: Any) -> Any:
    """Return arrays as lists with three decimals: more than a pixel shows."""
    if isinstance(value, Mapping):
        return {name: plain(v) for name, v in value.items()}
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, list):
        return [plain(v) for v in value]
    rounded = round(float(value), 3)
    return int(rounded) if rounded == int(rounded) else rounded


def every(catalog: Catalog) -> dict[str, dict[str, Any]]:
    return {m.slug: portrait(m.modules[0], m.theme) for m in catalog.methods.values()}


def drawings(portraits: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Return SVG by slug.

    Raises:
        RuntimeError: when one cannot be drawn; the text is Node's own.
    """
    text = json.dumps(portraits)
    done = subprocess.run(["node", str(DRAW)], input=text, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{DRAW.name} failed:\n{done.stderr}")
    drawn: dict[str, str] = json.loads(done.stdout)
    return drawn


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    for path in OUT.glob("*.json"):
        path.unlink()
    portraits = every(read())
    for slug, data in portraits.items():
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        (OUT / f"{slug}-portrait.json").write_text(text, "utf-8")
    DRAWN.write_text(json.dumps(drawings(portraits)), "utf-8")

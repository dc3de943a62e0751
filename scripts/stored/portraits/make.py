"""Make the portraits of all methods: see the package."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

from adapters_np.core import load
from scripts.bootstrap import ROOT
from scripts.catalog import Catalog, read
from scripts.stored.portraits import bases, grids, networks, planes  # noqa: F401  they register kinds
from scripts.stored.portraits.kinds import KINDS, Shown

OUT = ROOT / ".build" / "portraits"
DRAWN = OUT / "drawn.json"
DRAW = Path(__file__).with_name("draw.mjs")
SEED = 0
LONGEST = 60  # letters of the sentence below a picture


def shown(module: str) -> Shown:
    """Return what a method's portrait shows.

    Raises:
        ValueError: when the module declares none, or one of no kind, or with too long a sentence;
            the text names the file.
    """
    cls, file = load(module), f"adapters_np/methods/{module}.py"
    if cls.portrait is None:
        raise ValueError(
            f'{file}: portrait is missing; write portrait = Portrait("change", "what one sees") or '
            "another kind of scripts/stored/portraits"
        )
    kind, says = cls.portrait
    if kind not in KINDS:
        raise ValueError(f"{file}: portrait={kind!r} is not one of {', '.join(sorted(KINDS))}")
    if not 0 < len(says) <= LONGEST:
        raise ValueError(f"{file}: portrait says {len(says)} letters; it needs 1 to {LONGEST}")
    rng = np.random.default_rng(SEED)
    return KINDS[kind](lambda W, **knobs: cls.init(W, rng, **knobs))


def portrait(module: str, theme: str) -> dict[str, Any]:
    """Return a method's portrait as data for a drawing."""
    found, declared = shown(module), load(module).portrait
    assert declared is not None
    return {
        "kind": declared.kind,
        "theme": theme,
        "says": declared.says,
        "alt": found.alt,
        "still": plain(found.still),
        "moments": [plain(moment) for moment in found.moments],
    }


def plain(value: Any) -> Any:
    """Return arrays as lists with three decimals: more than a pixel shows."""
    if isinstance(value, dict):
        return {name: plain(v) for name, v in value.items()}
    if isinstance(value, np.ndarray) or np.isscalar(value):
        rounded = np.round(np.asarray(value, float), 3) + 0.0  # no −0
        whole = np.where(rounded == np.round(rounded), np.round(rounded), rounded)
        return _short(whole.tolist())
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return value


def _short(value: Any) -> Any:
    if isinstance(value, list):
        return [_short(v) for v in value]
    return int(value) if value == int(value) else value


def every(catalog: Catalog) -> dict[str, dict[str, Any]]:
    """Return the portraits of all pages by slug."""
    return {m.slug: portrait(m.modules[0], m.theme) for m in catalog.methods.values()}


def drawings(portraits: dict[str, dict[str, Any]]) -> dict[str, dict[str, str]]:
    """Return SVG by slug: `small` for lists, `large` with names for a page.

    Raises:
        RuntimeError: when one cannot be drawn; the text is Node's own.
    """
    text = json.dumps(portraits)
    done = subprocess.run(["node", str(DRAW)], input=text, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{DRAW.name} failed:\n{done.stderr}")
    found: dict[str, dict[str, str]] = json.loads(done.stdout)
    return found


def main() -> None:
    """Write the portraits, and remove those of methods gone."""
    OUT.mkdir(parents=True, exist_ok=True)
    for path in OUT.glob("*.json"):
        path.unlink()
    found = every(read())
    for slug, data in found.items():
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        (OUT / f"{slug}-portrait.json").write_text(text, "utf-8")
    DRAWN.write_text(json.dumps(drawings(found)), "utf-8")


if __name__ == "__main__":
    main()

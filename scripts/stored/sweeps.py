"""Store what a method's widget shows along its main knob: it answers a drag before Python is up.

A file is a JSON header, which says where its arrays are, 32-bit numbers for the spectra, and a byte
for each entry of a matrix, in as many levels as the heatmap has. Where a knob has more values than
there is room for, those come first at which the method has as many parameters as another one: the
page that compares the two opens with them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import brotli
import numpy as np

from adapters_np.core import slugs
from adapters_np.errors import KnobError
from adapters_np.knobs import Knob
from adapters_np.linalg import Array
from demos.compare import COMPARED, Measured, Side, matched, panels
from demos.panels import Panel
from demos.probe import measure, show
from demos.settings import main_knob
from scripts.bootstrap import ROOT
from scripts.cache import digest, kept, tidy
from scripts.imports import closure

OUT = ROOT / ".build" / "sweeps"

MOST_BYTES = 70_000  # as the server sends it
MOST_VALUES = 64
LEVELS = 63  # of each sign: those of demos/widget/heatmap.js
BITS, BITS_OF_NOISE = 20, 8  # of a singular value, and of one that is round-off

Answer = dict[str, Any]


class Sweep(NamedTuple):
    """The values of the main knob that are stored, and the file."""

    values: tuple[Any, ...]
    data: bytes


@cache
def sweep(slug: str) -> Sweep | None:
    """Return the stored answers of a method along its main knob, or None if it has no knob."""
    knob = main_knob(slug)
    if not knob:
        return None
    answers = {}
    for value in _wanted(slug, knob)[:MOST_VALUES]:
        try:
            answers[value] = {"value": value, **answer(slug, {knob.name: value})}
        except KnobError:  # the shape of the weight forbids this value
            continue
    count = len(answers)
    while len(brotli.compress(data := packed(knob, list(answers.values())[:count]))) > MOST_BYTES:
        count = min(count - 1, int(count * MOST_BYTES / len(brotli.compress(data, quality=5))))
    return Sweep(tuple(answers)[:count], data)


def answer(slug: str, chosen: dict[str, Any]) -> Answer:
    change = measure(slug, chosen)
    shown = show(change)
    names = {panel["name"] for panel in shown["panels"]}
    return {**shown, "others": [p for p in panels(change) if p["name"] not in names]}


# Stored values ------------------------------------------------------------------------------------


def _wanted(slug: str, knob: Knob) -> list[Any]:
    side = Side(slug, slug, "", {})
    matches = Counter(matched(first, side).own[knob.name] for first in _defaults())
    values = knob.values()
    frequent = [value for value, _ in matches.most_common()]
    between = [values[i] for i in spread(len(values))]
    return list(dict.fromkeys([knob.default, *frequent, *between]))


@cache
def _defaults() -> list[Measured]:
    return [Measured(Side(slug, slug, "", {}), measure(slug, {})) for slug in slugs()]


def spread(n: int) -> Iterator[int]:
    """Yield the numbers below n, both ends first, then always between those that there are.

    >>> list(spread(5))
    [0, 4, 0, 2, 4, 0, 1, 2, 3, 4]
    """
    gaps = 1
    while True:
        yield from (round(i * (n - 1) / gaps) for i in range(gaps + 1))
        if gaps >= n - 1:
            return
        gaps *= 2


# The file -----------------------------------------------------------------------------------------


class Store:
    """Arrays one after another; one that is there already is not stored again."""

    def __init__(self, kind: type[np.generic]) -> None:
        self.kind, self.size = kind, 0
        self.parts: dict[bytes, int] = {}

    def add(self, array: Array) -> int:
        """Add an array and return where it starts, counted in entries."""
        raw = array.astype(self.kind).tobytes()
        if raw not in self.parts:
            self.parts[raw] = self.size
            self.size += array.size
        return self.parts[raw]

    def planes(self) -> bytes:
        """Return the first bytes of all entries, then the second ones, which compresses better."""
        entries = np.frombuffer(b"".join(self.parts), np.uint8).reshape(self.size, -1)
        return entries.T.tobytes()


def rounded(sigma: Array) -> Array:
    """Return values in as many bits as a reader can tell, which makes files smaller."""
    noise = np.abs(sigma) < np.abs(sigma).max() * len(sigma) * np.finfo(float).eps
    mantissa, exponent = np.frexp(sigma)
    bits = np.where(noise, BITS_OF_NOISE, BITS)
    return np.ldexp(np.rint(np.ldexp(mantissa, bits)), exponent - bits)


def packed(knob: Knob, answers: list[Answer], **more: Any) -> bytes:
    """Return answers as one file; demos/widget/sweep.js reads it."""
    floats, levels = Store(np.float32), Store(np.int8)

    def view(view: Panel) -> Panel:
        rest = {name: value for name, value in view.items() if name != "values"}
        if "sum" in view:
            return rest
        scale = float(np.abs(view["values"]).max()) / LEVELS or 1.0
        return {**rest, "scale": scale, "at": levels.add(np.rint(view["values"] / scale))}

    def panel(panel: Panel) -> Panel:
        if panel["kind"] == "matrix":
            return panel | {"views": [view(v) for v in panel["views"]]}
        if panel["kind"] == "series":
            lines = [
                {
                    "label": line["label"],
                    "at": floats.add(rounded(line["values"])),
                    "count": len(line["values"]),
                }
                for line in panel["lines"]
            ]
            return panel | {"lines": lines}
        if panel["kind"] == "pairs":
            ends = {end: levels.add(np.rint(LEVELS * panel[end])) for end in ("before", "after")}
            return panel | ends | {"count": len(panel["before"])}
        if panel["kind"] == "curve":
            return panel | {"lora": floats.add(rounded(panel["lora"])), "count": len(panel["lora"])}
        return panel | {"value": float(f"{panel['value']:.9g}")}

    stored = [a | {"panels": [panel(p) for p in a["panels"]]} for a in answers]
    head = {"knob": knob.name, "compared": COMPARED, "floats": floats.size, "answers": stored}
    head |= more
    text = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode()
    return len(text).to_bytes(4, "little") + text + floats.planes() + levels.planes()


# Keeping files ------------------------------------------------------------------------------------


def key(slug: str, root: Path = ROOT) -> str:
    knob = main_knob(slug)
    return made_from(Path(__file__), slug, root, repr(_wanted(slug, knob) if knob else []))


def made_from(script: Path, slug: str, root: Path, setting: str = "") -> str:
    """Return the hash of a method, and of a script that makes a file of it."""
    own = [root / f"adapters_np/{room}/{slug}.py" for room in ("methods", "controls")]
    code = closure(
        [root / script.relative_to(ROOT), *(path for path in own if path.exists())], root
    )
    return digest(root, [*code, *root.glob("demos/*.npy"), root / "requirements.txt"], setting)


def refresh(
    folder: Path, kind: str, key: Callable[[str], str], make: Callable[[str], Sweep | None]
) -> None:
    paths = {
        slug: folder / f"{slug}-{kind}-{key(slug)[:32]}.bin" for slug in slugs() if main_knob(slug)
    }
    with ProcessPoolExecutor() as pool:
        list(pool.map(kept, paths.values(), [partial(_data, make, slug) for slug in paths]))
    tidy(folder, paths.values())


def _data(make: Callable[[str], Sweep | None], slug: str) -> bytes:
    made = make(slug)
    assert made
    return made.data


def main() -> None:
    refresh(OUT, "sweep", key, sweep)

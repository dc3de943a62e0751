"""Store what the lab needs: `.build/lab/lab.json`, from docs/data/explained.jsonl.

It has the names, the hypotheses, the worlds, and what every method explains of every world and of
every other method's change, with the parameters and the settings at which it does; and, from
docs/data/experiment_reach.csv, what a fitted change does to the loss of the small model.
`worlds.json` beside it has the pictures of the worlds, for the first cell that opens.
"""

from __future__ import annotations

import base64
import json
import re
from math import log2
from typing import Any, NamedTuple

import numpy as np

from adapters_np.budget import best_of_rank
from adapters_np.core import knobs, load
from demos.lab import TARGETS, goal
from demos.worlds import WORLDS
from scripts.bootstrap import ROOT
from scripts.catalog import Catalog, read
from scripts.survey.results.experiment import finals, fitted

OUT = ROOT / ".build" / "lab" / "lab.json"
PICTURES = OUT.with_name("worlds.json")
STUDY = ROOT / "docs" / "data" / "explained.jsonl"
LEVELS = 127  # of each sign in a stored picture: a byte per entry
FOUR, MATRIX = 4, (64, 64)  # what the experiment's changes were fitted on
RANKS = 9  # 0 … 8: the curve of the best change of a rank


def read_study() -> tuple[dict[str, Any], list[dict[str, Any]]]:
    head, *rows = map(json.loads, STUDY.read_text("utf-8").splitlines())
    return head, rows


def order(methods: list[str]) -> list[str]:
    """Return methods in the order of the worlds that are drawn from them, then the others.

    So the cells in which a method meets its own world lie on the diagonal.
    """
    families = [target.family for target in WORLDS.values()]
    owners = [family for family in families if family in methods]
    return [*owners, *(slug for slug in methods if slug not in owners)]


def world(name: str) -> dict[str, Any]:
    """Return a world, and what the best changes of rank 0, 1, … explain of it."""
    target = TARGETS[name]
    return {
        "name": name,
        "title": target.title,
        "sentence": target.sentence,
        "family": target.family,
        "best": best_of_rank(goal(name))[:RANKS].round(4).tolist(),
    }


def picture(name: str) -> dict[str, Any]:
    """Return the entries of a world's change in bytes, and the size of the largest."""
    D = goal(name)
    limit = float(np.abs(D).max())
    levels = np.rint(LEVELS * D / limit).astype(np.int8)
    return {"limit": limit, "levels": base64.b64encode(levels.tobytes()).decode()}


def lab(catalog: Catalog) -> dict[str, Any]:
    head, rows = read_study()
    pages = {module: m for m in catalog.methods.values() for module in m.modules}
    shown = catalog.names()
    methods = order(list(dict.fromkeys(row["method"] for row in rows)))
    shares: dict[str, dict[str, Any]] = {slug: {"worlds": {}, "teachers": {}} for slug in methods}
    for row in rows:
        if "world" in row:
            shares[row["method"]]["worlds"][row["world"]] = row["found"]
        else:
            shares[row["method"]]["teachers"][row["teacher"]] = row["found"][0]
    return {
        **head,
        "methods": [
            {
                "slug": slug,
                "name": shown[slug],
                "page": pages[slug].url,
                "first": slug == pages[slug].modules[0],
                "losses": losses(slug, shares[slug]["worlds"]["real"], head["ranks"]),
                **shares[slug],
            }
            for slug in methods
        ],
        "worlds": [world(name) for name in TARGETS],
        "worth": round(fitted()[0].worth, 3),
    }


class Loss(NamedTuple):
    """The worth to the model of a fit of four real changes, as the experiment has it."""

    knobs: str
    parameters: int
    share: float
    kept: float


def losses(slug: str, cells: list[Any], ranks: list[int]) -> list[Loss | None]:
    """Return, for each budget, the loss of the fit nearest to a cell in form and parameters.

    Its parameters are within a factor of two. A method's form is its knobs that are no numbers,
    such as PiSSA's components: those that differ are named.
    """
    own = knobs(load(slug)).values()
    words = [k for k in own if k.kind == "bool" or any(isinstance(o, str) for o in k.options)]
    losses = list[Loss | None]()
    for cell, rank in zip(cells, ranks, strict=True):
        near = dict[tuple[int, float], Loss]()
        for method, size, share, kept in (
            (f.method, f.parameters, f.share, f.kept) for f in (fitted() if cell else ())
        ):
            far = abs(log2(size / (rank * sum(MATRIX) * FOUR)))
            if re.split("[ ,]", method)[0] != slug or share < 0 or far > 1:
                continue
            setting = next(iter(finals(method).values())).knobs
            form = {k.name: str(k.default) for k in words} | dict(
                k.split("=") for k in setting.split()
            )
            other = [k.name for k in words if form[k.name] != str(cell[2][k.name])]
            more = [f"{name}={form[name]}" for name in other if f"{name}=" not in setting]
            text = " ".join([*setting.split(), *more])
            near[len(other), far] = Loss(text, size, round(share, 3), round(kept, 3))
        losses.append(near[min(near)] if near else None)
    return losses


def main() -> None:
    OUT.parent.mkdir(parents=True, exist_ok=True)
    pictures = {name: picture(name) for name in TARGETS}
    for path, data in ((OUT, lab(read())), (PICTURES, pictures)):
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        path.write_text(text, encoding="utf-8")

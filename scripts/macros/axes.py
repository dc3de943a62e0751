"""The atlas's seven coordinates of each method beside those that the running modules have.

What the atlas says is data (docs/data/atlas_axes.yml), in its keys. Ours follow from the numbers of
`scripts.studies.axes` and from the map. Both are said in the same words, so that they can differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple, TypedDict

import yaml

from scripts.bootstrap import ROOT
from scripts.survey.results.atlas import medians

FILE = ROOT / "docs" / "data" / "atlas_axes.yml"
SAME = 0.999
"""The share of a change from which on a fit has found it."""
NOTHING = 1e-9
"""The size of a fresh change, beside the weight, that is none."""

BASES = ("any basis", "rotation", "gains", "order")
CARRIES = {
    "any basis": "any basis", "rotation": "rotations", "gains": "order and gains",
    "order": "order alone",
}  # fmt: skip
NONE = "none"

BEGINNINGS = ("regular", "apex")
"""Kinds of a start at the base."""

WORDS: dict[str, dict[str, str]] = {
    "kind": {"R": "weight", "B": "weight", "P": "weight", "E": "output", "E°": "output"},
    "shape": {
        "Lin": "linear", "Cone": "cone", "Orb": "orbit", "Meet": "orbit", "Cone*": "another",
        "Sat": "another",
    },
    "base": {
        "regular": "regular", "apex": "apex", "neutral": "at the base", "defect": "elsewhere",
        "unpointed": "elsewhere",
    },
    "gauge": {"none": "no"},
    "covariance": {
        "GL": "any basis", "CO": "rotations", "Mon": "order and gains",
        "Pi": NONE, "frame": NONE, "N_blk": NONE, "Mon_pair": NONE,
    },
    "merge": {"M1": "yes", "M1 to a neighbour": "yes", "M∞": "no"},
    "rebasing": {"id": "nothing", "span": "more", "group": "more", "schedule": "more"},
}  # fmt: skip
"""Words for the atlas's keys. A key that has none is compared with nothing."""

AXES = {
    "kind": "Changes", "shape": "Its changes", "base": "Start", "gauge": "Spare numbers",
    "outputs": "Basis of outputs", "inputs": "Basis of inputs", "merge": "Merges",
    "rebasing": "A second cycle adds",
}  # fmt: skip
"""Titles of the coordinates; covariance is two, one for each side."""

PLACES = {"row": "table by method", "entry": "catalogue"}
"""Where the atlas prints a method's coordinates, by what names the line."""


class Measured(TypedDict, total=False):
    """Measured properties of a module, for the map."""

    slug: str
    weight: bool
    linear: bool
    orbit: bool
    identity: bool
    merges: bool


class Coordinate(NamedTuple):
    ours: str
    theirs: str

    @property
    def known(self) -> bool:
        return bool(self.ours and self.theirs)

    @property
    def differs(self) -> bool:
        return self.known and self.ours != self.theirs


@cache
def numbers() -> dict[str, dict[str, float]]:
    return medians("axes")


@cache
def atlas() -> dict[str, dict[str, Any]]:
    read: dict[str, dict[str, Any]] = yaml.safe_load(FILE.read_text("utf-8"))
    return read


def place(slug: str) -> str:
    """Return the line of the atlas that has a method."""
    said = atlas()[slug]
    key, title = next((key, title) for key, title in PLACES.items() if key in said)
    return f"{title}, {said[key]}"


def theirs(said: Mapping[str, Any]) -> dict[str, str]:
    found = {
        axis: WORDS[axis].get(said.get(axis, ""), "") for axis in WORDS if axis != "covariance"
    }
    if said.get("gauge") not in (None, "none"):
        found["gauge"] = "yes"
    sides = said.get("covariance", (None, None))
    pairs = zip(("outputs", "inputs"), sides, strict=True)
    return found | {side: WORDS["covariance"].get(key, "") for side, key in pairs}


def shape(m: Measured, found: Mapping[str, float]) -> str:
    if m["linear"]:
        return "linear"
    if m["orbit"]:
        return "orbit"
    return "cone" if found["cone"] else "another"


def base(found: Mapping[str, float]) -> str:
    """Return where a method starts among its own changes."""
    if found["size at the start"] > NOTHING:
        return "elsewhere"
    return "regular" if found["start dimension"] == found["dimension"] else "apex"


def carried(found: Mapping[str, float], side: str) -> str:
    """Return the widest changes of basis that carry a method's changes to its changes."""
    passed = {name for name in BASES if found[f"{name} of {side}"] > SAME}
    for i, name in enumerate(BASES):
        if set(BASES[i:] if name != "rotation" else ("rotation", "order")) <= passed:
            return CARRIES[name]
    return NONE


def ours(m: Measured) -> dict[str, str]:
    declared = {"kind": "weight" if m["weight"] else "output", "merge": yes(m["merges"])}
    found = numbers().get(m["slug"])
    if not found:
        seen = {"shape": "linear"} if m["linear"] else {}
        return declared | seen | {"base": "at the base" if m["identity"] else "elsewhere"}
    more = found["dimension of two cycles"] > found["dimension"]
    return declared | {
        "shape": shape(m, found),
        "base": base(found),
        "gauge": yes(found["numbers"] > found["dimension"]),
        "outputs": carried(found, "outputs"),
        "inputs": carried(found, "inputs"),
        "rebasing": "more" if more else "nothing",
    }


def yes(value: bool) -> str:
    """Return a word.

    >>> yes(True), yes(False)
    ('yes', 'no')
    """
    return "yes" if value else "no"


def compared(m: Measured) -> dict[str, Coordinate] | None:
    said = atlas().get(m["slug"])
    if said is None:
        return None
    mine, other = ours(m), theirs(said)
    if mine["base"] == "at the base" and other["base"] in BEGINNINGS:
        other["base"] = mine["base"]  # no dimension was counted, so that all of them are one
    return {axis: Coordinate(mine.get(axis, ""), other.get(axis, "")) for axis in AXES}


def disagreements(
    rows: Mapping[str, dict[str, Coordinate]],
) -> Iterator[tuple[str, list[tuple[str, Coordinate]], str]]:
    """Yield method, what differs by the titles of coordinates, and the reason.

    Raises:
        ValueError: when there is no reason for a difference, or no difference for a reason.
    """
    for slug, row in rows.items():
        found = [(AXES[axis], c) for axis, c in row.items() if c.differs]
        why = atlas()[slug].get("why", "")
        if bool(found) != bool(why):
            rule = f"differs in {', '.join(title for title, _ in found) or 'nothing'}"
            raise ValueError(f"{FILE.relative_to(ROOT)}: {slug}: {rule}, and its why is {why!r}")
        if found:
            yield slug, found, why

"""Runs of the experiment: methods with their knobs, cells, and the search for rates.

docs/experiment/protocol.md says the same in words, and why.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from scripts.studies.adapting import FIXED, WHOLE, Method
from scripts.studies.sweep import around, best, next_rates, reachable, tried
from scripts.studies.training import Run
from scripts.survey.experiment import TEACHERS, as_in_peft

SEEDS = (1, 2, 3, 4, 5)


def method(slug: str, *, place: str = "all", arm: str = "", **knobs: Any) -> Method:
    """Return a method at these knobs."""
    return Method(slug, tuple(sorted(knobs.items())), place, arm)


def lora(rank: int, place: str = "all") -> Method:
    """Return LoRA with the scale 2."""
    return method("lora", rank=rank, alpha=2.0 * rank, place=place)


# A name, the method, and the guess at its rate in half decades: -4 is 0.01.
GUESSED: dict[str, tuple[Method, int]] = {
    "full": (method("full"), -5),
    **{f"lora {r}": (lora(r), -4) for r in (1, 2, 4, 8, 16)},
    **{f"dora {r}": (method("dora", rank=r, alpha=2.0 * r), -4) for r in (1, 4, 16)},
    "dora 4, fixed magnitude": (method("dora", rank=4, alpha=8.0, arm=FIXED), -4),
    "dora 4, whole derivative": (method("dora", rank=4, alpha=8.0, arm=WHOLE), -4),
    **{f"delora {r}": (method("delora", rank=r, strength=4.0), -3) for r in (1, 4, 16)},
    **{f"pissa {r}": (method("pissa", rank=r, alpha=float(r)), -4) for r in (1, 4, 16)},
    "pissa 4, minor": (method("pissa", rank=4, alpha=4.0, components="minor"), -4),
    "pissa 4, random basis": (method("pissa", rank=4, alpha=4.0, arm="random basis"), -4),
    "ether": (method("ether", blocks=4), -1),
    "ether_plus": (method("ether_plus", blocks=4), -3),
    **{f"oft {b}": (method("oft", block_size=b), -4) for b in (4, 16, 64)},
    **{f"boft {b}": (method("boft", factors=2, block_size=b), -4) for b in (4, 8)},
    **{f"hra {r}": (method("hra", rank=r), -4) for r in (2, 8)},
    **{f"psoft {r}": (method("psoft", rank=r), -3) for r in (18, 32)},
    "goft": (method("goft"), -4),
    "ia3": (method("ia3"), -3),
    "ln_tuning": (method("ln_tuning"), -3),
    **{f"svft {b}": (method("svft", band=b), -3) for b in (0, 1, 6)},
    **{f"ssvd {r}": (method("ssvd", rank=r), -3) for r in (19, 38)},
    **{f"road {v}": (method("road", variant=v), -3) for v in (1, 4)},
    **{f"miss {r}": (method("miss", rank=r), -5) for r in (2, 8, 32)},
    **{f"bone {b}": (method("bone", block_size=b), -5) for b in (2, 8)},
    **{f"lokr {f}": (method("lokr", factor=f, full=True), -4) for f in (8, 4, 2)},
    **{f"loha {r}": (method("loha", rank=r, alpha=4.0 * r), -4) for r in (2, 8)},
    **{f"shira {d}": (method("shira", density=d), -4) for d in (0.0234, 0.094)},
    **{f"fourierft {n}": (method("fourierft", n_frequency=n, alpha=64.0, zero_start=True), -2)
       for n in (192, 768)},
    **{f"c3a {b}": (method("c3a", block_size=b, zero_start=True), -4) for b in (32, 8)},
    "vera": (method("vera", rank=96), -2),
    **{f"randlora {r}": (method("randlora", rank=r), -3) for r in (32, 6)},
    **{f"vblora {r}": (method("vblora", num_vectors=16, vector_length=16, rank=r), -3)
       for r in (1, 4)},
    "clover": (method("clover", heads=4), -5),
    "reft": (method("reft", rank=8), -4),
    **{f"prefix_tuning {m}": (method("prefix_tuning", tokens=m), -2) for m in (8, 32)},
    "prompt_tuning 32": (method("prompt_tuning", tokens=32), -2),
}  # fmt: skip
MORE = {
    "lora 32": (lora(32), -4),
    "lora 64": (lora(64), -4),
    "lora 9, attention": (lora(9, "attention"), -4),
    "lora 7, inner": (lora(7, "inner"), -4),
}
METHODS = GUESSED | MORE

SHORT = (
    *("full", "lora 4", "dora 4", "pissa 4", "delora 4", "oft 16", "hra 8", "miss 8"),
    *("shira 0.094", "ia3", "ln_tuning"),
)
OTHER_SIZES = (
    *("lora 2", "lora 8", "dora 1", "dora 16", "delora 1", "delora 16", "pissa 1", "pissa 16"),
    *("oft 4", "oft 64", "boft 4", "hra 2", "psoft 18", "svft 1", "ssvd 19", "road 4", "miss 2"),
    *("miss 32", "bone 2", "lokr 8", "lokr 2", "loha 8", "shira 0.0234", "fourierft 192", "c3a 32"),
    *("randlora 32", "vblora 1", "prefix_tuning 8"),
)
"""Settings on code only, where a family is followed over its sizes."""

CONTROLS = ("pissa 4, random basis", "pissa 4, minor", "dora 4, fixed magnitude")
"""Controls of the short list, in further base models."""

STUDENTS = ("full", "lora 4", "oft 16", "shira 0.094", "ia3")
LONG, LONGER = ("full", "lora 4", "dora 4", "pissa 4", "pissa 4, random basis"), 1600
WIDE = ("full", "lora 4", "dora 4", "pissa 4", "oft 16", "ia3")


STEADY, HALF_DECADES = (
    ("lora 4", "dora 4", "dora 4, fixed magnitude", "pissa 4", "delora 4", "ether_plus", "ether"),
    range(-6, 2),
)
"""Settings that question b follows over all rates from 0.001 to 3, beyond the sweep of seed 0."""


class Cell(NamedTuple):
    """A method on a task in a base model: a sweep, and then five fresh seeds."""

    name: str
    task: str
    base: int = 0
    width: int = 64
    batch: int = 4
    steps: int = 400

    def run(self, half_decades: int, seed: int, phase: str) -> Run:
        """Return one run of this cell."""
        rate = round(10 ** (half_decades / 2), 9)
        return Run(
            METHODS[self.name][0], self.task, rate, seed, phase, self.base, self.width,
            self.steps, self.batch,
        )  # fmt: skip

    @property
    def tuned_on(self) -> Cell:
        """The cell whose sweep gives the rate: another base model has no sweep of its own."""
        return self._replace(base=0)


def cells() -> list[Cell]:
    """Return all cells, the ones that most answers need first, those that may be left out last."""
    placed = ("lora 9, attention", "lora 7, inner")
    prose = [name for name in (*GUESSED, *placed) if name not in OTHER_SIZES]
    return [
        *(Cell(name, "code") for name in METHODS if name not in OTHER_SIZES),
        *(Cell(name, "prose") for name in prose if name in SHORT),
        *(Cell(name, "code") for name in OTHER_SIZES),
        *(Cell(name, "memory") for name in (*SHORT, "pissa 4, random basis")),
        *(Cell(name, task) for task in TEACHERS for name in STUDENTS),
        *(Cell(name, "code", steps=LONGER) for name in LONG),
        *(Cell(n, t, base=b) for b in (1, 2) for t in ("code", "prose") for n in SHORT),
        *(Cell(name, "code", base=b) for b in (1, 2) for name in CONTROLS),
        *(Cell(name, "prose") for name in prose if name not in SHORT),
        *(Cell(n, "code", batch=b) for b in (1, 16) for n in ("full", "lora 4")),
        *(Cell(name, "code", width=128) for name in WIDE),
    ]


Done = Mapping[str, Mapping[str, Any]]


def swept(cell: Cell, done: Done) -> dict[int, float]:
    """Return the validation loss at every rate of a cell's sweep; a diverged one is infinite."""
    steps = reachable(METHODS[cell.name][1])
    return tried(lambda k: cell.run(k, 0, "sweep").key, steps, done)


def in_peft(cell: Cell, done: Done) -> list[int]:
    """Return the rate that stands to LoRA's as in PEFT's benchmark, if the method is in it."""
    lora = Cell("lora 4", "code")
    found = swept(lora, done)
    if cell.name not in as_in_peft() or next_rates(around(METHODS[lora.name][1]), found):
        return []
    return [best(found) + as_in_peft()[cell.name]]


def due(cell: Cell, done: Done) -> list[Run]:
    """Return the runs of a cell that can be started now, given those that are done."""
    tuned = cell.tuned_on
    found = swept(tuned, done)
    rates = next_rates(around(METHODS[cell.name][1]), found)
    if rates:
        runs = [tuned.run(k, 0, "sweep") for k in rates]
    else:
        runs = [cell.run(best(found), seed, "final") for seed in SEEDS]
        if cell == Cell(cell.name, "code"):
            if cell.name in STEADY:
                runs += [cell.run(k, 0, "width") for k in HALF_DECADES if k not in found]
            runs += [cell.run(k, 0, "benchmark") for k in in_peft(cell, done) if k not in found]
    return [run for run in runs if run.key not in done]

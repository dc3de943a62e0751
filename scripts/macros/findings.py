"""The findings of the experiment: for each a figure, what it rests on, and how far to trust it.

A finding knows the cells that it is read from, so that no count of runs is typed, and the effects
that have to have a sign, so that its confidence follows from the rule of
scripts/survey/results/effects.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from scripts.macros.experiment import cut, drawn, line, rates
from scripts.macros.figures import Chart, Lane, Point, Row, Rows, Value, around
from scripts.macros.page import Part, macro, module, names, theme
from scripts.survey.facts.result import FULL
from scripts.survey.facts.say import count, number
from scripts.survey.results import effects, english_claims, trained
from scripts.survey.results.effects import Confidence, Effect, between, confidence, forgets, reached
from scripts.survey.results.experiment import (
    SEEDS,
    TEACHERS,
    Cell,
    at_rate,
    finals,
    forgetting,
    improvement,
    sweep,
)
from scripts.survey.results.questions import question

WIDTH = 560  # pixels, of the drawing in a card
CODE, PROSE = Cell("code"), Cell("prose")
TEXTS = [Lane("source code"), Lane("a novel", "diamond", hollow=True)]
SIDES = ("← behind", "ahead →")
POINTS = "points of full fine-tuning’s improvement"
STUDENTS = {"teacher lora": "lora 4", "teacher oft": "oft 16", "teacher ia3": "ia3"}
"""The student that holds the hypothesis of each teacher."""


class Finding(NamedTuple):
    """A figure and what it rests on.

    `units` is over how many seeds or settings its intervals are, `repeats` in how many base models
    or worlds it was seen.
    """

    figure: Chart | Rows
    read: frozenset[tuple[str, Cell]]
    effects: Sequence[Effect]
    repeats: int
    units: int = SEEDS
    swept: bool = False  # whether it is read from runs with the one seed of the sweeps


def called(name: str) -> str:
    """Return the family of a method of the grid, as readers know it."""
    return names()[module(name)][0]


def value(found: Effect, control: float | None = None) -> Value:
    return Value(found.mean, found.low, found.high, control)


def forest(
    says: str,
    rows: Sequence[Row],
    lanes: Sequence[Lane] = TEXTS,
    *,
    across: str = POINTS,
    sides: tuple[str, str] = SIDES,
    ends: tuple[float, float] | None = None,
    **more: Any,
) -> Rows:
    """Return rows of effects with their intervals around none."""
    shown = [value for row in rows for value in row.values if value]
    found = [v for value in shown for v in (value.x, value.low, value.high, value.control)]
    axis = around(across, ends or [0.0, *(v for v in found if v is not None)])
    return Rows(says, axis, 0, sides, rows, lanes, width=WIDTH, **more)


def everywhere(pairs: Iterable[str], *there: Cell) -> frozenset[tuple[str, Cell]]:
    """Return methods in cells and, where they were run, in those of the other base models."""
    cells = [c._replace(base=base) for c in there for base in effects.BASES]
    return frozenset((name, c) for name in pairs for c in cells if len(finals(name, c)) == SEEDS)


# Findings -----------------------------------------------------------------------------------------

Effects = Mapping[str, Sequence[Effect]]


def runs(name: str, some: Sequence[Effect]) -> str:
    return str(sum(effect.runs for effect in some))


def size_of(name: str, some: Sequence[Effect]) -> str:
    return count(finals(name)[1].parameters)


def on_texts(names: Iterable[str], of: Callable[[str, Cell], Effect]) -> dict[str, list[Effect]]:
    return {name: [of(name, there) for there in (CODE, PROSE)] for name in names}


def lines(
    found: Effects,
    labels: Mapping[str, str] | None = None,
    kind: str = "",
    note: Callable[[str, Sequence[Effect]], str] = runs,
) -> list[Row]:
    labels = labels or {}
    return [
        Row(
            labels.get(name) or called(name),
            tuple(map(value, some)),
            kind or theme(name),
            note(name, some),
        )
        for name, some in found.items()
    ]


def planted() -> Finding:
    """Find which students recover a planted change."""
    students = ("lora 4", "oft 16", "ia3", "shira 0.094")
    names = ("few directions", "rotations", "gains", "single entries")
    found = {
        (task, name): between(name, FULL, Cell(task), len(students))
        for task in TEACHERS
        for name in students
    }
    rows = [
        Row(planted_, tuple(value(found[task, name]) for name in students))
        for task, planted_ in zip(TEACHERS, names, strict=True)
    ]
    lanes = [Lane(called(name), kind=theme(name)) for name in students]
    lanes[-1] = lanes[-1]._replace(symbol="diamond", hollow=True)
    figure = forest(
        "How much nearer than full fine-tuning each student comes to a model with a planted change"
        " (rows)", rows, lanes, sides=("← behind full fine-tuning", "ahead →"),
    )  # fmt: skip
    read = frozenset((name, Cell(task)) for name in (*students, FULL) for task in TEACHERS)
    return Finding(figure, read, [found[pair] for pair in STUDENTS.items()], len(STUDENTS))


def size() -> Finding:
    """Find which methods are ahead of LoRA at its size.

    Raises:
        ValueError: when one is that has no more parameters.
    """
    most, found = finals("lora 4")[1].parameters, dict[str, list[Effect]]()
    sized = [n for n in trained.at_equal_size().names if n != "lora 4" and not finals(n)[1].arm]
    for name in sorted(sized, key=lambda name: -reached(name, CODE).mean):
        small, whole = finals(name)[1].parameters <= most, finals(name)[1].place == "all"
        texts = [there for there in (CODE, PROSE) if len(finals(name, there)) == SEEDS]
        some = [between(name, "lora 4", there, len(sized)) for there in texts]
        if small and whole and any(e.word == "ahead" for e in some):
            raise ValueError(f"{name} is ahead of LoRA with no more parameters: {some}")
        if whole and "," not in name:
            found[name] = some
    figure = forest(
        f"Improvement against LoRA of rank 4, which has {count(most)} parameters. Grey: less than a"
        " point", lines(found, note=size_of), ends=(-19.0, 4.0), band=effects.LEVEL,
        noted="parameters",
    )  # fmt: skip
    rest = [e for n, some in found.items() for e in some if finals(n)[1].parameters <= most]
    read = everywhere((*found, "lora 4"), CODE, PROSE)
    return Finding(figure, read, [e for e in rest if e.bases > 1], len(effects.BASES))


def rate() -> Finding:
    """Compare the cost of a wrong rate with that of another method.

    Raises:
        ValueError: when it is not about as much.
    """
    figure = rates("lora 4", "pissa 4", "oft 16", "shira 0.094", "delora 4")._replace(width=WIDTH)
    sizes = trained.at_equal_size()
    if not 2 / 3 < sizes.above / sizes.apart < 3 / 2 > sizes.below / sizes.apart > 2 / 3:
        raise ValueError(f"a rate and a method no longer cost about as much: {sizes[1:4]}")
    costs = [Effect(c, c, c) for c in (sizes.above, sizes.below)]
    read = frozenset((name, CODE) for name in sizes.names)
    return Finding(figure, read, costs, 1, units=len(sizes.names), swept=True)


def frontier() -> Finding:
    """Improvement and forgetting along the rates of each method.

    Raises:
        ValueError: when full fine-tuning below its best rate does not do better than LoRA in both.
    """
    for there in (CODE, PROSE):
        low, lora = (at_rate(n, r, there) for n, r in ((FULL, 0.001), ("lora 4", 0.01)))
        if improvement(low) <= improvement(lora) or forgetting(low) >= forgetting(lora):
            raise ValueError(f"full fine-tuning at {low.rate} does not dominate LoRA in {there}")
    shown = (FULL, "lora 4", "oft 16", "pissa 4", "delora 4")
    drawn_lines = []
    for name in shown:
        points = []
        for run in sweep(name):
            if run.status == "done" and run.rate < 4 * finals(name)[1].rate:
                x, y = forgetting(run), 100 * improvement(run)
                says = f"{called(name)} at {run.rate:.2g}: {number(y, 0)} %, forgets {number(x, 2)}"
                points.append(Point(x, y, y, y, f"{says} nats"))
        drawn_lines.append(line(name, points)._replace(name=called(name)))
    figure = drawn(
        "Each line follows one method from low rates, at the left, to high ones. To the upper left"
        " more is learned and less forgotten", "forgotten of the pretraining text, nats",
        drawn_lines, log=False,
    )._replace(width=WIDTH)  # fmt: skip
    read = frozenset((name, there) for name in shown for there in (CODE, PROSE))
    return Finding(figure, read, [], 1, units=1, swept=True)


def forms() -> Finding:
    """Compare the forgetting of other forms with LoRA's."""
    listed = ["oft 16", "shira 0.094", "hra 8", "miss 8", "pissa 4", "delora 4", "dora 4", "ia3"]
    found = on_texts(sorted(listed, key=lambda name: -forgets(name, CODE).mean), forgets)
    figure = forest(
        "Loss on the pretraining text after training, against LoRA’s; means of three base models",
        lines(found), across="nats more than LoRA of rank 4", sides=("← less", "forgets more →"),
        noted="runs",
    )  # fmt: skip
    rotations = [e._replace(mean=100 * e.mean) for e in (found["oft 16"][0], found["hra 8"][0])]
    return Finding(figure, everywhere((*listed, "lora 4"), CODE, PROSE), rotations, 3)


def placement() -> Finding:
    """Find the place where LoRA's parameters do most."""
    arms = {"lora 7, inner": "feed-forward only", "lora 9, attention": "attention only"}
    found = on_texts(arms, partial(effects.effect, question("placement")))
    figure = forest(
        "LoRA on some matrices against LoRA on all, with about as many parameters",
        lines(found, arms, "rank"), band=effects.LEVEL, noted="runs",
    )  # fmt: skip
    read = frozenset((name, there) for name in (*arms, "lora 4") for there in (CODE, PROSE))
    return Finding(figure, read, found["lora 9, attention"], 1)


def directions() -> Finding:
    """Compare a few directions that are trained with as many that are cut.

    Raises:
        ValueError: when the trained ones do not bring more.
    """
    found = [trained.above_the_cut(task, rank) for task in ("code", "prose") for rank in (1, 4)]
    if any(each.low <= 0 for each in found):
        raise ValueError(f"directions that are trained do not do more than cut ones: {found}")
    ranks = [f"lora {rank}" for rank in (1, 4, 16)]
    read = frozenset((name, there) for name in (*ranks, FULL) for there in (CODE, PROSE))
    return Finding(cut()._replace(width=WIDTH), read, [Effect(*each) for each in found], 1)


def gains() -> Finding:
    """Compare gains with rotations and with single directions."""
    listed = ("ia3", "ln_tuning", "svft 0", "road 1", "goft", "lora 1", "lora 4")
    label = {"svft 0": "SVFT, values only", "lora 1": "LoRA, rank 1", "lora 4": "LoRA, rank 4"}
    found = on_texts(listed, reached)
    figure = forest(
        "Share of full fine-tuning’s improvement that each reaches",
        lines(found, label, note=size_of), sides=("", ""), ends=(0.0, 100.0), noted="parameters",
    )  # fmt: skip
    own = [*found["ia3"], *found["ln_tuning"]]
    return Finding(figure, everywhere(listed, CODE, PROSE), own, len(effects.BASES))


def dora() -> Finding:
    """Compare what DoRA adds to LoRA with what as many parameters add.

    Raises:
        ValueError: when they differ by more than a point.
    """
    asked = question("strength")

    def above(rank: int) -> Row:
        lora, ours = f"lora {rank}", f"dora {rank}"
        found = between(ours, lora, CODE)
        curve, own = 100 * trained.as_lora(ours, CODE), mean(ours)
        if abs(own - curve) > effects.LEVEL:
            raise ValueError(f"DoRA of rank {rank} is not on LoRA’s curve: {own:.1f}, {curve:.1f}")
        more = value(found, curve - mean(lora))
        return Row(f"DoRA, rank {rank}", (more,), "strength", str(found.runs))

    fixed = effects.effect(asked, "dora 4, fixed magnitude", CODE)
    leads = [effects.effect(asked, "dora 4", there) for there in (CODE, PROSE)]
    rows = [
        *map(above, (1, 4, 16)),
        Row("magnitude fixed, rank 4", (value(fixed, 0.0),), "strength", str(fixed.runs)),
        Row("DoRA, rank 4, a novel", (value(leads[1]),), "strength", str(leads[1].runs)),
    ]
    figure = forest(
        "Improvement against LoRA of the same rank, on source code but for the last row. Grey: less"
        " than a point", rows, [Lane("")], band=effects.LEVEL, noted="runs",
        control="LoRA with as many parameters",
    )  # fmt: skip
    arms = [f"{kind} {rank}" for kind in ("dora", "lora") for rank in (1, 4, 16)]
    read = everywhere((*arms, "dora 4, fixed magnitude"), CODE)
    read |= everywhere(("dora 4", "lora 4"), PROSE)
    return Finding(figure, read, leads, len(effects.BASES))


def mean(name: str) -> float:
    return sum(map(effects.points, finals(name).values())) / SEEDS


def basis() -> Finding:
    """Test whether W's own directions beat random ones, and whether the strongest are the best."""
    asked = question("basis")
    pairs = {
        "W’s strongest − random": ("pissa 4", "pissa 4, random basis"),
        "W’s weakest − strongest": ("pissa 4, minor", "pissa 4"),
        "W’s strongest − LoRA": ("pissa 4", "lora 4"),
    }
    found = on_texts(pairs, lambda label, there: between(*pairs[label], there, asked.among(there)))
    figure = forest(
        "Starts in other directions of each weight, the random ones of equal strength. On code"
        " means of three base models. Grey: less than a point",
        lines(found, dict(zip(pairs, pairs, strict=True)), "basis"), band=effects.LEVEL,
        noted="runs",
    )  # fmt: skip
    every = {name for pair in pairs.values() for name in pair}
    return Finding(
        figure, everywhere(every, CODE, PROSE), found["W’s strongest − random"], len(effects.BASES)
    )


FINDINGS: dict[str, Callable[[], Finding]] = {
    "planted": planted, "size": size, "rate": rate, "frontier": frontier, "forms": forms,
    "placement": placement, "directions": directions, "gains": gains, "dora": dora, "basis": basis,
}  # fmt: skip

ORDER: tuple[Confidence, ...] = ("low", "moderate", "high")


def rests_on(found: Finding) -> str:
    """Return what was run for a finding, in words."""
    cells = {there for _, there in found.read}
    phase = sweep if found.swept else finals
    runs = sum(len(phase(name, there)) for name, there in found.read)
    seeds = "one seed" if found.swept else f"{SEEDS} seeds"
    bases = len({there.base for there in cells})
    models = "one base model" if bases == 1 else f"{bases} base models"
    taught = {there.task for there in cells} & set(TEACHERS)
    texts = len({there.task for there in cells} - taught)
    where = f"{len(taught)} planted changes" if taught else ("one text", "both texts")[texts - 1]
    return f"{runs} runs: {seeds}, {models}, {where}"


class Findings(Part):
    @macro("figure")
    def finding(self, name: str) -> str:
        figure = FINDINGS[name]().figure
        return self.page.figure(figure, table=True)

    @macro("list")
    def grounds(self, name: str, trust: Confidence, why: str, overturned: str) -> str:
        """List a finding's grounds, its confidence with the reason, and what would overturn it.

        What a real model says of it follows, where it was asked.

        Raises:
            ValueError: when the rule does not let it be trusted as far.
        """
        found = FINDINGS[name]()
        most = confidence(found.effects, found.units, found.repeats) if found.effects else "low"
        if ORDER.index(trust) > ORDER.index(most):
            raise ValueError(f"the finding {name!r} has {most} confidence by the rule, not {trust}")
        return self.page.draw(
            "grounds", rests_on(found), trust, why, overturned, english_claims.of(name),
            name in english_claims.SWEPT, file="figures.html", found=False,
        )  # fmt: skip

"""A real English model: what full fine-tuning did to its weights."""

from __future__ import annotations

from demos.reach import FAMILIES
from scripts.macros.english import FILE, LANES
from scripts.macros.page import Part, macro, names
from scripts.macros.real_changes import drawn, shown
from scripts.survey import english_changes
from scripts.survey.english import plan
from scripts.survey.say import number, percent

ENDS = (0.5, 40.0)  # of the figure of changes, in times chance


def size() -> str:
    """Return how large the changes are, and in how few directions they lie."""
    found = []
    for task in plan().tasks:
        about, seeds = english_changes.whole(task), len(english_changes.seeds(task))
        runs = f"{seeds} runs" if seeds > 1 else "one run"
        found.append(
            f"On {LANES[task].name} ({runs}) it moved a matrix on average by"
            f" {percent(about['relative_norm'], 1)} of its norm. Half of the change’s energy lies"
            f" in {number(about['directions_for_half'], 0)} directions of 384; the best two hold"
            f" {percent(about['low_rank share'])}."
        )
    return " ".join(found)


def alike() -> str:
    """Return how alike the changes of two runs are."""
    same, other = (english_changes.alike(of_one) for of_one in (True, False))
    pairs = f"{same.pairs} pairs" if same.pairs > 1 else "one pair"
    return (
        f"Two runs on one task read sentences in other orders, and no run reads all of them. They"
        f" change a matrix with a mean cosine"
        f" of {number(same.cosine, 2)} (over {pairs}). The four leading outputs of the"
        f" one hold {percent(same.left)} of the other’s, and the inputs {percent(same.right)}; by"
        f" chance it would be {percent(same.left_by_chance, 1)} and"
        f" {percent(same.right_by_chance, 1)}. Runs on two tasks have a cosine of"
        f" {number(other.cosine, 2)} and share {percent(other.left)} and {percent(other.right)}."
    )


SENTENCES = {"size": size, "alike": alike}


class EnglishChanges(Part):
    """The macros of its changes."""

    @macro("text")
    def english_says(self, about: str) -> str:
        """Describe full fine-tuning's changes, in sentences."""
        return SENTENCES[about]()

    @macro("table")
    def english_layers(self) -> str:
        """Tabulate the changes' share in four directions of each layer, and in shared ones."""
        rows = [
            (f"{LANES[task].name}, {side}", english_changes.shared(task, side))
            for task in plan().tasks
            for side in ("inputs", "outputs")
        ]
        return self.page.draw("layers", rows, file=FILE, kind="ah lab")

    @macro("table")
    def english_changes(self) -> str:
        """All families on both tasks, as a figure and a table."""
        rows = [shown(family) for family in english_changes.families()]
        missing = [f.title for f in FAMILIES.values() if f.name not in {row.name for row in rows}]
        says = (
            "How many times what a random subspace of as many parameters explains, with 95 %"
            " intervals over layers. The distance to the control is structure: it has the same"
            " singular values in random directions, or independent entries (†). Pairs of outputs"
            " have fewer dimensions than parameters, so that their control is below one"
        )
        lanes = [LANES[task] for task in plan().tasks]
        return self.page.figure(drawn(rows, names(), lanes, says, ENDS)) + self.page.draw(
            "changes", rows, [lane.name for lane in lanes], missing, file=FILE, found=False
        )

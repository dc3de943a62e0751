"""Predictions of others that a trained model decides: a word, and what came out, in Markdown."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from scripts.macros.page import Part, macro, names, shown
from scripts.survey import predictions as survey
from scripts.survey.predictions import OPEN, UNTESTED, Outcome, Row, Turn
from scripts.survey.say import count, figures, listed, sided, signed

HEADS = {
    "X.2": ("What is compared", "Points", "Interval"),
    "X.3": ("Method", "Variance, as a multiple", "Interval", "Word"),
    "X.4": ("Method", "Points behind, turned", "Interval", "Word"),
    "X.11": ("What is compared", "Found", "Interval", "Word"),
}
SAYS = {"open": OPEN, "more": "varies more", "less": "varies less"}
TRAINED = ("X.2", "X.3", "X.4", "X.10", "X.11")
ONCE = ("none", "one", "two", "three", "four", "five")


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table in Markdown.

    >>> print(table(("a", "b"), [("1", "2")]))
    | a | b |
    |---|---|
    | 1 | 2 |
    """
    head = tuple(head)
    lines = [head, *rows]
    told = [f"| {' | '.join(line)} |" for line in lines]
    return "\n".join((told[0], "|---" * len(head) + "|", *told[1:]))


def line(row: Row, prediction: str) -> tuple[str, ...]:
    """Return a row of the table of a prediction."""
    multiple = prediction == "X.3" or "multiple" in row.name
    found = figures(row.found.mean) if multiple else signed(row.found.mean, 1)
    ends = sided(row.found.low, row.found.high)
    told = (shown(row.name), found, ends, SAYS.get(row.says, row.says))
    return told[: len(HEADS[prediction])]


def turned(found: list[Turn]) -> str:
    """Return which orders change between equal parameters and equal dimension."""
    sure = [turn for turn in found if turn.turned]
    signs = sum(turn.changes for turn in found)
    text = (
        f"Of {count(len(found))} comparisons of a setting with another method {count(signs)} "
        f"change their sign, and {count(len(sure))} of these beyond the errors both ways"
    )
    if not sure:
        return f"{text}."
    of: dict[str, list[Turn]] = defaultdict(list)
    for turn in sure:
        of[turn.name].append(turn)
    rows = (
        (shown(name), listed([names()[turn.beside][0] for turn in some]), *_ends(some))
        for name, some in of.items()
    )
    head = ("Setting", "Beside", "By parameters", "By dimension")
    return f"{text}. By how many points the setting is behind:\n\n{table(head, rows)}"


def _ends(some: list[Turn]) -> list[str]:
    """Return the least and the most difference at equal parameters, and at equal dimension."""
    found = []
    for points in zip(*(turn.apart for turn in some), strict=True):
        ends = dict.fromkeys(signed(f(points), 1) for f in (min, max))
        found.append(" to ".join(ends))
    return found


def told(prediction: str, found: Outcome) -> str:
    """Return the outcome of a prediction: the word, and the table if it has one."""
    if found.word == UNTESTED:
        made, wanted = survey.progress(prediction)
        return f"**Not tested yet.** {made} of the {wanted} runs that count are made."
    word = f"**{found.word[0].upper()}{found.word[1:]}.**"
    if prediction == "X.10":
        return word
    return f"{word}\n\n{table(HEADS[prediction], (line(r, prediction) for r in found.rows))}"


class Predictions(Part):
    """Outcomes of other people's predictions."""

    @macro("text")
    def prediction_word(self, prediction: str) -> str:
        """The word for a prediction."""
        return survey.outcome(prediction).word

    @macro("text")
    def prediction(self, prediction: str) -> str:
        """The word, and what was found of each arm."""
        return told(prediction, survey.outcome(prediction))

    @macro("text")
    def prediction_stream(self) -> str:
        """Say which of the four that should notice a turned stream do."""
        rows = {row.name: row.says for row in survey.outcome("X.4").rows}
        of: dict[str, list[str]] = defaultdict(list)
        for name in survey.OTHER:
            of[rows[name]].append(names()[name.partition(" ")[0]][0])
        told = [
            f"of {listed(some)} it cannot be told"
            if says == "open"
            else f"{listed(some)} {says if len(some) == 1 else says.removesuffix('s')}"
            for says, some in of.items()
        ]
        return f"Of the four that should move {listed(told)}."

    @macro("text")
    def prediction_turns(self) -> str:
        """List the orders that change between equal parameters and equal dimension."""
        return turned(survey.turns())

    @macro("text")
    def predictions_trained(self) -> str:
        """Count the predictions that need a trained model, by their word."""
        words = Counter(survey.outcome(name).word for name in TRAINED)
        some = [f"{ONCE[n]} {_plural(word, n)}" for word, n in words.most_common()]
        return listed(some)


def _plural(word: str, number: int) -> str:
    if word == UNTESTED:
        return "is not tested yet" if number == 1 else "are not tested yet"
    if number == 1 or word == OPEN:
        return word
    return word.replace("holds", "hold").replace("does", "do")

"""Facts as tables and as rows of dots with their intervals: what pages on studies are made of."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from math import inf

from adapters_np.control import controls
from demos.reach import FAMILIES
from scripts.macros.figures import Chart, Lane, Line, Point, Row, Rows, Value, around, frontier
from scripts.macros.page import Part, link, macro, module, names, shown, theme
from scripts.survey.facts.addresses import Fact, said
from scripts.survey.results import effects
from scripts.survey.results.changes import DESCENDED, SPECTRAL
from scripts.survey.sources.providers import facts

SIDES = ("← behind", "ahead →")
POINTS = "points of full fine-tuning’s improvement"
MARKS = (
    Lane(""), Lane("", "diamond", hollow=True), Lane("", hollow=True), Lane("", "diamond"),
)  # fmt: skip
WIDTH = 560  # pixels
UNIT = re.compile(r" [%M]$")  # of a number, which the name of its axis has

Cells = dict[str, Fact]
"""The facts of a row by their columns."""


def rows_of(place: str) -> dict[str, Cells]:
    """Return the rows of a table, such as `otherwise/arms`.

    Raises:
        LookupError: when there is no such table.
    """
    source, _, table = place.partition("/")
    return {row: {f.column: f for f in some} for row, some in facts().of(source)[table].items()}


TITLES = DESCENDED | {name: family[1:3] for name, family in FAMILIES.items()}
"""What families are called, and their methods."""


def called(row: str) -> str:
    """Return a row as readers know it: a setting by its method's name, a family by its title.

    >>> called("hira 4"), called("half a decade above"), called("row_gains")
    ('HiRA 4', 'half a decade above', 'Row gains')
    """
    if row in TITLES:
        return TITLES[row][0] + "†" * (row in SPECTRAL)
    return shown(row)


class Table:
    """The facts of some rows; a column is of the rows' table, or `source/table: column`."""

    def __init__(
        self, place: str, rows: Mapping[str, str] | Sequence[str], having: str, by: str
    ) -> None:
        """Choose the rows that are named, or else those that have a column, the largest first.

        Raises:
            LookupError: when there is none.
        """
        self.tables = {"": rows_of(place)}
        named = rows or self.tables[""]
        self.rows = [row for row in named if not having or self.find(row, having)]
        if not self.rows:
            raise LookupError(f"no row has the column {having!r}")
        self.label = rows if isinstance(rows, Mapping) else {row: called(row) for row in self.rows}
        if by:
            self.rows.sort(key=lambda row: -f.value if (f := self.find(row, by)) else -inf)

    def find(self, row: str, column: str) -> Fact | None:
        place, _, name = column.rpartition(": ")
        if place not in self.tables:
            self.tables[place] = rows_of(place)
        return self.tables[place].get(row, {}).get(name)

    def text(self, row: str, asked: str) -> str:
        """Return a cell as it is shown: a fact in the form that is asked for, or the row's name.

        `improvement | 1` has one decimal, `accuracy | 1 to` also the ends of its interval.
        """
        column, _, form = asked.partition(" | ")
        if column == "name":
            return self.label[row]
        if fact := self.find(row, column):
            text = called(facts().resolve(fact.text)) if fact.form == "text" else fact.text
            shown = said(fact.value, fact.form, form, fact.low, fact.high) if form else text
            return shown.replace("not told apart", "no clear difference")
        if column in ("sentence", "out", "kept") and (control := self.find(row, "control")):
            described: str = getattr(controls(module(row))[control.text], column)
            return described.rstrip(".").replace("'", "’")
        return ""


class Views(Part):
    @macro("table", "facts")
    def table(
        self,
        source: str,
        columns: Mapping[str, str],
        rows: Mapping[str, str] | Sequence[str] = (),
        having: str = "",
        by: str = "",
        *,
        linked: bool = False,
        sort: bool = False,
    ) -> str:
        """Tabulate facts.

        Args:
            source: Their source and table.
            columns: What a column is called, and which it is (see `Table`); the first is a name.
            rows: The rows, and what each is called if they are no settings of methods.
            having: A column of the rows, where these are not named.
            by: A column to sort by, the largest first.
            linked: Whether names lead to the pages of their methods.
            sort: Whether a reader can sort the table by its heads; then names are links, too.
        """
        some = Table(source, rows, having, by)
        lines = [[some.text(row, asked) for asked in columns.values()] for row in some.rows]
        if sort:
            keys = [
                [some.find(row, c.partition(" | ")[0]) for c in columns.values()]
                for row in some.rows
            ]
            links = [self.page.root + link(row) if link(row) else "" for row in some.rows]
            table = (source, list(columns), zip(links, lines, keys, strict=True))
            return self.page.style() + self.page.draw(
                "sorted", *table, file="views.html", kind="ah lab"
            )
        up = "../" * self.page.url.count("/")
        links = [f"{up}{link(row).rstrip('/')}.md" if link(row) else "" for row in some.rows]
        lines = [
            [f"[{first}]({to})" if to and linked else first, *rest]
            for (first, *rest), to in zip(lines, links, strict=True)
        ]
        lines = [list(columns), ["---"] * len(columns), *lines]
        return "\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"

    @macro("figure", "facts")
    def figure(
        self,
        source: str,
        column: str,
        says: str,
        rows: Mapping[str, str] | Sequence[str] = (),
        *,
        having: str = "",
        by: str = "",
        lanes: Mapping[str, str] | None = None,
        sides: tuple[str, str] = SIDES,
        across: str = POINTS,
        note: str = "",
        kind: str = "full",
        start: float = 0,
        band: float = effects.LEVEL,
        farthest: float = inf,
        linked: bool = True,
        title: str = "",
        table: bool = False,
    ) -> str:
        """Draw rows of dots with their intervals, and with their controls where these are facts.

        Rows are chosen as those of a table; one whose key begins with # is a heading. Grey is less
        than a point to either side.

        Args:
            column: Whose values are drawn.
            says: What is seen.
            lanes: Other columns to draw, and what each is called.
            sides: What stands at the left and right of zero.
            across: The unit.
            note: The column that stands at the right of each row; what it is called is its end.
            kind: The colour of what is no method.
            start: What means no effect; where it is not zero, values are ratios.
            band: How far from there nothing counts.
            farthest: How far from zero the axis goes at most.
            linked: Whether a row leads to the page of its method.
            title: The finding.
            table: Whether the values follow as a table.
        """
        some, columns = Table(source, rows, having, by), lanes or {column: ""}
        drawn = []
        for row in some.rows:
            values = tuple(
                value(some.find(row, lane), some.find(row, f"{lane} control")) for lane in columns
            )
            noted = some.find(row, note)
            if any(values) or row.startswith("#"):
                to = link(row) if linked else ""
                owner = TITLES[row][1][0] if row in TITLES else row
                color = theme(owner) if module(owner) else kind
                drawn.append(Row(some.label[row], values, color, noted.text if noted else "", to))
        named = [mark._replace(name=n) for mark, n in zip(MARKS, columns.values(), strict=False)]
        reach = [start, *(end for row in drawn for v in row.values if v for end in v[:3])]
        least = start / 2 if start else -farthest
        ends = max(least, min(reach)), min(farthest, max(reach))
        axis = around(across, ends, log=start > 0)
        figure = Rows(
            says, axis, start, sides, drawn, named, band=band, width=WIDTH,
            noted=note.rpartition(": ")[2], title=title,
        )  # fmt: skip
        return self.page.figure(figure, table=table)

    @macro("figure", "scatter")
    def scatter(
        self,
        source: str,
        x: tuple[str, str],
        y: tuple[str, str],
        says: str,
        *,
        log: str = "x",
        line: tuple[str, Sequence[str]] = ("", ()),
        best: str = "",
        level: str = "",
        title: str = "",
        table: bool = False,
    ) -> str:
        """Draw facts as dots over two axes, in one colour for the dots of a method.

        Args:
            source: Their source and table.
            x: The column, and what its axis is called.
            y: The same; its intervals are drawn where it has any.
            says: What is seen.
            log: The axes that are logarithmic.
            line: A name, and the rows that are joined under it.
            best: The name of the steps along the best dots.
            level: The name of the diagonal.
            title: The finding.
            table: Whether the values follow as a table.
        """
        some = Table(source, (), y[0], "")
        dots = defaultdict[tuple[str, str], list[Point]](list)
        for row in some.rows:
            one, other = some.find(row, x[0]), some.find(row, y[0])
            if one and other and (other.value > 0 or "y" not in log):
                slug, times = module(row), 100 if other.form == "percent" else 1
                name = line[0] if row in line[1] else names()[slug][0] if slug else row
                low = other.value if other.low is None else other.low
                high = other.value if other.high is None else other.high
                heights = times * other.value, times * low, times * high
                shares = ((other, y), (one, x))
                text = ", ".join(f"{UNIT.sub('', f.text)} {axis}" for f, (_, axis) in shares)
                point = Point(one.value, *heights, f"{name}: {text} ({row})", row, row[len(slug) :])
                dots[name, link(row)].append(point)
        lines = [
            Line(name, tuple(sorted(points)), "line", to)
            if name == line[0]
            else Line(name, tuple(points), "dots", to)
            for (name, to), points in dots.items()
        ]
        points = [point for line in lines for point in line.points]
        across = around(x[1], [p.x for p in points], log="x" in log)
        up = around(y[1], [v for p in points for v in (p.low, p.high)], log="y" in log)
        if best:
            steps = [point for _, point in frontier(lines)]
            steps.append(steps[-1]._replace(x=across.high))
            lines.insert(0, Line(best, tuple(steps), "steps", kind="best"))
        if level:
            corners = (
                Point(end, end, end, end, "")
                for end in (max(across.low, up.low), min(across.high, up.high))
            )
            lines.insert(0, Line(level, tuple(corners), "level", kind="control"))
        return self.page.figure(Chart(says, across, up, lines, title, linked=True), table=table)


def value(fact: Fact | None, control: Fact | None) -> Value | None:
    if not fact or fact.low is None or fact.high is None:
        return None
    return Value(fact.value, fact.low, fact.high, control.value if control else None)

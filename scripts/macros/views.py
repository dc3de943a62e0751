"""Facts as tables and as rows of dots with their intervals: what pages on studies are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from adapters_np.control import controls
from demos.reach import FAMILIES
from scripts.macros.figures import Lane, Row, Value
from scripts.macros.findings import POINTS, SIDES, forest
from scripts.macros.page import Part, link, macro, module, shown, theme
from scripts.macros.real_changes import titled
from scripts.survey import effects, say
from scripts.survey.changes import DESCENDED, SPECTRAL
from scripts.survey.facts import Fact, said
from scripts.survey.providers import facts

Cells = dict[str, Fact]
"""The facts of a row by their columns, of other tables by `table: column`."""


def cells(source: str) -> dict[str, Cells]:
    """Return the rows of a table, such as `otherwise/arms`, or of all tables, as `otherwise/`.

    Raises:
        LookupError: when there is no such table.
    """
    name, of_all, table = source.partition("/")
    tables = facts().of(name)
    if not of_all or table:
        return {row: {f.column: f for f in some} for row, some in tables[table].items()}
    found: dict[str, Cells] = {}
    for table, rows in tables.items():
        for row, some in rows.items():
            found.setdefault(row, {}).update({f"{table}: {f.column}": f for f in some})
    return found


def called(row: str) -> str:
    """Return a row as readers know it: a setting by its method's name, a family by its title.

    >>> called("hira 4"), called("half a decade above"), called("row_gains")
    ('HiRA 4', 'half a decade above', 'Row gains')
    """
    if row in FAMILIES or row in DESCENDED:
        return titled(row)[0] + "†" * (row in SPECTRAL)
    return shown(row)


def chosen(
    found: Mapping[str, Cells], rows: Mapping[str, str] | Sequence[str], having: str, by: str
) -> dict[str, Cells]:
    """Return the rows that are named, or else those that have a column, the largest first.

    Raises:
        LookupError: when there is none.
    """
    some = {row: found[row] for row in rows or found if not having or having in found[row]}
    if not some:
        raise LookupError(f"no row has the column {having!r}")
    if by:
        some = dict(
            sorted(some.items(), key=lambda one: -one[1][by].value if by in one[1] else -1e9)
        )
    return some


def cell(row: str, own: Cells, asked: str, label: str) -> str:
    """Return a cell of a table: a fact in the form that is asked for, or the row's name.

    `improvement | 1` has one decimal, `accuracy | 1 to` also the ends of its interval.
    """
    column, _, form = asked.partition(" | ")
    if column == "name":
        return label
    if column == "link":
        return f"[{label}]({link(row).rstrip('/')}.md)" if link(row) else label
    if column == "out":
        return controls(module(row))[own["control"].text].out.rstrip(".")
    if not (found := own.get(column)):
        return ""
    form, interval, _ = form.partition(" to")
    if interval and found.low is not None and found.high is not None:
        times, unit = (100, " %") if found.form == "percent" else (1, "")
        return say.estimate(found.value, found.low, found.high, int(form), times) + unit
    text = called(found.text) if found.form == "text" else found.text
    return said(found.value, found.form, form) if form else text


class Views(Part):
    """The macros of facts."""

    @macro("table", "facts")
    def table(
        self,
        source: str,
        columns: Mapping[str, str],
        rows: Mapping[str, str] | Sequence[str] = (),
        having: str = "",
        by: str = "",
    ) -> str:
        """Tabulate facts.

        Args:
            source: Their source and table; the source and `/` for all tables of it.
            columns: What a column is called, and which it is (see `cell`).
            rows: The rows, and what each is called if they are no settings of methods.
            having: A column of the rows, where these are not named.
            by: A column to sort by, the largest first.
        """
        some = chosen(cells(source), rows, having, by)
        label = rows if isinstance(rows, Mapping) else {row: called(row) for row in some}
        lines = [list(columns), ["---"] * len(columns)]
        lines += [
            [cell(row, own, c, label[row]) for c in columns.values()] for row, own in some.items()
        ]
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
        band: float = effects.LEVEL,
        links: bool = True,
        title: str = "",
        table: bool = False,
    ) -> str:
        """Draw rows of dots with their intervals; grey is less than a point to either side.

        Args:
            source: As of a table.
            column: Whose values are drawn.
            says: What is seen.
            rows: As of a table.
            having: As of a table.
            by: As of a table.
            lanes: Other columns to draw, and what each is called.
            sides: What stands at the left and right of zero.
            across: The unit.
            note: The column that stands at the right of each row; what it is called is its end.
            kind: The colour of what is no method.
            band: How far from zero nothing counts.
            links: Whether a row leads to the page of its method.
            title: The finding.
            table: Whether the values follow as a table.
        """
        some = chosen(cells(source), rows, having, by)
        label = rows if isinstance(rows, Mapping) else {row: called(row) for row in some}
        columns = lanes or {column: ""}
        drawn = [
            Row(
                label[row],
                tuple(value(own.get(lane)) for lane in columns),
                theme(row) if module(row) else kind,
                own[note].text if note else "",
                link(row) if links else "",
            )
            for row, own in some.items()
            if columns.keys() & own.keys()
        ]
        marks = (Lane(""), Lane("", "diamond", hollow=True))
        named = [mark._replace(name=n) for mark, n in zip(marks, columns.values(), strict=False)]
        noted = note.rpartition(": ")[2]
        figure = forest(
            says, drawn, named, across=across, sides=sides, band=band, noted=noted, title=title
        )
        return self.page.figure(figure, table=table)


def value(fact: Fact | None) -> Value | None:
    """Return a fact with an interval as it is drawn."""
    if not fact or fact.low is None or fact.high is None:
        return None
    return Value(fact.value, fact.low, fact.high)

"""The rule of docs/findings/grading.md again: written from its text, sharing no code with the site.

It reads `docs/data` and the front matter of pages, and nothing else. Names follow the rubric's.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction
from math import hypot, inf, log
from pathlib import Path
from statistics import fmean, stdev
from typing import Any, NamedTuple

import yaml

DOCS = Path(__file__).parents[3] / "docs"
WEIGHT = {"authors": 2, "rival": 2, "independent": 4}

Row = dict[str, Any]
Table = dict[str, Any]


class Unit(NamedTuple):
    """A source's finding on one dimension, for one model on one suite."""

    dimension: str
    source: str
    what: str
    side: str
    run_by: str
    strength: str


class Page(NamedTuple):
    """The front matter of a graded page."""

    slug: str
    modules: list[str]
    run: int | str  # whose runs in PEFT's benchmark are its own
    main: str  # its main paper


def loaded(text: str) -> Any:
    return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def pages() -> tuple[list[Page], dict[int | str, str]]:
    """Return the graded pages, and the first module of every page by its runs' key."""
    graded, firsts = [], {}
    for path in sorted((DOCS / "methods").glob("*.md")):
        if path.name == "index.md":
            continue
        head = loaded(path.read_text("utf-8").split("\n---\n")[0][4:])
        modules = head.get("modules", [path.stem])
        kind = head["peft"]["class"] if isinstance(head["peft"], dict) else path.stem
        run = head.get("number") or kind.removesuffix("Config").upper()
        firsts[run] = modules[0]
        if head["audit"]:
            graded.append(Page(path.stem, modules, run, head["papers"][0]))
    return graded, firsts


# Sources ------------------------------------------------------------------------------------------


def numbers(text: str) -> list[float | None]:
    return [None if word in "-–" else float(word) for word in text.split()]


def papers() -> Iterator[dict[str, Any]]:
    for path in sorted((DOCS / "data/tables").glob("*.yml")):
        source: dict[str, Any] = {"key": path.stem, "read": "whole", "findings": []}
        source |= loaded(path.read_text("utf-8"))
        for table in source["tables"]:
            for row in table["rows"]:
                row["values"] = numbers(row["values"])
                row["spread"] = numbers(row.get("spread", "")) or [None] * len(row["values"])
        yield source


def cells(name: str) -> list[dict[str, str]]:
    with (DOCS / "data" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def benchmark(firsts: dict[int | str, str]) -> dict[str, Any]:
    def listed(name: str) -> list[tuple[dict[str, str], str]]:
        found = []
        for run in cells(name):
            key = int(run["survey_entry"]) if run["survey_entry"] else run["peft_type"]
            if run["peft_type"] == "FULL_FT":
                found.append((run, "full"))
            elif key in firsts:
                found.append((run, firsts[key]))
        return found

    def row(run: dict[str, str], method: str, value: float, spread: float | None) -> Row:
        return {
            "method": method, "values": [value], "spread": [spread],
            "parameters": int(run["trainable_params"]) / 1e6,
            "settings_by": run["settings_by"],
            "same_as": "oft" if run["peft_type"] == "BOFT" else None,
        }  # fmt: skip

    maths = sorted(
        listed("peft_metamathqa.csv"),
        key=lambda one: (
            -float(one[0]["best_valid_accuracy"]),
            "default" not in one[0]["experiment"],
        ),
    )
    rows, seen = [], set[str]()
    for run, method in maths:
        value, error = 100 * float(run["test_accuracy"]), 100 * float(run["test_accuracy_se"])
        rows.append(row(run, method, value, error) | {
            "chosen": None if method in seen else "validation",
            "failed": value == 0,
            "modules": "" if run["target_modules"] in ("", "q_proj+v_proj") else "others",
        })  # fmt: skip
        seen.add(method)
    images = [
        row(run, method, float(run["test_dino_similarity"]), None)
        for run, method in listed("peft_imagegen.csv")
    ]
    return {
        "key": "peft2026benchmark", "authors_of": [], "findings": [], "read": "whole",
        "tables": [
            {"place": "MetaMathQA", "model": "Llama-3.2-3B", "suite": "GSM8K after MetaMathQA",
             "metrics": ["GSM8K"], "seeds": 1, "spread_is": "error", "rows": rows},
            {"place": "image generation", "model": "FLUX.2-klein-base-4B",
             "suite": "subject-driven images", "metrics": ["similarity"], "seeds": 1, "range": 1,
             "rows": images},
        ],
    }  # fmt: skip


def experiment() -> dict[str, Any]:
    suites = {"code": "source of a Python package", "prose": "a novel"}
    runs: dict[Any, dict[str, list[dict[str, str]]]] = defaultdict(lambda: defaultdict(list))
    for run in cells("experiment.csv"):
        usual = (run["batch"], run["steps"], run["arm"], run["phase"]) == ("4", "400", "", "final")
        if usual and run["task"] in suites:
            runs[run["task"], run["width"], run["base"]][run["method"]].append(run)
    tables = []
    for (task, width, base), methods in runs.items():
        rows = []
        for found in methods.values():
            shares = [100 * float(run["improvement"]) for run in found]
            rows.append({
                "method": found[0]["slug"], "parameters": int(found[0]["parameters"]) / 1e6,
                "modules": "" if found[0]["place"] == "all" else found[0]["place"],
                "values": [fmean(shares)], "spread": [stdev(shares)],
            })  # fmt: skip
        if any(row["method"] == "full" for row in rows) and len(rows) > 1:
            tables.append({
                "place": f"{task} {base}", "model": f"decoder of width {width}",
                "suite": suites[task], "metrics": ["improvement"], "rows": rows,
                "rates": "both_tuned", "seeds": 5,
            })  # fmt: skip
    return {
        "key": "adapters2026experiment", "authors_of": [], "findings": [], "read": "whole",
        "tables": tables, "ours": True,
    }  # fmt: skip


SIZES: dict[str, float | None] = loaded((DOCS / "data/models.yml").read_text("utf-8"))


# Rows, sizes and settings -------------------------------------------------------------------------


def tells(row: Row) -> bool:
    copied = row.get("run", "run").startswith("copied")
    return not (copied or row.get("same_as") or row.get("failed"))


def size(table: Table, row: Row) -> float | None:
    """Trained parameters in millions."""
    model = SIZES.get(table["model"])
    if row.get("trained") is not None:
        return float(row["trained"])
    if row.get("parameters") is not None:
        return float(row["parameters"])
    return row["percent"] * model / 100 if row.get("percent") and model else None


def share(table: Table, row: Row) -> float | None:
    """Per cent of the model's parameters."""
    model, own = SIZES.get(table["model"]), size(table, row)
    if row.get("percent") is not None:
        return float(row["percent"])
    return 100 * own / model if own is not None and model else None


def times(table: Table, row: Row, other: Row) -> float | None:
    """Return the ratio of the sizes of two rows."""
    a, b = size(table, row), size(table, other)
    if a is None or not b:
        a, b = row.get("percent"), other.get("percent")
    return a / b if a and b else None


def away(ratio: float | None) -> float:
    return abs(log(ratio)) if ratio else inf


def chosen(rows: list[Row]) -> list[Row]:
    for why in ("validation", "default"):
        if found := [row for row in rows if row.get("chosen") == why]:
            return found
    return rows


def largest(table: Table, rows: list[Row]) -> Row:
    return max(rows, key=lambda row: size(table, row) or 0)


def nearest(table: Table, row: Row, others: list[Row]) -> Row:
    return min(others, key=lambda o: (away(times(table, row, o)), not o.get("chosen")))


# Differences --------------------------------------------------------------------------------------


class Gap(NamedTuple):
    """A difference and what is level, as shares of the metric's range."""

    difference: float
    level: float
    printed: bool


def of_mean(spreads: list[float | None]) -> float:
    known = [s for s in spreads if s is not None]
    return hypot(*known) / len(known) if known and len(known) == len(spreads) else 0


def gap(table: Table, row: Row, other: Row, shifted: bool = False) -> Gap | None:
    metrics = table["metrics"]
    asked = [i for i, m in enumerate(metrics) if (m in table.get("shifted", ())) == shifted]
    both = [i for i in asked if None not in (row["values"][i], other["values"][i])]

    def is_mean(i: int) -> bool:
        return metrics[i] in ("average", table["suite"]) or metrics[i].startswith("mean of")

    means = sorted((i for i in both if is_mean(i)), key=lambda i: metrics[i] != "average")
    counted = means[:1] or both
    if not counted or (
        not means and 2 * len(counted) < len([i for i in asked if metrics[i] != "average"])
    ):
        return None

    def spreads(of: list[int]) -> list[float]:
        return [
            of_mean([r.get("spread", [None] * len(metrics))[i] for i in of]) for r in (row, other)
        ]

    found = spreads(counted)
    if not any(found) and means:
        found = spreads([i for i in both if i not in means])
    spread = hypot(*found) * (2 if table.get("spread_is") == "error" else 1)
    scale = table.get("range", 100)
    level = spread if all(found) else max(spread, 0.005 * scale)
    signs = [-1 if metrics[i] in table.get("lower_is_better", ()) else 1 for i in counted]
    values = [
        s * (row["values"][i] - other["values"][i]) for s, i in zip(signs, counted, strict=True)
    ]
    return Gap(fmean(values) / scale, level / scale, all(found))


def mean_of(gaps: list[Gap]) -> Gap:
    return Gap(
        fmean(g.difference for g in gaps),
        fmean(g.level for g in gaps),
        all(g.printed for g in gaps),
    )


def side(gap: Gap) -> str:
    ahead, level = round(abs(gap.difference), 9), round(gap.level, 9)
    if ahead < level or (ahead == level and gap.printed):
        return "level"
    return "for" if gap.difference > 0 else "against"


def full(table: Table, own: list[str], shifted: bool = False) -> Row | None:
    """Full fine-tuning, if most of the other adapters are not ahead of it."""
    rows = chosen([row for row in table["rows"] if row["method"] == "full"])
    if not rows:
        return None
    others: dict[str, list[Gap]] = defaultdict(list)
    for row in table["rows"]:
        asked = row["method"] not in (*own, "full")
        asked = asked and not (row.get("failed") or row.get("same_as"))
        if asked and (found := gap(table, row, rows[0], shifted)):
            others[row["method"]].append(found)
    means = [mean_of(gaps) for gaps in others.values()]
    ahead = [m for m in means if m.difference > m.level]
    return None if len(means) >= 3 and 2 * len(ahead) > len(means) else rows[0]


# The dimensions -----------------------------------------------------------------------------------


class Part(NamedTuple):
    """One table's part in a unit."""

    gap: Gap
    ratio: float | None
    weak: bool
    by_authors: bool


def part(
    table: Table, row: Row, other: Row | None, shifted: bool = False, weak: bool = False
) -> Part | None:
    found = gap(table, row, other, shifted) if other else None
    if not found or not other:
        return None
    ran = row.get("run", "run") == other.get("run", "run") == "run"
    good = ran and table.get("rates") == "both_tuned" and (table.get("seeds") or 0) >= 3
    by_authors = row.get("settings_by") == "authors"
    return Part(found, times(table, row, other), weak or not good, by_authors)


def efficient(table: Table, own: list[str], mine: list[Row]) -> Part | None:
    small = [row for row in mine if (part_of := share(table, row)) is not None and part_of <= 1]
    return part(table, largest(table, chosen(small)), full(table, own)) if small else None


def beats_lora(table: Table, own: list[str], mine: list[Row]) -> Part | None:
    same = [row for row in mine if not row.get("modules")]
    loras = [r for r in table["rows"] if r["method"] == "lora" and not r.get("modules")]
    if "lora" in own or not same or not loras:
        return None
    beside = [(row, nearest(table, row, loras)) for row in same]
    ratios = [times(table, *pair) for pair in beside]
    if not any(ratios):
        row = chosen(same)[0]
        found = part(table, row, nearest(table, row, loras), weak=not table.get("equal_size"))
        return found and found._replace(ratio=1.0 if table.get("equal_size") else None)
    fair = [row for row, r in zip(same, ratios, strict=True) if r and round(r, 3) <= 1.1]
    if not fair:
        return None
    row = min(chosen(fair), key=lambda row: away(times(table, row, nearest(table, row, loras))))
    return part(table, row, nearest(table, row, loras))


def beats_full(table: Table, own: list[str], mine: list[Row]) -> Part | None:
    return part(table, largest(table, chosen(mine)), full(table, own))


def beside_both(
    table: Table, own: list[str], mine: list[Row], shifted: bool = False
) -> dict[str, Part]:
    row = largest(table, chosen(mine))
    loras = [r for r in table["rows"] if r["method"] == "lora" and "lora" not in own]
    found = {
        "lora": part(table, row, nearest(table, row, loras), shifted) if loras else None,
        "full": part(table, row, full(table, own, shifted), shifted),
    }
    return {name: one for name, one in found.items() if one}


def rank(one: Part) -> tuple[int, float]:
    return ("against", "level", "for").index(side(one.gap)), one.gap.difference


def few_examples(table: Table, own: list[str], mine: list[Row]) -> Part | None:
    if not table.get("samples") or table["samples"] > 1000:
        return None
    found = beside_both(table, own, mine)
    if "full" not in found or not ("lora" in found or "lora" in own):
        return None
    return min(found.values(), key=rank)._replace(weak=True)


def shifted_data(table: Table, own: list[str], mine: list[Row]) -> Part | None:
    return max(beside_both(table, own, mine, shifted=True).values(), key=rank, default=None)


READ = {
    "PE": efficient, "BL": beats_lora, "BF": beats_full, "DE": few_examples, "OOD": shifted_data
}  # fmt: skip


def decided(dimension: str, parts: list[Part]) -> tuple[str, str]:
    found = mean_of([one.gap for one in parts])
    strength = "weak" if any(one.weak for one in parts) else "full"
    outcome = side(found)
    if dimension == "PE":
        return ("for" if round(found.difference, 9) >= -0.01 else "against"), strength
    if dimension == "BF" and outcome == "level":
        return "for", strength
    ratio = max((one.ratio for one in parts if one.ratio is not None), default=inf)
    if dimension == "BL" and outcome != "for" and ratio <= 0.25:
        return ("for" if outcome == "level" else "against"), "weak"
    return outcome, strength


def who(source: dict[str, Any], own: list[str]) -> str:
    if not source["authors_of"]:
        return "independent"
    return "authors" if set(own) & set(source["authors_of"]) else "rival"


def units(source: dict[str, Any], own: list[str]) -> Iterator[Unit]:
    ours, by = source.get("ours", False), who(source, own)
    for dimension in ["BL"] if ours else READ:
        parts: dict[str, list[Part]] = defaultdict(list)
        for table in source["tables"]:
            mine = [row for row in table["rows"] if row["method"] in own and tells(row)]
            kept = table["suite"].startswith("retention") and dimension != "OOD"
            if mine and not kept and (found := READ[dimension](table, own, mine)):
                parts[f"{table['model']}, {table['suite']}"].append(found)
        for what, some in parts.items():
            outcome, strength = decided(dimension, some)
            run_by = "authors" if any(one.by_authors for one in some) else by
            yield Unit(
                dimension, source["key"], what, outcome, run_by, "weak" if ours else strength
            )
    typed = [f for f in source["findings"] if f["method"] in own]
    for f in typed:
        if f["dimension"] != "WA":
            yield Unit(f["dimension"], source["key"], f["unit"], f["finding"], by, f["strength"])
    ran = any(
        row["method"] in own and row.get("run", "run") == "run" and not row.get("same_as")
        for table in source["tables"]
        for row in table["rows"]
    ) or any(f["dimension"] == "WA" for f in typed)
    if ran and by != "authors" and not ours:
        yield Unit("WA", source["key"], "", "for", by, "weak")


# Weights and verdicts -----------------------------------------------------------------------------


def weight(unit: Unit) -> int:
    return 1 if unit.strength == "weak" else WEIGHT[unit.run_by]


def sums(dimension: str, found: list[Unit]) -> tuple[Fraction, Fraction]:
    f = a = Fraction(0)
    for key in {unit.source for unit in found}:
        mine = [unit for unit in found if unit.source == key]
        weights = {
            s: sum(weight(u) for u in mine if u.side == s) for s in ("for", "level", "against")
        }
        total, most = sum(weights.values()), 2 * max(map(weight, mine))
        scale = Fraction(min(total, most), total)
        f += scale * weights["for"]
        a += scale * (
            weights["against"] + (Fraction(weights["level"], 2) if dimension == "BL" else 0)
        )
    return f, a


def verdict(dimension: str, found: list[Unit], unread: bool) -> tuple[str, str | None]:
    if dimension == "WA":
        n = len({unit.source for unit in found})
        words = ["no evidence", "too little", "too little", "contested", "contested", "confirmed"]
        return words[min(n, 5)], "for" if n in (3, 4) else None
    f, a = sums(dimension, found)
    others = [u for u in found if u.side == "for" and u.run_by != "authors"]
    found_by_others = (
        any(u.strength == "full" for u in others) or len({u.source for u in others}) > 1
    )
    lean = "for" if f > 0 and f >= 2 * a else "against" if a > 0 and a >= 2 * f else None
    if not found:
        return "no evidence", None
    if a >= 2 and a >= 4 * f:
        return ("against, too little" if unread else "contradicted"), None
    if f >= 2 and f >= 4 * a:
        if unread:
            return "too little", "for"
        return ("confirmed" if found_by_others else "reported"), None
    if lean == "against" and f < 2:
        return "against, too little", None
    return ("too little" if f < 2 and a < 2 else "contested"), lean


def everything() -> dict[str, tuple[bool, list[Unit]]]:
    """Return whether its main paper is unread, and its units, of every graded page."""
    graded, firsts = pages()
    typed = list(papers())
    known = loaded((DOCS / "data/candidates.yml").read_text("utf-8"))["candidates"]
    read = {source["key"]: source["read"] for source in typed}
    read |= {key: about["read"] for key, about in known.items()}
    opened = {key for key, extent in read.items() if extent in ("whole", "part")}
    sources = [*typed, benchmark(firsts), experiment()]
    return {
        page.slug: (
            page.main not in opened,
            [unit for source in sources for unit in units(source, page.modules)],
        )
        for page in graded
    }

"""Readers' code is run, explained and shown as the cells need it; the examples do what they say."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest

from adapters_np.core import load
from demos import readers
from demos.probe import probe
from scripts.catalog import read
from scripts.macros import examples

ROOT = Path(__file__).resolve().parents[2]
LORA = (ROOT / "adapters_np" / "methods" / "lora.py").read_text("utf-8")
DELTA = "return self.s * self.B @ self.A"


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """The tested modules and the backend are in their places again afterwards."""
    backend = matplotlib.get_backend()
    names = ["__main__", "adapters_np.methods.lora"]
    before = {name: sys.modules.get(name) for name in names}
    yield
    matplotlib.use(backend)
    for name, module in before.items():
        sys.modules.pop(name, None)
        if module:
            sys.modules[name] = module
    load.cache_clear()
    readers._installed.clear()


def run(source: str, **more: Any) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Return the response and what was shown."""
    shown: list[tuple[str, str]] = []
    response = readers.respond({"source": source, **more}, lambda *part: shown.append(part))
    return response, shown


def text(shown: list[tuple[str, str]]) -> str:
    return "".join(value for kind, value in shown if kind == "text")


def edited(before: str, after: str) -> str:
    assert LORA.count(before) == 1
    return LORA.replace(before, after)


# Cells --------------------------------------------------------------------------------------------


def test_a_cell_prints_and_shows_its_last_value() -> None:
    response, shown = run("print('one')\n1 + 1")
    assert (response, text(shown)) == ({"answer": {}}, "one\n2\n")


def test_every_run_starts_afresh() -> None:
    run("x = 1")
    response, _ = run("x")
    assert "NameError: name 'x' is not defined" in response["trace"]


@pytest.mark.parametrize(
    ("source", "line", "last"),
    [
        ("def f():\n    1 / 0\nf()", 2, "ZeroDivisionError: division by zero"),
        ("import numpy as np\n\nnp.linalg.inv(np.zeros((2, 2)))", 3, "Singular matrix"),
        ("x = 1\ny = (", 2, "SyntaxError: '(' was never closed"),
        ("exit(3)", 1, "SystemExit: 3"),
    ],
)
def test_an_error_names_the_line_of_the_cell(source: str, line: int, last: str) -> None:
    response, _ = run(source)
    assert response["line"] == line
    assert response["trace"].rstrip().endswith(last)
    assert "demos/readers.py" not in response["trace"]


def test_endless_printing_is_cut_with_a_word() -> None:
    _, shown = run("for i in range(100_000): print(i)")
    printed = text(shown)
    assert len(printed) < readers.MOST + 100
    assert "the rest is left out" in printed


def test_figures_come_in_order_with_the_text_around_them() -> None:
    matplotlib.use("module://demos.figures")
    plot = "import matplotlib.pyplot as plt\n"
    _, shown = run(plot + "print(1)\nplt.plot([1])\nplt.show()\nprint(2)\n_ = plt.plot([2])")
    assert [kind for kind, _ in shown if kind == "figure"] == ["figure"] * 2
    assert text(shown[: [kind for kind, _ in shown].index("figure")]) == "1\n"
    assert all(value.rstrip().endswith("</svg>") for kind, value in shown if kind == "figure")


# Methods ------------------------------------------------------------------------------------------


def test_the_source_unchanged_gives_the_probe_unchanged() -> None:
    response, shown = run(LORA, method="lora", knobs={"rank": 3})
    expected = probe("lora", {"rank": 3})
    assert response["answer"]["sentence"] == expected["sentence"]
    np.testing.assert_array_equal(
        response["answer"]["panels"][0]["views"][0]["values"],
        expected["panels"][0]["views"][0]["values"],
    )
    assert "Controls without effect" not in text(shown)


def test_nothing_is_taken_out_of_edited_code_and_it_is_said() -> None:
    knobs = {"hypothesis": "dense subspace", "rank": 3}
    response, shown = run(LORA, method="lora", knobs=knobs)
    assert response["answer"]["sentence"] == probe("lora", {"rank": 3})["sentence"]
    assert "its hypothesis is kept" in text(shown)


def test_an_edit_changes_the_numbers() -> None:
    norms = []
    for source in (LORA, edited(DELTA, "return 2 * self.s * self.B @ self.A")):
        response, _ = run(source, method="lora", knobs={})
        panels = response["answer"]["panels"]
        norms.append(next(p["value"] for p in panels if p["name"] == "relative_norm"))
    assert norms[1] == pytest.approx(2 * norms[0])


def test_a_knob_that_is_gone_and_one_that_is_new_are_told() -> None:
    source = edited("alpha: Alpha = 16.0,", "beta: Alpha = 16.0,").replace("alpha /", "beta /")
    response, shown = run(source, method="lora", knobs={"rank": 2, "alpha": 8.0})
    assert "answer" in response
    assert "no such knob: alpha." in text(shown)
    assert "beta=16.0" in text(shown)


def test_a_knob_that_is_not_possible_stays_the_message() -> None:
    response, _ = run(LORA, method="lora", knobs={"rank": 99})
    assert "KnobError: rank=99 is not a whole number from 1 to 16" in response["trace"]
    rule = "is not a whole number from 1 to 16"
    parts = {"message": f"rank=99 {rule}", "knob": "rank", "value": "99", "rule": rule}
    assert response["failure"] == parts
    assert response["line"] is None


def test_a_mistake_in_a_method_names_its_line() -> None:
    response, _ = run(edited(DELTA, "return self.q"), method="lora", knobs={})
    wrong = edited(DELTA, "return self.q").splitlines().index("        return self.q") + 1
    assert response["line"] == wrong
    assert response["trace"].startswith(
        'Traceback (most recent call last):\n  File "lora.py (edited'
    )


def test_a_module_that_cannot_be_imported_leaves_the_last_one_in_place() -> None:
    tested = sys.modules[load("lora").__module__]
    response, _ = run("1 / 0", method="lora", knobs={})
    assert response["line"] == 1
    assert sys.modules["adapters_np.methods.lora"] is tested


# Examples -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("example", examples.read(), ids=lambda example: example.name)
def test_every_example_runs_and_shows_something(example: examples.Example) -> None:
    matplotlib.use("module://demos.figures")
    response, shown = run(example.path.read_text("utf-8"))
    assert "trace" not in response, response["trace"]
    assert shown


def test_every_theme_has_several_examples() -> None:
    themes = [example.theme for example in examples.read()]
    assert set(themes) == {*read().themes, "start"}
    assert all(themes.count(theme) >= 3 for theme in read().themes)


def test_an_example_without_a_title_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rank-untitled.py").write_text("print(1)\n")
    monkeypatch.setattr(examples, "FOLDER", tmp_path)
    with pytest.raises(ValueError, match=r"rank-untitled\.py: the first line is not a comment"):
        examples.read()

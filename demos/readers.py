"""Runs what a reader has written: an edited method under the widget, or a free cell.

Nothing here keeps a reader's code from anything. That is the work of the worker it runs in, which
is started for readers' code alone (sandbox.js).
"""

from __future__ import annotations

import ast
import linecache
import sys
import traceback
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from io import TextIOBase
from time import monotonic
from types import ModuleType
from typing import Any

from adapters_np.core import load
from demos import lab, probe, settings
from demos.failures import failure

Emit = Callable[[str, str], None]
"""Takes what a run shows, as it comes: its kind, `text` or `figure` (an SVG), and the content."""

MOST = 100_000
"""Characters that one run may print."""

PAUSE = 0.1
"""Seconds between two batches of text."""

emit: Emit = print
"""The function by which the present run shows what it prints and draws."""

_installed: dict[str, str] = {}


def respond(request: dict[str, Any], receive: Emit) -> dict[str, Any]:
    """Run a reader's code and return what it led to.

    Args:
        request: `source`, and for the widget of a method `method` and `knobs`, for the lab `world`
            and `rank`.
        receive: Called with everything that is printed and drawn.

    Returns:
        `answer`, which is that of the probe or of the lab, and empty for a cell; or `trace`, a
        traceback, `line`, the line of the source that it ends in, if any, and `failure`.
    """
    global emit
    emit, pipe = receive, Pipe()
    method, source = request.get("method"), request["source"]
    file = f"{method}.py (edited)" if method else "cell.py"
    with redirect_stdout(pipe), redirect_stderr(pipe):
        try:
            if method:
                answer = probe_edited(method, source, file, request["knobs"])
            elif "world" in request:
                answer = fit_own(source, file, request["world"], request["rank"])
            else:
                answer = run(source, file)
            show_figures()
        except BaseException as error:  # exit() is an end like any other
            trace, line = explain(error, file)
            return {"trace": trace, "line": line, "failure": failure(error)}
        finally:
            pipe.flush()
            forget_figures()
    return {"answer": answer}


def run(source: str, file: str) -> dict[str, Any]:
    """Run a free cell in a module of its own, and print the value of its last expression."""
    execute(ModuleType("__main__"), source, file)
    return {}


def fit_own(source: str, file: str, world: str, rank: int) -> dict[str, Any]:
    """Return how near the adapter that a source defines comes to a world of the lab."""
    module = ModuleType("own")
    execute(module, source, file)
    return lab.reach(lab.adapter_of(vars(module), "own"), world, rank)


def probe_edited(method: str, source: str, file: str, chosen: dict[str, Any]) -> dict[str, Any]:
    """Return the probe's answer with the source of a method replaced.

    Knobs that the widget has and the edited `init` has not are left out; those that only the
    edited `init` has keep their defaults, and nothing is taken out of it. All this is said in
    print.
    """
    chosen = dict(chosen)
    if chosen.pop(settings.HYPOTHESIS, settings.KEPT) != settings.KEPT:
        print("Nothing is taken out of edited code: its hypothesis is kept.")
    if _installed.get(method) != source:
        install(method, source, file)
    available = settings.settings(method)
    if gone := chosen.keys() - available - settings.AIM.keys():
        print(f"Controls without effect, since init has no such knob: {', '.join(sorted(gone))}.")
    if new := available.keys() - chosen.keys():
        kept = (f"{name}={available[name].default!r}" for name in sorted(new))
        print(f"Knobs without a control keep their defaults: {', '.join(kept)}.")
    known = {k: v for k, v in chosen.items() if k in available or k in settings.AIM}
    return dict(probe.probe(method, known))


def install(method: str, source: str, file: str) -> None:
    """Put a reader's version of a method's module in the place of the tested one.

    Where it cannot be imported, all stays as it was.
    """
    name = f"adapters_np.methods.{method}"
    before = sys.modules.get(name)
    try:
        execute(ModuleType(name), source, file)
    except BaseException:
        sys.modules.pop(name, None)
        if before:
            sys.modules[name] = before
        raise
    load.cache_clear()
    _installed[method] = source


def execute(module: ModuleType, source: str, file: str) -> None:
    """Run a source as a module, and print the value of its last expression if it is `__main__`."""
    # A traceback shows the lines that it finds here.
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    tree = ast.parse(source, file)
    last = tree.body[-1] if tree.body else None
    sys.modules[module.__name__] = module
    if module.__name__ != "__main__" or not isinstance(last, ast.Expr):
        exec(compile(tree, file, "exec", dont_inherit=True), module.__dict__)
        return
    tree.body.pop()
    exec(compile(tree, file, "exec", dont_inherit=True), module.__dict__)
    value = ast.Expression(last.value)
    result = eval(compile(value, file, "eval", dont_inherit=True), module.__dict__)
    if result is not None:
        print(repr(result))


def show_figures() -> None:
    """Show the figures that the code has left open, if it has drawn any."""
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.show()


def forget_figures() -> None:
    """Keep figures of a run that failed from showing up in the next."""
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")


def explain(error: BaseException, file: str) -> tuple[str, int | None]:
    """Return a traceback from the reader's code on, and the line of that code that it ends in."""
    report = traceback.TracebackException.from_exception(error)
    names = [frame.filename for frame in report.stack]
    first = names.index(file) if file in names else sum(name == __file__ for name in names)
    lines = [frame.lineno for frame in report.stack if frame.filename == file]
    if isinstance(error, SyntaxError) and error.filename == file:
        first, lines = len(names), [error.lineno]
    del report.stack[:first]
    return "".join(report.format()), lines[-1] if lines else None


class Pipe(TextIOBase):
    """Passes printed text on in batches, so that it is seen even if the code never ends."""

    def __init__(self) -> None:
        self.left = MOST
        self.batch = ""
        self.sent = monotonic()

    def write(self, text: str) -> int:
        """Take text; what is beyond the limit is dropped with a word."""
        if self.left > 0:
            self.batch += text[: self.left]
            self.left -= len(text)
            if self.left <= 0:
                self.batch += f"\n… (the rest is left out: more than {MOST:,} characters)\n"
        if monotonic() - self.sent > PAUSE:
            self.flush()
        return len(text)

    def flush(self) -> None:
        batch, self.batch, self.sent = self.batch, "", monotonic()
        if batch:
            emit("text", batch)

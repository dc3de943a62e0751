"""Setting up is done once, by one run at a time, and says what went wrong."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import bootstrap, dev
from scripts.bootstrap import (
    ROOT,
    VENV,
    SetupError,
    locked,
    parse,
    python_packages,
    run,
)


def test_a_lock_ends_with_its_holder_and_a_waiting_run_says_so(tmp_path: Path) -> None:
    said: list[str] = []
    file = tmp_path / "lock"
    code = (
        "import sys; from pathlib import Path; from scripts.bootstrap import locked\n"
        "with locked(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read(1)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(file)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"

        def release(text: str) -> None:
            said.append(text)
            holder.kill()

        with locked(file, release):
            pass
    assert said == [f"waiting for another run to finish ({file})"]


@pytest.mark.parametrize("step", ["Python: making .venv", "Python packages"])
def test_a_virtual_environment_that_was_interrupted_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    done: list[str] = []

    def interrupted(label: str, command: list[object], **_: object) -> None:
        done.append(label)
        if "venv" in command:
            shutil.rmtree(tmp_path / "bin", ignore_errors=True)
            (tmp_path / ".whole").unlink(missing_ok=True)
            (tmp_path / "bin").mkdir()
            (tmp_path / "bin" / "python").touch()  # before pip is there
        if done.count(step) == 1 and label == step:
            raise KeyboardInterrupt

    monkeypatch.setattr(bootstrap, "run", interrupted)
    monkeypatch.setattr(bootstrap, "VENV", tmp_path)
    monkeypatch.setattr(bootstrap, "PYTHON", tmp_path / "bin" / "python")
    monkeypatch.setattr(bootstrap, "WHOLE", tmp_path / ".whole", raising=False)
    with pytest.raises(KeyboardInterrupt):
        python_packages()
    done[:] = [step]
    for _ in range(2):
        python_packages()
    assert done == [step, "Python: making .venv", "Python packages"]


def test_a_chromium_that_is_half_unpacked_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "chromium-1" / "chrome-linux" / "chrome"
    program.parent.mkdir(parents=True)
    program.touch()
    monkeypatch.setattr(bootstrap, "BROWSERS", ())
    monkeypatch.setattr(bootstrap, "_output", lambda _: str(program))
    assert bootstrap._installed_chromium() is None
    (tmp_path / "chromium-1" / "INSTALLATION_COMPLETE").touch()
    assert bootstrap._installed_chromium() == program


def test_on_windows_the_one_line_says_what_works_there() -> None:
    program = (
        "import shutil, subprocess, sys\n"  # what Python itself imports there is not asked
        "sys.platform = 'win32'; sys.modules['fcntl'] = None\n"
        "sys.argv = ['dev.py', 'serve']\n"
        "from scripts import dev; dev.main()"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    rule = r"✗ Windows lacks what .* WSL .* run it there\.\n"
    assert re.fullmatch(rule, done.stderr), done.stderr
    assert done.returncode == 1


def test_a_checkout_that_cannot_be_written_is_named_with_the_way_out() -> None:
    rule = r"^/dev/null/lock cannot be written \(.*\)\. .* work in a copy\.$"
    with pytest.raises(SetupError, match=rule), locked(Path("/dev/null/lock")):
        pass


@pytest.mark.parametrize(
    ("command", "told", "said"),
    [
        (
            [sys.executable, "-c", "print('the reason'); raise SystemExit(3)"],
            r"Step failed: .* ended with code 3\. Plug it in\.",
            "the reason",
        ),
        (
            ["node", "-e", "fs.writeFileSync('/dev/full', 'x')"],  # which takes no byte
            r"ended with code 1\. the disk is full\. Free some space",
            "ENOSPC",
        ),
    ],
)
def test_a_command_that_fails_is_named_with_its_last_lines_and_the_way_out(
    command: list[str], told: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SetupError, match=told):
        run("Step", command, help="Plug it in.")
    assert said in capsys.readouterr().err
    with pytest.raises(SetupError, match="Step failed: no-such-command: No such file"):
        run("Step", ["no-such-command"])


def test_a_module_that_python_cannot_read_ends_the_build_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "adapters_np").mkdir()
    module = tmp_path / "adapters_np" / "lora.py"
    module.write_text("x = 1\n")
    parse(tmp_path)
    module.write_text("x = 1\ndef init(:\n")
    told = r"^(✗ )?adapters_np/lora\.py:2: invalid syntax\. Correct this"
    with pytest.raises(SetupError, match=told):
        parse(tmp_path)
    monkeypatch.setattr(dev, "environment", lambda **_: {})
    monkeypatch.setattr(dev, "parse", lambda: parse(tmp_path))
    monkeypatch.setattr(sys, "argv", ["dev.py", "build"])
    with pytest.raises(SystemExit, match=told):
        dev.main()


@pytest.mark.parametrize(
    ("version", "expected"),
    [("v20.0.0", True), ("v24.1.0", True), ("v18.20.4", False), ("", False)],
)
def test_node_counts_from_version_20_on(version: str, expected: bool) -> None:
    assert bootstrap._node_is_new_enough(version) is expected


@pytest.mark.parametrize(("name", "installed"), [("debian", ["chromium"]), ("ubuntu", [])])
def test_debian_s_chromium_is_installed_where_there_is_none_and_no_package_of_its_kin(
    monkeypatch: pytest.MonkeyPatch, name: str, installed: list[str]
) -> None:
    done: list[str] = []
    monkeypatch.setattr("platform.freedesktop_os_release", lambda: {"ID": name})
    monkeypatch.setattr(bootstrap, "_has_apt", lambda: True)
    monkeypatch.setattr(bootstrap, "_installed_chromium", lambda: None)
    monkeypatch.setattr(bootstrap, "run", lambda *_, **__: None)
    monkeypatch.setattr(bootstrap, "debian_package", done.append)
    with pytest.raises(SetupError, match="No Chromium was found after installing one"):
        bootstrap.chromium()
    assert done == installed


def test_the_npm_lock_has_a_hash_for_every_package_and_no_address() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    installed = [entry for path, entry in packages.items() if path]
    assert installed
    assert not [entry for entry in installed if "resolved" in entry or "integrity" not in entry]


def test_the_citation_file_is_valid() -> None:
    command = [str(VENV / "bin" / "cffconvert"), "--validate", "--infile", "CITATION.cff"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr

"""The packed Python is the same in every build, and answers like the Python that was published.

Both change with Pyodide, Node or the packing alone. The site's workflow asks after each push.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from scripts import build
from scripts.bootstrap import ROOT, locked
from scripts.pyodide import make, vendor

pytestmark = [pytest.mark.site, pytest.mark.weekly]

PACKED = make.PACKED


def test_the_memory_of_python_is_the_same_in_every_build(tmp_path: Path) -> None:
    with locked(build.BUILD / "build.lock"):
        make.make()
    out = tmp_path / "another place"
    python = json.loads((PACKED / "python.json").read_text())["home"]
    shutil.copytree(PACKED / python, out / python, copy_function=os.link)
    shutil.copy(PACKED / "python.json", out)
    script = tmp_path / "another name.mjs"
    script.symlink_to(ROOT / "scripts" / "pyodide" / "surgery" / "pack.mjs")
    command = ["node", str(script), "--wheels", wheels(), "--out", str(out)]
    elsewhere = os.environ | {"TZ": "Pacific/Auckland", "CI": ""}  # where CI has small twins made
    said = subprocess.run(command, cwd=ROOT, env=elsewhere, check=True, capture_output=True).stdout
    assert said == b"packing code\n"
    assert digests(out) == digests(PACKED)


def test_a_part_of_the_gate_is_passed() -> None:
    command = ["node", "scripts/pyodide/surgery/gate.mjs", "--wheels", wheels(), "--every", "30"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[0]) >= 25


def wheels() -> str:
    return str(next(iter(vendor.fetch().values())).parent)


def digests(packed: Path) -> dict[str, str]:
    manifest: dict[str, Any] = json.loads((packed / "manifest.json").read_text())
    return {role: file["sha256"] for role, file in manifest["files"].items()}

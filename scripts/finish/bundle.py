"""Bundle the scripts and styles of demos/."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from scripts.bootstrap import ROOT
from scripts.finish.release import place_python

BUILD = ROOT / ".build"
BUNDLE = Path(__file__).with_suffix(".mjs")


def main(packed: Path) -> None:
    """Bundle into `.build/scripts`.

    Raises:
        RuntimeError: when a script or a style is wrong; the text is the bundler's own.
    """
    command = ["node", str(BUNDLE), "--out", str(BUILD / "scripts")]
    manifest = json.dumps(place_python(packed))
    done = subprocess.run(command, cwd=ROOT, input=manifest, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"scripts/finish/bundle.mjs:\n{done.stderr}")

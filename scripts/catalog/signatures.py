"""Arguments of PEFT's configurations, recorded with `inspect.signature` from a named release."""

from __future__ import annotations

import json
from pathlib import Path

PEFT = json.loads(Path(__file__).with_name("peft_signatures.json").read_text("utf-8"))

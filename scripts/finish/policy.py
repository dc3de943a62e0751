"""The Content-Security-Policy of the site: as a header where the host sends it, in every page else.

A worker that is started by way of a blob, as that for readers' code is, inherits it from the page.
"""

from __future__ import annotations

import base64
import hashlib
import re
from html import escape
from pathlib import Path

# Sources that a page may load: its own site and nothing else. KaTeX places by styles in attributes,
# `wasm-unsafe-eval` compiles Python, heatmaps are `data:`, exports are `blob:`.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; "
    "script-src 'self' 'wasm-unsafe-eval'; "
    "worker-src 'self' blob:; "
    "style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; "
    "object-src 'none'; "
    "base-uri 'self'; "
    "form-action 'self'"
)

CHARSET = '<meta charset="utf-8">'
"""The policy follows it, since browsers look for it in the first kilobyte of a page."""

INLINE_SCRIPT = re.compile(r"<script(?![^>]*\s(?:src|type)=)[^>]*>(.*?)</script>", re.DOTALL)


def policy(html: str) -> str:
    """Return the policy for HTML: the constant, and its inline scripts by their SHA-256."""
    scripts = dict.fromkeys(INLINE_SCRIPT.findall(html))
    digests = (hashlib.sha256(text.encode()).digest() for text in scripts)
    hashes = "".join(f" 'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    return CONTENT_SECURITY_POLICY.replace("script-src 'self'", f"script-src 'self'{hashes}")


def add_policy(folder: Path) -> None:
    """Put one policy into all pages of a site.

    It is the same everywhere, since a page that takes the place of another without a new load keeps
    the policy of the first.
    """
    texts = {path: path.read_text("utf-8") for path in sorted(folder.rglob("*.html"))}
    content = escape(policy("\n".join(texts.values())), quote=False)
    tag = f'<meta http-equiv="Content-Security-Policy" content="{content}">'
    for path, text in texts.items():
        path.write_text(text.replace(CHARSET, CHARSET + tag, 1), "utf-8")

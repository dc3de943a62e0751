"""Make the files of a new method from templates: the page, the module, the test.

The templates hold a small working method, so the site builds and every test passes before the
first edit.
"""

import re
import sys
from keyword import iskeyword
from pathlib import Path

from scripts.bootstrap import ROOT

TEMPLATES = ROOT / "scripts" / "templates"

FILES = {
    "page.md.txt": "docs/methods/{slug}.md",
    "method.py.txt": "adapters_np/methods/{slug}.py",
    "test_method.py.txt": "tests/adapters_np/methods/test_{slug}.py",
}


def new_method(name: str, root: Path = ROOT) -> list[Path]:
    """Write the three files of a method and return their paths.

    Args:
        name: The slug, such as `vera` or `prompt_tuning`.

    Raises:
        ValueError: when the name is no slug, or Python keeps it or the class's name for itself.
        FileExistsError: when one of the files is there already; then nothing is written.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise ValueError(f"name={name!r} is not lower-case letters, digits and underscores")
    title = name.replace("_", " ").title()
    words = {"slug": name, "title": title, "class_name": title.replace(" ", "")}
    for word in (name, words["class_name"]):
        if iskeyword(word):
            raise ValueError(f"name={name!r} does not do: {word} is a Python keyword")
    paths = {template: root / place.format(slug=name) for template, place in FILES.items()}
    for path in paths.values():
        if path.exists():
            raise FileExistsError(f"{path.relative_to(root)} is there already")
    for template, path in paths.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text((TEMPLATES / template).read_text().format(**words))
    return list(paths.values())


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: python3 scripts/dev.py new NAME")
    try:
        for path in new_method(sys.argv[1]):
            print(f"wrote {path.relative_to(ROOT)}")
    except (ValueError, FileExistsError) as error:
        sys.exit(f"✗ {error}")
    print("Next: the publication in docs/references.bib, then the page, the module and the test.")


if __name__ == "__main__":
    main()

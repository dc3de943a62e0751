"""Check the catalogue and print what it holds.

python -m scripts.catalog
"""

import sys

from scripts.catalog.checks import check
from scripts.catalog.papers import CatalogError


def main() -> None:
    """Print what the catalogue holds."""
    try:
        catalog = check()
    except CatalogError as error:
        sys.exit(f"✗ the catalogue has problems:\n{error}")
    for m in catalog.methods.values():
        grade = f"survey {m.survey_total:.1f}  audit {m.confirmed:.1f} + {m.contested:.1f}"
        print(f"{m.number or '–':>3}  {m.slug:18} {m.theme:14} {grade if m.graded else 'no grade'}")
    print(f"{len(catalog.methods)} methods, {len(catalog.papers)} publications")


if __name__ == "__main__":
    main()

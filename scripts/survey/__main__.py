"""Look numbers up.

python -m scripts.survey say "hu2022lora/table-2-roberta-base: lora, mnli"    what an address says
python -m scripts.survey find 87.5                                            where a number stands
python -m scripts.survey bare                                                 what has no address
python -m scripts.survey draw 20261129100 100                             cells at random
"""

import random
import sys

from scripts.bootstrap import ROOT
from scripts.survey.facts.papers import read_tables
from scripts.survey.sources.bare import every
from scripts.survey.sources.providers import facts


def main(arguments: list[str]) -> None:
    match arguments:
        case ["say", text]:
            try:
                print(facts().say(text))
            except (LookupError, ValueError) as error:
                sys.exit(f"✗ {error.args[0]}")
        case ["find", text]:
            for fact in facts().all():
                if fact.text == text:
                    print(f"{fact.address}    ({fact.place})")
        case ["bare"]:
            print(*every(ROOT), sep="\n")
        case ["draw", seed, take]:
            _draw(int(seed), int(take))
        case _:
            sys.exit(__doc__)


def _draw(seed: int, take: int) -> None:
    cells = sorted(
        (source.key, table.id, i, metric)
        for source in read_tables()
        for table in source.tables
        for i, row in enumerate(table.rows)
        for metric in table.results(row)
    )
    tables = {(source.key, table.id): table for source in read_tables() for table in source.tables}
    for key, name, i, metric in random.Random(seed).sample(cells, take):
        table = tables[key, name]
        row = table.rows[i]
        shown = table.results(row)[metric].shown
        print(f"{key}, {table.place}: {row.method} {row.setting}, {metric}: {shown}")


if __name__ == "__main__":
    main(sys.argv[1:])

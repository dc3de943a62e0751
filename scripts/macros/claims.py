"""Claims, beliefs and predictions of the survey, beside what the audit finds."""

from __future__ import annotations

from scripts.macros.bets import Shown, shown, where
from scripts.macros.page import Part, catalog, macro
from scripts.macros.real_changes import Row, rows
from scripts.survey.results import bets
from scripts.survey.sources.claims import Claim, read_claims, read_predictions


class ClaimLists(Part):
    @macro("list")
    def claims_list(self) -> str:
        claims = read_claims().claims
        arguments = (argument for c in claims for argument in (*c.supports, *c.against))
        self.page.cite(source.key for argument in arguments for source in argument.sources)
        tested = {c.key: _tested(c) for c in claims}
        return self.page.draw("claims", claims, tested, given={"where": where})

    @macro("list")
    def themes_list(self) -> str:
        themes = catalog().themes
        listed = [(t, [m.slug for m in catalog().of_theme(key)]) for key, t in themes.items()]
        return self.page.draw("themes", listed, [claim.key for claim in read_claims().claims])

    @macro("list")
    def predictions_list(self) -> str:
        parts = []
        for i, p in enumerate(read_predictions().predictions, 1):
            parts.append(f"## {i}. {p.title} {{ #prediction-{i} }}\n")
            self.page.cite(source.key for source in p.sources)
            parts.append(self.page.draw("prediction", p))
        return "\n".join(parts)


def _tested(claim: Claim) -> tuple[list[Shown], list[Row]]:
    """Return what was measured of a claim's methods: beside their controls, and on real changes."""
    slugs = dict.fromkeys(s for a in (*claim.supports, *claim.against) for s in a.methods)
    modules = [module for slug in slugs for module in catalog().methods[slug].modules]
    families = [row for row in rows() if set(row.methods) & set(modules)]
    return [shown(bet) for bet in bets.of(modules)], families

"""Claims, beliefs and predictions of the survey, and numbers of sources that do not add up."""

from __future__ import annotations

from scripts.macros.page import Part, catalog, macro
from scripts.survey.facts.papers import flags, read_tables
from scripts.survey.sources.claims import read_claims, read_predictions


class ClaimLists(Part):
    @macro("list")
    def claims_list(self) -> str:
        claims = read_claims().claims
        arguments = (argument for c in claims for argument in (*c.supports, *c.against))
        self.page.cite(source.key for argument in arguments for source in argument.sources)
        return self.page.draw("claims", claims)

    @macro("list")
    def themes_list(self) -> str:
        themes = catalog().themes
        listed = [(t, [m.slug for m in catalog().of_theme(key)]) for key, t in themes.items()]
        return self.page.draw("themes", listed, [claim.key for claim in read_claims().claims])

    @macro("list")
    def flagged(self) -> str:
        return self.page.draw("flagged", list(flags(read_tables())))

    @macro("list")
    def predictions_list(self) -> str:
        parts = []
        for i, p in enumerate(read_predictions().predictions, 1):
            parts.append(f"## {i}. {p.title} {{ #prediction-{i} }}\n")
            self.page.cite(source.key for source in p.sources)
            parts.append(self.page.draw("prediction", p))
        return "\n".join(parts)

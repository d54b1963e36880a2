"""
The violation catalogue: names, severity, legal basis by date and authority of V01 to V17 (domain.md 7.1, 7.2), as data.

Both sides read ``catalogue.toml``: workers propose from it, the API and the wall show it. It decides nothing: a lead
points, a person of the legal section confirms (`Violation.legal_confirmed_by`).
"""

import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from api.contract.fields import Line, Name, Word
from api.contract.wire.document import Wire
from api.contract.wire.identifiers import Code
from api.contract.wire.lead import LeadLegal

FILE = Path(__file__).with_name("catalogue.toml")

RuleFamily = Literal["stack", "colour", "bypass", "burning", "barbecue", "fume", "alert", "tamper", ""]


class Violation(Wire):
    """One row of the catalogue."""

    code: Code
    zh: Name
    en: Name
    severity: int = Field(ge=5, le=25, description="points of the priority score")
    authority: list[Word] = Field(
        min_length=1, max_length=16, description="keys of the catalogue's authorities, the usual one first"
    )
    old_basis: list[Word] = Field(
        min_length=1, max_length=16, description="before the Code: law and article, e.g. Air-99(2)"
    )
    basis: list[Word] = Field(min_length=1, max_length=16, description="under the Code")
    penalty_zh: Line = Field(description="under the Code; empty: not a violation by itself")
    mark: Word = Field(description="how sure the row is: V verified in a named copy, K-M medium")
    legal_confirmed_by: Name = Field(description="who of the legal section confirmed the row; empty: unconfirmed")
    never_warn_only: bool = Field(description="no colour and no list makes it a mere warning (domain.md 6.5)")
    seen_zh: Line = Field(description="what must be seen and how long, in Chinese")
    seen: Line = Field(description="the same in English")
    false_alarms_zh: list[Line] = Field(min_length=1, max_length=32, description="what is typically taken for it")
    rule: RuleFamily = Field(description="family of the rule that sees it; empty: there is none yet")
    zones: list[Word] = Field(max_length=32, description="kinds of zone the rule needs one of; empty: none")
    classes: list[Word] = Field(max_length=32, description="detector classes without which it cannot be seen")
    further_classes: list[Word] = Field(max_length=32, description="classes that would make it surer than it is now")
    missing_zh: Line = Field(description="what else is missing; empty: nothing")
    durations: dict[Word, float] = Field(default_factory=dict, max_length=16, description="the rule's times in seconds")

    def missing(self, known: tuple[str, ...]) -> list[str]:
        """Return the classes that detection requires and that a model with the classes `known` lacks."""
        return [name for name in self.classes if name not in known]


class Catalogue(Wire):
    """All rows, with the words for laws and authorities."""

    version: Word
    code_from: date = Field(description="first local day on which the Code is in force")
    laws: dict[Word, Name] = Field(max_length=64)
    authorities: dict[Word, Name] = Field(max_length=64)
    violations: list[Violation] = Field(max_length=128)

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        codes = [row.code for row in self.violations]
        if len(set(codes)) != len(codes):
            raise ValueError("a code stands twice in the catalogue")
        for row in self.violations:
            laws = {basis.rsplit("-", 1)[0] for basis in (*row.old_basis, *row.basis)}
            if unknown := laws - self.laws.keys() | set(row.authority) - self.authorities.keys():
                raise ValueError(f"{row.code} names {', '.join(sorted(unknown))}, which the catalogue does not explain")
        return self

    @property
    def by_code(self) -> Mapping[str, Violation]:
        """The rows by code."""
        return {row.code: row for row in self.violations}

    def get(self, code: str) -> Violation | None:
        """Return the row of a code; ``None`` for an unknown one."""
        return next((row for row in self.violations if row.code == code), None)

    def legal_at(self, code: str, day: date) -> LeadLegal | None:
        """
        Return what an act on the local `day` may be under by the law then in force; ``None`` for an unknown code.

        An act before the Code is judged by the old law unless the new one is milder (Code 1057): that is for a person.
        """
        row = self.get(code)
        if row is None:
            return None
        is_new = day >= self.code_from
        basis = row.basis if is_new else row.old_basis
        return LeadLegal(
            in_force_at=day.isoformat(),
            basis=list(basis),
            text_zh=self._in_words(basis),
            penalty_zh=row.penalty_zh if is_new else "",
            authority="、".join(self.authorities[name] for name in row.authority),
            confirmed_by=row.legal_confirmed_by,
        )

    def _in_words(self, basis: list[str]) -> str:
        """Return articles as text, those of one law together: 《大气污染防治法》第18条、第99条第2项."""
        articles: dict[str, list[str]] = {}
        for entry in basis:
            law, article = entry.rsplit("-", 1)
            number, _, item = article.removesuffix(")").partition("(")
            articles.setdefault(law, []).append(f"第{number}条" + (f"第{item}项" if item else ""))
        return "；".join(f"《{self.laws[law]}》{'、'.join(listed)}" for law, listed in articles.items())


@cache
def catalogue() -> Catalogue:
    """Return the catalogue in force."""
    return Catalogue.model_validate(tomllib.loads(FILE.read_text(encoding="utf-8")))

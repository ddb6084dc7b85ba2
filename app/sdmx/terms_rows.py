"""What the terms of an agreement say of single rows: frequencies and detail that are taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from app.sdmx.flow import Flow
from app.sdmx.terms import Terms

FREQUENCY_FINDING: Final = "VIPMG-340"
DETAIL_FINDING: Final = "VIPMG-341"


@dataclass(frozen=True, slots=True)
class RowRule:
    """Codes of a dimension that may be reported.

    Attributes:
        code: code of the finding on a row with another.
        source: metadata set or agreement that says so, `AGENCY:ID(VERSION)`.
    """

    component: str
    allowed: frozenset[str]
    code: str
    source: str

    @property
    def shown(self) -> str:
        """The codes in short."""
        listed = sorted(self.allowed)
        return ", ".join(listed[:10]) + (", ..." if len(listed) > 10 else "")


def row_rules(terms: Terms, flow: Flow) -> tuple[RowRule, ...]:
    """The rules on the rows that are sent under an agreement.

    The frequency of an annotation says how often data come, for the calendar. Only one that a
    metadata set says refuses others: yearly totals of a monthly report stay right until then.

    Raises:
        InvalidArtefactError: a term is not what it should be.
    """
    found = []
    said_by = terms.source("FREQUENCY")
    if flow.frequency is not None and terms.frequencies and said_by != terms.agreement:
        name = flow.dimensions[flow.frequency].id
        found.append(RowRule(name, terms.frequencies, FREQUENCY_FINDING, _short(said_by)))
    source = _short(terms.source("DETAIL"))
    found += [
        RowRule(name, codes, DETAIL_FINDING, source)
        for name, codes in terms.detail.items()
        if name in flow.position
    ]
    return tuple(found)


def _short(urn: str | None) -> str:
    return (urn or "").rpartition("=")[2]

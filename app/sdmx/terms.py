"""The terms of a provision agreement: what both sides agreed on, as values that rules can use.

They are reported in a metadata set of the structure VIPMG:MSD_AGREEMENT whose target is the
agreement (`app.sdmx.terms_sets`). A term that the set does not have is that of the agreement's own
annotation of the type AGREEMENT_TERM, if there is one. Nothing here knows the clock.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from app.errors import InvalidArtefactError, QuerySyntaxError
from app.sdmx.embargoes import Embargo, read_embargo
from app.sdmx.time_period import parse_time_period

NOBODY: Final = "NONE"
"""As the only value of READERS: nobody, whatever the annotation says."""

TEXTS: Final = frozenset({"LEGAL_BASIS", "PURPOSE", "CONTACT", "ONWARD_NOTE"})
"""Terms that say something to people; no rule reads them."""

_RETENTION: Final = re.compile(r"P([1-9][0-9]{0,2})(Y|M)")
_DETAIL: Final = re.compile(r"([A-Za-z][A-Za-z0-9_@$-]*) *= *([^=;]+)")
_CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "APPROVAL": ("NONE", "REQUIRED"),
    "PARTIAL": ("NONE", "ALLOWED"),
}


@dataclass(frozen=True, slots=True)
class Term:
    """One term.

    Attributes:
        values: what was reported, text or text by language; at least one.
        source: URN of the metadata set that says so, or of the agreement with its annotation.
    """

    id: str
    values: tuple[str | Mapping[str, str], ...]
    source: str

    @property
    def text(self) -> str:
        """Its values in one text, separated by blanks; of text by language the English one."""
        return " ".join(
            value if isinstance(value, str) else value.get("en", next(iter(value.values()), ""))
            for value in self.values
        )


@dataclass(frozen=True)
class Terms:
    """The terms of one agreement.

    Reading one that is not what it should be raises InvalidArtefactError with its id.
    """

    agreement: str
    provider: str
    listed: Mapping[str, Term] = field(default_factory=dict)

    @cached_property
    def terms(self) -> dict[str, str]:
        """The text of each term by its id."""
        return {name: term.text for name, term in self.listed.items()}

    def get(self, name: str, default: str = "") -> str:
        """The text of a term."""
        return self.terms.get(name, default)

    def source(self, name: str) -> str | None:
        """Where a term comes from: URN of a metadata set, or of the agreement."""
        term = self.listed.get(name)
        return None if term is None else term.source

    @property
    def precedence(self) -> int:
        """Which agreement is shown when several hold the same key: the highest; 0 if not said."""
        text = self.get("PRECEDENCE", "0")
        try:
            return int(text)
        except ValueError:
            raise self._wrong(
                "PRECEDENCE", "is not a whole number", "no es un número entero"
            ) from None

    @property
    def readers(self) -> tuple[str, ...]:
        """The organisations that may read what is withheld, beside the provider."""
        listed = tuple(dict.fromkeys(self._words("READERS")))
        return () if listed == (NOBODY,) else listed

    @property
    def fixed_attributes(self) -> dict[str, str]:
        """Attributes whose value the agreement sets for all its data."""
        prefix = "ATTRIBUTE:"
        terms = self.terms.items()
        return {name.removeprefix(prefix): v for name, v in terms if name.startswith(prefix)}

    @property
    def frequencies(self) -> frozenset[str]:
        """Codes of the frequencies that may be reported; none: any."""
        return frozenset(self._words("FREQUENCY"))

    @property
    def detail(self) -> dict[str, frozenset[str]]:
        """By dimension, the codes that may be reported; a dimension that is not there is free."""
        found: dict[str, frozenset[str]] = {}
        term = self.listed.get("DETAIL")
        parts = [p for value in term.values for p in str(value).split(";")] if term else []
        for part in filter(None, map(str.strip, parts)):
            match = _DETAIL.fullmatch(part)
            codes = frozenset(match[2].replace(",", " ").split()) if match else frozenset()
            if match is None or not codes:
                shape = "AGE=_T Y_LT18"
                raise self._wrong("DETAIL", f"is not as in {shape}", f"no es como {shape}")
            found[match[1]] = found.get(match[1], frozenset()) | codes
        return found

    @property
    def needs_approval(self) -> bool:
        """Whether a second person of the provider has to approve what is published."""
        return self._choice("APPROVAL") == "REQUIRED"

    @property
    def allows_partial(self) -> bool:
        """Whether the right rows of a file with wrong ones are published."""
        return self._choice("PARTIAL") == "ALLOWED"

    @property
    def minimum_cell(self) -> int:
        """Counts from 1 up to below it are suppressed for the public; 0: none."""
        text = self.get("MINIMUM_CELL", "0")
        if not re.fullmatch(r"[0-9]{1,6}", text):
            raise self._wrong("MINIMUM_CELL", "is no whole number", "no es un número entero")
        return int(text)

    @property
    def embargo(self) -> Embargo | None:
        """Until when new figures wait."""
        text = self.get("EMBARGO")
        if text in ("", NOBODY):
            return None
        found = read_embargo(text)
        if found is None:
            raise self._wrong(
                "EMBARGO",
                "is neither a duration after the end of the period (P30D) nor a date (2026-03-01)",
                "no es ni una duración tras el fin del período (P30D) ni una fecha (2026-03-01)",
            )
        return found

    @property
    def retention_months(self) -> int | None:
        """For how many months figures are kept; None: without end."""
        text = self.get("RETENTION")
        if text in ("", NOBODY):
            return None
        match = _RETENTION.fullmatch(text)
        if match is None:
            raise self._wrong(
                "RETENTION", "is no duration in years or months (P10Y)", "no es una duración (P10Y)"
            )
        return int(match[1]) * (12 if match[2] == "Y" else 1)

    @property
    def review(self) -> dt.date | None:
        """The day on which both sides look at the agreement again."""
        return self._day("REVIEW_DATE")

    @property
    def expiry(self) -> dt.date | None:
        """The last day of the agreement."""
        return self._day("EXPIRY_DATE")

    def has_expired(self, day: dt.date) -> bool:
        """Whether the agreement has ended before a day."""
        return has_expired(self.expiry, day)

    def check(self) -> None:
        """Read every term.

        Raises:
            InvalidArtefactError: one is not what it should be.
        """
        _ = (self.precedence, self.needs_approval, self.allows_partial, self.minimum_cell)
        _ = (self.detail, self.embargo, self.retention_months, self.review, self.expiry)

    def _words(self, name: str) -> list[str]:
        return self.get(name).replace(",", " ").split()

    def _choice(self, name: str) -> str:
        text, choices = self.get(name, "NONE"), _CHOICES[name]
        if text not in choices:
            listed = " / ".join(choices)
            raise self._wrong(name, f"is not one of {listed}", f"no es uno de {listed}")
        return text

    def _day(self, name: str) -> dt.date | None:
        text = self.get(name)
        if not text:
            return None
        try:
            return parse_time_period(text).end_date
        except QuerySyntaxError:
            raise self._wrong(
                name, "is no day such as 2026-12-31", "no es un día como 2026-12-31"
            ) from None

    def _wrong(self, name: str, en: str, es: str) -> InvalidArtefactError:
        value, place = self.get(name)[:80], self.source(name) or self.agreement
        short = place.rpartition("=")[2]
        return InvalidArtefactError(
            f"{short}: {name} {value!r} {en}.",
            f"{short}: {name} {value!r} {es}.",
            urn=place,
            term=name,
        )


def has_expired(expiry: dt.date | None, day: dt.date) -> bool:
    """Whether an agreement whose last day is known has ended before a day."""
    return expiry is not None and day > expiry


def merged_terms(
    agreement: str,
    provider: str,
    annotated: Mapping[str, str],
    reported: Mapping[str, tuple[Any, ...]],
    source: str,
) -> Terms:
    """The terms of an agreement: those of its annotations, and over them those of its set.

    Args:
        agreement: URN of the agreement.
        provider: id of its data provider.
        annotated: the value of each annotation.
        reported: the values of each attribute of the metadata set, in their order.
        source: URN of the metadata set.
    """
    listed = {name: Term(name, (value,), agreement) for name, value in annotated.items()}
    listed |= {name: Term(name, values, source) for name, values in reported.items() if values}
    return Terms(agreement, provider, listed)

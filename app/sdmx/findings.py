"""Findings of a validation: what is wrong, where, and what would be right.

Every code is stable and has its texts in each language in `texts/findings.toml`; docs/errors.md
lists them.
Codes `VIPMG-2nn` refuse a submission; codes `VIPMG-3nn` are warnings.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

import msgspec

from app.errors import MessageError
from app.sdmx.finding_names import NO_NAMES, FindingNames, named
from app.sdmx.finding_texts import (
    CAUSES,
    EMPTY,
    MENDS,
    NEAREST,
    TEXTS,
    UNREADABLE,
    UNREADABLE_MENDS,
    spoken_days,
    spoken_range,
    spoken_type,
)

OF_TYPE: Final = "VIPMG-212"
"""The code of a value that is not of the type of its component, which `allowed` names."""

OF_HISTORY: Final = "VIPMG-311"
"""The code of a value far from its history, of which `allowed` is `7548 - 188690`."""

OF_A_MAP: Final = "VIPMG-260"
"""The code of a value that a map does not know, whose `allowed` begins with the map."""

OF_OTHER_DAYS: Final = frozenset({"VIPMG-264", "VIPMG-265"})
"""Codes of what holds for other days, which `allowed` names."""


class Finding(msgspec.Struct, frozen=True):
    """One finding.

    Attributes:
        code: stable code, a key of `TEXTS`.
        row: number of the row, the header being row 1 (the row of a spreadsheet).
        component: component id, or the name of the column.
        value: the value as it was sent.
        rule: id of the constraint, code list or representation that says so; of a file that
            cannot be read (VIPMG-201), the reason, a key of `UNREADABLE`; of a repeated key
            (VIPMG-231, VIPMG-261, VIPMG-333), the number of the row that has it first; of a
            national value (VIPMG-260, VIPMG-262, VIPMG-264, VIPMG-332), how many rows have it; of
            rows without a figure (VIPMG-334), how many they are.
        allowed: what would be right, in short; of VIPMG-334, the rows; of a national value without
            counterpart (VIPMG-260) the representation map, and what it takes:
            `VIPMG:RM(1.0.0): A; B; ...`.
        nearest: the valid code that is nearest to the value.
        severity: `error` or `warning`; empty: as the code says.
        place: address of the cell, JSON pointer or XPath, where the row does not say it all.
        file: the member of an archive.
    """

    code: str
    row: int | None = None
    component: str | None = None
    value: str | None = None
    rule: str | None = None
    allowed: str | None = None
    nearest: str | None = None
    severity: str = ""
    place: str | None = None
    file: str | None = None

    @property
    def is_error(self) -> bool:
        """Whether the finding refuses the submission."""
        if self.severity:
            return self.severity == "error"
        return self.code.startswith("VIPMG-2")


class UnreadableError(MessageError):
    """A message that cannot be read, for a reason of `UNREADABLE`.

    Attributes:
        finding: the same as a finding of the submission.
    """

    def __init__(
        self,
        reason: str,
        *,
        row: int | None = None,
        value: str | None = None,
        allowed: str | None = None,
        place: str | None = None,
    ) -> None:
        self.finding = Finding(
            "VIPMG-201", row, value=value, rule=reason, allowed=allowed, place=place
        )
        super().__init__(message(self.finding, "en"), message(self.finding, "es"))


def message(finding: Finding, language: str, names: FindingNames = NO_NAMES) -> str:
    """The text of a finding in a language of `finding_texts.LANGUAGES`; English for another.

    Components and rules that have names are called by them, with their ids beside.
    """
    texts = TEXTS[finding.code]
    if finding.code == "VIPMG-201":
        texts = UNREADABLE.get(finding.rule or "", texts)
    if finding.value == "":
        texts = EMPTY.get(finding.code) or texts
    template = texts.get(language, texts["en"])
    facts = msgspec.structs.asdict(finding) | {"allowed": allowed(finding, language)}
    if finding.code == OF_HISTORY and finding.allowed is not None:
        facts["allowed"] = spoken_range(finding.allowed, language)
    if finding.component:
        facts["component"] = named(finding.component, names.component(finding.component, language))
    if finding.code == OF_A_MAP:
        maps = (finding.allowed or "").partition(": ")[0]
        shown = (named(one, names.rule(one, language)) for one in maps.split(", "))
        template = template if maps else template.replace(" {map}", "")
        facts["map"] = ", ".join(shown)
    if finding.rule:
        facts["rule"] = named(finding.rule, names.rule(finding.rule, language))
    for name in ("value", "allowed"):
        if facts[name] is None:  # nothing to say in brackets
            template = template.replace(f" ({{{name}}})", "")
    text = template.format(**{name: "" if v is None else v for name, v in facts.items()})
    if finding.nearest:
        near = names.word(finding.component, finding.nearest, language)
        text += NEAREST.get(language, NEAREST["en"]).format(near)
    return text


def allowed(finding: Finding, language: str) -> str | None:
    """What would be right, as people say it: types and days in words, all else as it stands."""
    if finding.allowed is None:
        return None
    if finding.code in OF_OTHER_DAYS:
        return spoken_days(finding.allowed, language)
    return spoken_type(finding.allowed, language) if finding.code == OF_TYPE else finding.allowed


def cause(finding: Finding, language: str) -> str:
    """What is wrong, without the facts of one row: the same for all findings of a code."""
    if finding.code == "VIPMG-201" and finding.rule in UNREADABLE:
        return message(finding, language)
    texts = CAUSES[finding.code]
    return texts.get(language, texts["en"])


def mend(finding: Finding, language: str) -> str:
    """How to put right what a finding says."""
    texts = MENDS[finding.code]
    if finding.code == "VIPMG-201":
        texts = UNREADABLE_MENDS.get(finding.rule or "", texts)
    return texts.get(language, texts["en"])


@lru_cache(maxsize=4096)
def _nearest(value: str, codes: frozenset[str], cutoff: float) -> str | None:
    folded = {code.casefold(): code for code in sorted(codes)}
    wanted = value.casefold()
    if wanted in folded:
        return folded[wanted]
    close = difflib.get_close_matches(wanted, folded, n=8, cutoff=cutoff)
    # Letters that changed places are the commonest slip: VNE is rather VEN than VNM.
    close.sort(key=lambda code: sorted(code) != sorted(wanted))
    return folded[close[0]] if close else None


def nearest(value: str, codes: Iterable[str], cutoff: float = 0.5) -> str | None:
    """The code that is nearest to a value, or nothing when none is near: 1 is the same."""
    return _nearest(value[:64], frozenset(codes), cutoff)

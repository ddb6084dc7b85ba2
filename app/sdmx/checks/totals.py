"""Totals against their parts: the series of one key in which only one dimension varies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cached_property

from app.sdmx import series
from app.sdmx.checks.cells import to_numbers
from app.sdmx.checks.evaluation import fold
from app.sdmx.checks.expressions import Literal
from app.sdmx.checks.rulesets import Severity, TotalRule
from app.sdmx.checks.terms import Scope
from app.sdmx.findings import Finding
from app.sdmx.flow import Flow
from app.sdmx.series import TIME, Document

_HALF = Decimal("0.5")
_EXACT = 2.0**53


@dataclass(frozen=True, slots=True)
class BoundTotal:
    """A rule as it holds for an agreement."""

    id: str
    rule: TotalRule
    severity: Severity


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A total that its parts do not give.

    Attributes:
        total: the value of the total, as it was sent.
        parts: the parts and what they give, in short.
        codes: the codes that were put together, the total first.
    """

    bound: BoundTotal
    time: str
    total: str
    parts: str
    codes: tuple[str, ...]


@dataclass(frozen=True)
class TotalChecks:
    """The rules of one hierarchical ruleset.

    Attributes:
        position: position in the key of the dimension that varies.
    """

    flow: Flow
    position: int
    rules: tuple[BoundTotal, ...]
    scope: Scope

    @cached_property
    def dimension(self) -> str:
        """The dimension that varies."""
        return self.flow.dimensions[self.position].id

    @cached_property
    def totals(self) -> tuple[str, ...]:
        """Codes of totals."""
        return tuple(dict.fromkeys(bound.rule.total for bound in self.rules))

    @cached_property
    def codes(self) -> tuple[str, ...]:
        """All codes that the rules name."""
        parts = (code for bound in self.rules for code, _ in bound.rule.parts)
        return tuple(dict.fromkeys((*self.totals, *parts)))

    def mismatches(self, key: Sequence[str], members: Mapping[str, Document]) -> Iterator[Mismatch]:
        """The totals of one family of series that their parts do not give.

        Args:
            key: the key of any of the series.
            members: the series by code of the dimension.
        """
        if len(members) < 2:
            return
        for bound in self.rules:
            rule = bound.rule
            present = [(code, sign) for code, sign in rule.parts if code in members]
            codes = {code for code, _ in present}
            if (
                rule.total in members
                and self._is_complete(rule, codes)
                and self._applies(rule, key)
            ):
                yield from self._compare(bound, members, present)

    def _applies(self, rule: TotalRule, key: Sequence[str]) -> bool:
        if rule.when is None:
            return True
        known = {d.id: key[place] for place, d in enumerate(self.flow.dimensions)}
        folded = fold(rule.when, known)
        return isinstance(folded, Literal) and folded.value is True

    def _compare(
        self,
        bound: BoundTotal,
        members: Mapping[str, Document],
        present: Sequence[tuple[str, int]],
    ) -> Iterator[Mismatch]:
        total = members[bound.rule.total]
        for measure in self.flow.measures[:1]:
            if not _agree(total, members, present, measure.id, bound.rule.relation):
                yield from self._detail(bound, members, present, measure.id)

    def _detail(
        self,
        bound: BoundTotal,
        members: Mapping[str, Document],
        present: Sequence[tuple[str, int]],
        measure: str,
    ) -> Iterator[Mismatch]:
        """Period by period, in exact numbers; what is missing is nothing only where it may be."""
        rule = bound.rule
        columns = {
            code: dict(zip(members[code][TIME], series.column(members[code], measure), strict=True))
            for code in (rule.total, *(code for code, _ in present))
        }
        for time, text in columns[rule.total].items():
            said = _decimal(text)
            here = [(code, sign) for code, sign in present if time in columns[code]]
            values = {code: _decimal(columns[code][time]) for code, _ in here}
            if said is None or None in values.values():
                continue  # a part that is there without its value may be anything
            if not self._is_complete(rule, values.keys()):
                continue
            found = [value for value in values.values() if value is not None]
            result = sum((values[code] or Decimal(0)) * sign for code, sign in here)
            if not _holds(rule.relation, said, Decimal(result), self._tolerance([said, *found])):
                shown = " ".join(
                    f"{'-' if sign < 0 else '+'} {code} {values[code]}" for code, sign in here
                ).removeprefix("+ ")
                codes = (rule.total, *(code for code, _ in here))
                yield Mismatch(bound, time, str(text), f"{shown} = {result}", codes)

    def _is_complete(self, rule: TotalRule, codes: Set[str]) -> bool:
        """Whether enough parts are there to say anything."""
        if rule.relation == ">=":
            return bool(codes)
        wanted = {code for code, _ in rule.parts} - self.scope.optional
        return wanted <= codes and len(codes) >= self.scope.at_least

    def _tolerance(self, values: Sequence[Decimal]) -> Decimal:
        """What rounding may do to numbers with decimals, and what the ruleset allows beside."""
        exponent = min(int(value.as_tuple().exponent) for value in values)
        if exponent >= 0:
            return self.scope.tolerance
        return self.scope.tolerance + _HALF * len(values) * Decimal(1).scaleb(exponent)


def _agree(
    total: Document,
    members: Mapping[str, Document],
    present: Sequence[tuple[str, int]],
    measure: str,
    relation: str,
) -> bool:
    """Whether whole numbers of the same periods agree: what mostly decides it."""
    times = total[TIME]
    if relation != "=" or any(sign < 0 or members[c][TIME] != times for c, sign in present):
        return False
    said = to_numbers(series.column(total, measure))
    parts = [to_numbers(series.column(members[code], measure)) for code, _ in present]
    try:
        sums = list(map(sum, zip(*parts, strict=True)))
    except TypeError:
        return False
    return sums == said and all(abs(number) < _EXACT for number in sums)


def _decimal(text: object) -> Decimal | None:
    try:
        number = Decimal(str(text))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _holds(relation: str, total: Decimal, parts: Decimal, tolerance: Decimal) -> bool:
    match relation:
        case "=":
            return abs(total - parts) <= tolerance
        case ">=":
            return total >= parts - tolerance
        case _:
            return total <= parts + tolerance


def total_finding(
    checks: TotalChecks, mismatch: Mismatch, rows: Mapping[tuple[str, str], int]
) -> Finding | None:
    """The finding on a total, if the message spoke of it or of a part of it.

    Args:
        checks: the rules.
        mismatch: what does not fit.
        rows: row number by code and time period of what the message spoke of.
    """
    sent = [rows[place] for code in mismatch.codes if (place := (code, mismatch.time)) in rows]
    if not sent:
        return None
    row = rows.get((mismatch.codes[0], mismatch.time), min(sent))
    bound = mismatch.bound
    return Finding(
        bound.rule.code,
        row,
        checks.dimension,
        mismatch.total,
        rule=bound.id,
        allowed=mismatch.parts,
        severity=bound.severity,
    )

"""What the terms of an agreement withhold from the public, in the words of its data structure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.checks.binding import checks_of
from app.sdmx.checks.evaluation import fold
from app.sdmx.checks.expressions import Expression, Literal, names_in
from app.sdmx.checks.totals import TotalChecks
from app.sdmx.flow import Flow, resolve_flow
from app.sdmx.rooms import CONFIDENTIALITY, COUNTED, OPEN, UNIT, RoomRule
from app.sdmx.secondary import Sum
from app.sdmx.terms import Terms

_HIDDEN: Final = ("A", "C", "N")
"""Codes of CONF_STATUS for a suppressed cell, the best first: small counts; confidential."""

_BESIDE: Final = ("S", *_HIDDEN)
"""The same for one that is suppressed for another's sake: managed by the receiver."""

_SUPPRESSED: Final = "Q"
"""Code of OBS_STATUS: missing value, suppressed."""


def room_rule(terms: Terms, artefacts: ArtefactSet, dataflow: str) -> RoomRule:
    """The rule of an agreement's terms.

    Raises:
        InvalidArtefactError: a term, or the dataflow, is not what it should be.
    """
    embargo, minimum = terms.embargo, terms.minimum_cell
    if not minimum:
        return OPEN if embargo is None else RoomRule(embargo_text=embargo.text)
    flow = resolve_flow(artefacts, dataflow)
    totals = checks_of(artefacts, terms.agreement, flow).totals
    sums = tuple(one for checks in totals for one in _sums(checks))
    vary = {one.position for one in sums}
    return RoomRule(
        minimum,
        "" if embargo is None else embargo.text,
        _counted(flow),
        _marker(flow, _HIDDEN),
        flow.position.get(UNIT),
        terms.fixed_attributes.get(UNIT),
        sums,
        tuple(place for place in range(len(flow.dimensions)) if place not in vary) if sums else (),
        _marker(flow, _BESIDE),
    ).multiplied(terms.fixed_attributes)


def _counted(flow: Flow) -> tuple[str, ...]:
    """The components whose values are counts."""
    measures = tuple(measure.id for measure in flow.measures if measure.codes is None)
    return (*measures, *(name for name in COUNTED if name in flow.components))


def _sums(checks: TotalChecks) -> Iterator[Sum]:
    """What a ruleset of totals declares to add up."""
    for rule in (bound.rule for bound in checks.rules):
        if rule.relation == "=":
            parts = tuple(code for code, sign in rule.parts if sign > 0)
            left = (rule.total, *(code for code, sign in rule.parts if sign < 0))
            wanted = {*left, *parts} - checks.scope.optional | {rule.total}
            required = tuple(code for code in (*left, *parts) if code in wanted)
            where, among = _condition(rule.when, checks.flow)
            position, at_least = checks.position, checks.scope.at_least
            yield Sum(position, left, parts, required, at_least, where, among)


def _condition(when: Expression | None, flow: Flow) -> tuple[int | None, tuple[str, ...]]:
    """The codes of one dimension on which a sum depends.

    One that depends on more is taken to hold everywhere, which suppresses too much rather than
    too little. The unit decides for itself whether figures are counts.
    """
    names = set() if when is None else {name.id for name in names_in(when)}
    if when is None or len(names) != 1 or names == {UNIT}:
        return None, ()
    [name] = names
    if name not in flow.position:
        return None, ()
    place = flow.position[name]
    codes = (code for code in sorted(flow.dimensions[place].code_set))
    folded = ((code, fold(when, {name: code})) for code in codes)
    return place, tuple(c for c, f in folded if isinstance(f, Literal) and f.value is True)


def _marker(flow: Flow, codes: Sequence[str]) -> dict[str, str]:
    status = flow.components.get(CONFIDENTIALITY)
    if status is None or status.level != "observation":
        return {}
    code = next((code for code in codes if code in status.code_set), None)
    if code is None:
        return {}
    marker: dict[str, str] = {CONFIDENTIALITY: code}
    observed = flow.components.get("OBS_STATUS")
    if observed is not None and _SUPPRESSED in observed.code_set:
        marker["OBS_STATUS"] = _SUPPRESSED
    return marker

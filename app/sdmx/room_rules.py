"""What the terms of an agreement withhold from the public, in the words of its data structure."""

from __future__ import annotations

from typing import Final

from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.flow import Flow, resolve_flow
from app.sdmx.rooms import CONFIDENTIALITY, OPEN, UNIT, RoomRule
from app.sdmx.terms import Terms

_HIDDEN: Final = ("A", "C", "N")
"""Codes of CONF_STATUS for a suppressed cell, the best first: small counts; confidential."""

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
    return RoomRule(
        minimum,
        "" if embargo is None else embargo.text,
        tuple(measure.id for measure in flow.measures if measure.codes is None),
        _marker(flow),
        flow.position.get(UNIT),
        terms.fixed_attributes.get(UNIT),
    )


def _marker(flow: Flow) -> dict[str, str]:
    status = flow.components.get(CONFIDENTIALITY)
    if status is None or status.level != "observation":
        return {}
    code = next((code for code in _HIDDEN if code in status.code_set), None)
    if code is None:
        return {}
    marker: dict[str, str] = {CONFIDENTIALITY: code}
    observed = flow.components.get("OBS_STATUS")
    if observed is not None and _SUPPRESSED in observed.code_set:
        marker["OBS_STATUS"] = _SUPPRESSED
    return marker

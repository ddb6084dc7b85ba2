"""A scorecard in words."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

from app.models.owed import ScorecardReply, ScoreReply
from app.sdmx.calendar.scores import SCORES
from app.sdmx.calendar.taxonomy import country_of
from app.sdmx.calendar.texts import text_of
from app.services.calendar_names import CalendarNames
from app.store.scorecards import Scorecard

SCORECARDS_PATH: Final = "/api/scorecards"


def score_reply(
    card: Scorecard, names: CalendarNames, base_url: str, language: str
) -> ScorecardReply:
    """A scorecard, each score with how it was computed, from how many, or why it was not."""
    flows = {urn.rpartition("=")[2]: urn for urn in names.dataflows}
    flow = flows.get(card.dataflow, card.dataflow)
    address = f"{base_url}{SCORECARDS_PATH}/{quote(card.provider)}"
    return ScorecardReply(
        provider=card.provider,
        country=country_of(card.provider),
        dataflow=card.dataflow,
        dataflow_name=names.dataflow(flow, language),
        day=card.day,
        scores={
            name: _score(name, card.scores[name], language)
            for name in SCORES
            if name in card.scores
        },
        history=f"{address}/{quote(card.dataflow, safe=':()')}/history",
    )


def _score(name: str, kept: dict[str, Any], language: str) -> ScoreReply:
    facts = kept.get("facts", {})
    reason = kept.get("reason")
    return ScoreReply(
        value=kept["value"],
        unit=text_of(language, "score", name, "unit"),
        count=kept["count"],
        how=_how(name, kept, language),
        reason=None
        if reason is None
        else text_of(language, "reason", reason, since=facts.get("since")),
        facts=facts if reason is None else {**facts, "reason": reason},
    )


def _how(name: str, kept: dict[str, Any], language: str) -> str:
    if kept["value"] is None:
        return text_of(language, "score", "unknown")
    facts = {**kept.get("facts", {}), "count": kept["count"]}
    if "basis" in facts:
        facts["basis"] = text_of(language, "basis", facts["basis"])
    if "pairs" in facts:
        facts["pairs"] = ", ".join(facts["pairs"])
    return text_of(language, "score", name, "how", **facts)

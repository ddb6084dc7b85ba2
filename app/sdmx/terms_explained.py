"""Why a caller can or cannot send or see something under an agreement: rule by rule, purely.

The rules are those that act (`app.sdmx.rooms`, `app.sdmx.terms_rows`, `app.sdmx.value_checks`);
here they are asked one by one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from app.errors import QuerySyntaxError
from app.sdmx.findings import Finding, message
from app.sdmx.flow import Flow
from app.sdmx.intake import Target
from app.sdmx.messages.data_reading import Batch, Column, Form
from app.sdmx.rooms import CONFIDENTIALITY, EMBARGO, RoomRule, is_confidential
from app.sdmx.series import TIME
from app.sdmx.sheet import Sheet
from app.sdmx.terms import Terms
from app.sdmx.terms_notices import kept_from
from app.sdmx.terms_rows import DETAIL_FINDING, FREQUENCY_FINDING
from app.sdmx.terms_texts import texts_of
from app.sdmx.time_period import parse_time_period
from app.sdmx.value_checks import Rules, ValueChecks

Action: TypeAlias = Literal["send", "see"]
Outcome: TypeAlias = Literal["allows", "forbids", "delays", "notes"]
Verdict: TypeAlias = Literal["yes", "no", "waits"]
Seen: TypeAlias = Literal["nothing", "marker", "value"]


@dataclass(frozen=True, slots=True)
class Question:
    """Who wants to do what.

    Attributes:
        who: the organisation as it is told.
        sends: whether it may send under the agreement at all.
        receives: whether the terms name it as a recipient of what is withheld.
        key: the codes of the dimensions, None where open.
        period: the time period, if one is asked for.
        observation: what is known of the figure: its value, and attributes as they were sent.
        attributes: attributes of its series.
        public: what the public sees of the figure as it is stored; None: it is not asked of a
            stored one.
        is_newer: whether what waits differs from what the public sees.
        is_beside: whether it is suppressed for another figure's sake.
        is_by_terms: whether its marker is of the terms, and not what the provider said.
    """

    action: Action
    who: str
    sends: bool
    receives: bool
    now: dt.datetime
    key: tuple[str | None, ...] = ()
    period: str | None = None
    observation: Mapping[str, Any] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)
    public: Seen | None = None
    is_newer: bool = False
    is_beside: bool = False
    is_by_terms: bool = False


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """What one rule says.

    Attributes:
        rule: id of the term; PARTY, CONF_STATUS, EMBARGO_TIME, SECONDARY, CHECK are no terms.
        source: URN of the metadata set or agreement with the term; else what says so.
        until: from when on it would say otherwise.
    """

    rule: str
    outcome: Outcome
    value: str | None
    source: str | None
    texts: Mapping[str, str]
    until: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """All rules, and what comes of them."""

    verdict: Verdict
    texts: Mapping[str, str]
    rules: Sequence[RuleOutcome]
    until: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class _Teller:
    """Makes outcomes of the rules of one question."""

    terms: Terms
    question: Question

    def __call__(
        self,
        rule: str,
        outcome: Outcome,
        *,
        text: str = "",
        value: str | None = None,
        source: str | None = None,
        until: dt.datetime | None = None,
        **facts: object,
    ) -> RuleOutcome:
        value = self.terms.get(rule) or None if value is None else value
        named = self.terms.source(rule) if source is None else source
        told = texts_of(
            self.question.action,
            rule,
            text or outcome,
            who=self.question.who,
            value=value,
            until=until,
            **facts,
        )
        return RuleOutcome(rule, outcome, value, named, told, until)


def explain(terms: Terms, target: Target, rule: RoomRule, question: Question) -> Explanation:
    """Say why somebody can or cannot send or see something.

    Args:
        terms: of the agreement.
        target: the agreement as rows go to it.
        rule: what the agreement withholds.
        question: who wants to do what.
    """
    tell = _Teller(terms, question)
    if question.action == "send":
        return _concluded(question, list(_send(tell, target, rule)))
    rules = list(_see(tell, target.flow, rule))
    if sees_withheld(terms, question):
        return _told(question, "yes", rules, None)
    return _concluded(question, rules)


def sees_withheld(terms: Terms, question: Question) -> bool:
    """Whether somebody sees what is withheld: the provider, and recipients up to the last day."""
    in_force = not terms.has_expired(question.now.date())
    return question.sends or (question.receives and in_force)


def _concluded(question: Question, rules: list[RuleOutcome]) -> Explanation:
    outcomes = {one.outcome for one in rules}
    if "forbids" in outcomes:
        return _told(question, "no", rules, None)
    if "delays" in outcomes:
        times = [one.until for one in rules if one.outcome == "delays" and one.until]
        return _told(question, "waits", rules, max(times, default=None))
    return _told(question, "yes", rules, None)


def _told(
    question: Question, verdict: Verdict, rules: list[RuleOutcome], until: dt.datetime | None
) -> Explanation:
    texts = texts_of("verdict", question.action, verdict, who=question.who, until=until)
    return Explanation(verdict, texts, rules, until)


def _send(tell: _Teller, target: Target, rule: RoomRule) -> Iterator[RuleOutcome]:
    terms, question = tell.terms, tell.question
    outcome: Outcome = "allows" if question.sends else "forbids"
    yield tell("PARTY", outcome, value=terms.provider, source=terms.agreement)
    if terms.expiry is not None:
        ended = terms.has_expired(question.now.date())
        yield tell("EXPIRY_DATE", "delays" if ended else "allows", value=str(terms.expiry))
    yield from _rows(tell, target)
    if terms.needs_approval:
        yield tell("APPROVAL", "delays")
    if terms.allows_partial:
        yield tell("PARTIAL", "notes")
    if rule.embargo is not None:
        until = rule.embargo.until(question.period) if question.period else None
        waits = until is not None and until > question.now
        yield tell("EMBARGO", "notes", text="delays_public" if waits else "", until=until)
    if rule.minimum_cell:
        yield tell("MINIMUM_CELL", "notes")


def _rows(tell: _Teller, target: Target) -> Iterator[RuleOutcome]:
    """What the checks of a row say of the key, the period and the value; then what they allow."""
    question, flow = tell.question, target.flow
    findings = list(_findings(question, target))
    by_code = {FREQUENCY_FINDING: "FREQUENCY", DETAIL_FINDING: "DETAIL"}
    for finding in findings:
        name = by_code.get(finding.code)
        if name is not None:
            asked = f"{finding.component}={finding.value}"
            yield tell(name, "forbids", asked=asked)
        else:
            texts = {language: message(finding, language) for language in ("en", "es")}
            yield RuleOutcome("CHECK", "forbids", finding.code, finding.rule, texts)
    wrong = {finding.component for finding in findings}
    for agreed in target.agreed:
        if agreed.component in wrong:
            continue
        code = question.key[flow.position[agreed.component]] if question.key else None
        outcome: Outcome = "notes" if code is None else "allows"
        yield tell(by_code[agreed.code], outcome, asked=f"{agreed.component}={code}")


def _findings(question: Question, target: Target) -> Iterator[Finding]:
    """The findings that a row with what is known would have."""
    flow = target.flow
    cells = {
        d.id: [code]
        for d, code in zip(flow.dimensions, question.key, strict=False)
        if code is not None
    }
    if question.period is not None and flow.time is not None:
        cells[TIME] = [question.period]
    known = flow.components
    cells |= {name: [str(v)] for name, v in question.observation.items() if name in known}
    columns = {name: Column(place, name, name) for place, name in enumerate(cells)}
    batch = Batch("dataflow", flow.short_urn, "Merge", [1], dict(cells), Form(columns))
    sheet = Sheet(batch)
    for name, values in batch.cells.items():
        sheet.put(name, values, set(values))
    found: list[Finding] = []
    ValueChecks(found.append).check(sheet, target, Rules(flow))
    return (finding for finding in found if finding.is_error)


def _see(tell: _Teller, flow: Flow, rule: RoomRule) -> Iterator[RuleOutcome]:
    terms, question = tell.terms, tell.question
    outcome: Outcome = "allows" if question.sends else "notes"
    yield tell("PARTY", outcome, value=terms.provider, source=terms.agreement)
    readers = ", ".join(terms.readers) or "-"
    if not question.sends and question.receives and terms.has_expired(question.now.date()):
        yield tell("EXPIRY_DATE", "notes", value=str(terms.expiry))
    elif not question.sends:
        yield tell("READERS", "allows" if question.receives else "notes", value=readers)
    yield from _sent(tell)
    yield from _withheld(tell, rule)
    kept = kept_from(terms, question.now.date())
    if kept is not None and question.period is not None and _ended(question.period, kept):
        yield tell("RETENTION", "notes", day=kept)
    if terms.get("ONWARD_SHARING"):
        yield tell("ONWARD_SHARING", "notes")


def _sent(tell: _Teller) -> Iterator[RuleOutcome]:
    """What the figure says of itself."""
    question, now = tell.question, tell.question.now
    observation = question.observation
    source = tell.terms.agreement
    if EMBARGO in observation:
        until = dt.datetime.fromisoformat(str(observation[EMBARGO]))
        if until > now:
            yield _delayed(tell, "EMBARGO_TIME", until, value=str(until), source=source)
    if is_confidential(observation) and not (question.is_beside or question.is_by_terms):
        value = str(observation[CONFIDENTIALITY])
        yield tell("CONF_STATUS", "forbids", value=value, source=source)


def _delayed(tell: _Teller, rule: str, until: dt.datetime, **said: str) -> RuleOutcome:
    """An embargo that holds: nobody takes back what is public, a newer figure waits."""
    if tell.question.public == "value":
        text = "newer" if tell.question.is_newer else "public"
        outcome: Outcome = "notes" if tell.question.is_newer else "allows"
        shown = until if tell.question.is_newer else None
        return tell(rule, outcome, text=text, until=shown, **said)
    return tell(rule, "delays", until=until, **said)


def _withheld(tell: _Teller, rule: RoomRule) -> Iterator[RuleOutcome]:
    """What the terms withhold."""
    question = tell.question
    if rule.embargo is not None:
        until = None if question.period is None else rule.embargo.until(question.period)
        if until is None and rule.embargo.instant is None and question.period is None:
            yield tell("EMBARGO", "notes")
        elif until is not None and until > question.now:
            yield _delayed(tell, "EMBARGO", until)
        else:
            yield tell("EMBARGO", "allows")
    if not rule.minimum_cell:
        return
    whole = len(question.key) > 0 and (rule.unit is None or question.key[rule.unit] is not None)
    if whole and not rule.counts(question.key, question.attributes):
        return
    known = any(name in question.observation for name in rule.measures)
    small = rule.multiplied(question.attributes).is_small(question.observation)
    small = small or (question.is_by_terms and not question.is_beside)
    outcome: Outcome = "forbids" if small else "allows" if known else "notes"
    yield tell("MINIMUM_CELL", outcome)
    if question.is_beside:
        value, source = tell.terms.get("MINIMUM_CELL"), tell.terms.source("MINIMUM_CELL")
        yield tell("SECONDARY", "forbids", value=value, source=source)
    elif rule.sums and known and not small and question.public is None:
        yield tell("SECONDARY", "notes", value=tell.terms.get("MINIMUM_CELL"))


def _ended(period: str, before: dt.date) -> bool:
    try:
        return parse_time_period(period).end_date < before
    except QuerySyntaxError:
        return False

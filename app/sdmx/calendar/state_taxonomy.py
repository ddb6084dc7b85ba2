"""What is owed and how it stands, as an SDMX reporting taxonomy of the day.

A category for each country, in it one for each data provider, in it one for each state, in it one
for each dataflow. The standard gives a category no period: each period is an annotation of the
type OWED_PERIOD, whose id is the period, title the agreement, value the day on which it is due.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias

from app.sdmx.calendar.duties import STATES, Owed, State
from app.sdmx.calendar.taxonomy import country_of, named
from app.sdmx.calendar.texts import LANGUAGES, state_text, text_of
from app.sdmx.components import Names

STATE_TAXONOMY: Final = ("VIPMG", "RT_OWED_STATE", "1.0")
"""Its version has two numbers, for it changes from day to day; it is in no registry."""

PERIOD: Final = "OWED_PERIOD"

_Tree: TypeAlias = dict[str, dict[str, dict[State, dict[str, list[Owed]]]]]


def state_taxonomy(
    owed: Iterable[Owed],
    days: tuple[dt.date, dt.date, dt.date],
    providers: Mapping[str, Names],
    countries: Mapping[str, Names],
) -> dict[str, Any]:
    """The taxonomy as a document of SDMX-JSON.

    Args:
        owed: periods with their states.
        days: of which the states are; the first and the last on which something is due.
        providers: names of the data providers.
        countries: names of their countries.
    """
    agency, own_id, version = STATE_TAXONOMY
    return {
        "id": own_id,
        "agencyID": agency,
        "version": version,
        **named(_texts("calendar", "title")),
        "annotations": [
            {"id": name, "type": "CALENDAR", "value": day.isoformat()}
            for name, day in zip(("TODAY", "FIRST_DAY", "LAST_DAY"), days, strict=True)
        ],
        "reportingCategories": [
            _category(
                country,
                countries.get(country),
                [
                    _category(provider, providers.get(provider), _states(states))
                    for provider, states in sorted(of_country.items())
                ],
            )
            for country, of_country in sorted(_tree(owed).items())
        ],
    }


def _tree(owed: Iterable[Owed]) -> _Tree:
    tree: _Tree = defaultdict(lambda: defaultdict(lambda: defaultdict(lambda: defaultdict(list))))
    for one in owed:
        provider, dataflow = one.duty.provider, one.duty.dataflow
        name = dataflow.rpartition(":")[2].partition("(")[0]
        tree[country_of(provider)][provider][one.state][name].append(one)
    return tree


def _states(states: Mapping[State, Mapping[str, list[Owed]]]) -> list[dict[str, Any]]:
    return [
        _category(
            state.upper(),
            _texts("state_name", state),
            [_dataflow(name, listed) for name, listed in sorted(states[state].items())],
        )
        for state in STATES
        if state in states
    ]


def _dataflow(name: str, listed: Iterable[Owed]) -> dict[str, Any]:
    periods = list(listed)
    return {
        "id": name,
        **named({"en": name}),
        "annotations": [_period(one) for one in periods],
        "provisioningMetadata": sorted({one.duty.dataflow for one in periods}),
    }


def _period(one: Owed) -> dict[str, Any]:
    texts = {language: state_text(one, language) for language in LANGUAGES}
    return {
        "id": one.period.text,
        "type": PERIOD,
        "title": one.duty.agreement,
        "value": one.due.isoformat(),
        "text": texts["en"],
        "texts": texts,
    }


def _category(name: str, names: Names | None, inner: list[dict[str, Any]]) -> dict[str, Any]:
    return {"id": name, **named(names or {"en": name}), "reportingCategories": inner}


def _texts(*path: str) -> Names:
    return {language: text_of(language, *path) for language in LANGUAGES}

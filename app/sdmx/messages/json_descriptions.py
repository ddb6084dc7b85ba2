"""Components, codes and periods as an SDMX-JSON data message describes them.

Written once for a language and a version and kept as text, since every reply needs them.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

import orjson

from app.sdmx.flow import Component, Names
from app.sdmx.messages.data_message import iso
from app.sdmx.negotiation import LanguageChoice
from app.sdmx.time_period import parse_time_period
from app.sdmx.urn import RESOURCE_ID

KEPT_PERIODS = 20_000


class Descriptions:
    """The texts in one choice of languages and one version of the format."""

    def __init__(self, languages: LanguageChoice, version: str) -> None:
        self.languages = languages
        self.version = version
        self._components: WeakKeyDictionary[Component, str] = WeakKeyDictionary()
        self._codes: WeakKeyDictionary[Component, dict[str, str]] = WeakKeyDictionary()
        self._periods: dict[str, str] = {}

    def named(self, names: Names) -> dict[str, Any]:
        """The best `name`, and in `names` those that were asked for."""
        choice = self.languages
        name = choice.pick(names) or ""
        if choice.every:
            return {"name": name, "names": dict(names)}
        shown = {lang: names[lang] for lang in choice.order[: choice.asked] if lang in names}
        return {"name": name, "names": shown} if shown else {"name": name}

    def component(self, component: Component) -> str:
        """The members of a component, without its values and position, and without braces."""
        found = self._components.get(component)
        if found is None:
            found = orjson.dumps(self._describe(component)).decode()[1:-1]
            self._components[component] = found
        return found

    def code(self, component: Component, value: str) -> str:
        """The object of a code."""
        kept = self._codes.get(component)
        if kept is None:
            kept = self._codes[component] = {}
        found = kept.get(value)
        if found is None:
            found = kept[value] = orjson.dumps(self._describe_code(component, value)).decode()
        return found

    def period(self, time: str) -> str:
        """The object of a time period, with its bounds."""
        found = self._periods.get(time)
        if found is None:
            found = orjson.dumps(self._describe_period(time)).decode()
            if len(self._periods) < KEPT_PERIODS:
                self._periods[time] = found
        return found

    def _describe(self, component: Component) -> dict[str, Any]:
        described: dict[str, Any] = {"id": component.undotted_id, **self.named(component.names)}
        if component.level == "time":
            return described | {"roles": ["TIME_PERIOD"]}
        if component.roles:
            described["roles"] = list(component.roles)
        if component.codes is None:
            described["format"] = {"dataType": component.data_type}
        if component.level in {"dimension", "measure"}:
            return described
        described["relationship"] = dict(component.relationship)
        described["isMandatory"] = component.mandatory
        if self.version != "2.0.0" and component.is_multi_valued:
            described["maxOccurs"] = component.max_occurs or "unbounded"
        return described

    def _describe_code(self, component: Component, value: str) -> dict[str, Any]:
        code = (component.codes or {}).get(value)
        # An item of a value list may have any text for its id; then it stands as a value.
        key = "id" if RESOURCE_ID.fullmatch(value) else "value"
        if code is None:
            return {key: value, "name": value}
        described = {key: code.id, **self.named(code.names), "order": code.order}
        if code.parent is not None:
            described["parent"] = code.parent
        return described

    def _describe_period(self, time: str) -> dict[str, Any]:
        period = parse_time_period(time)
        bounds = {"start": iso(period.start), "end": iso(period.end)}
        if self.version == "1.0.0":
            return {"id": time, "name": time} | bounds
        if self.version == "2.0.0":
            # Up to 2.0 a period is an item with an id; a range has signs that an id may not have.
            named = {"id": time, "name": time} if "/" not in time else {"value": time}
            return named | bounds
        return {"value": time} | bounds


@lru_cache(maxsize=64)
def descriptions(languages: LanguageChoice, version: str) -> Descriptions:
    """The descriptions of a choice of languages and a version, the same object each time."""
    return Descriptions(languages, version)

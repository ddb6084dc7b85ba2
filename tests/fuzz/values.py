"""What stands in near-valid messages: mostly what is right, and sometimes what is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

CODES = {
    "FREQ": ["A", "Q", "M"],
    "REF_AREA": ["CRI", "SLV", "GTM"],
    "SEX": ["F", "M", "_T"],
    "PARTNER": ["anyone", "nobody"],
    "STATUS": ["A", "B", "E"],
    "OBS_STATUS": ["A", "B", "E"],
    "CONF_STATUS": ["F", "N", "C"],
    "SOURCES": ["CENSUS", "REGISTER"],
    "FLAG": ["true", "false", "1"],
}
PERIODS = {"A": ["2020", "2021", "2020-A1"], "Q": ["2020-Q1"], "M": ["2020-01", "2021-M12"]}
INTEGERS = ["0", "3", "-1", "006"]
NUMBERS = ["0", "1", "12.50", "-3", "007", "+1", ".5", "1.", "99.99"]
TEXTS = ["", "a", "Año; uno", "en:Value;es:Valor", '"quoted"', "a: b", "<b>&amp;</b>", " x "]
NASTY = [
    *("~", "NaN", "#N/A", "INF", "1e5", "1e999", "0x10", "1,5", "-", "--", "true", "null"),
    *("\x00", "\x1f", "\x7f", "\u202e", "e\u0301", "\ufeff", "\U0001f600", "\ufffe", "x" * 3000),
    *(
        "2020-13",
        "2020-W54",
        "0000",
        "99999",
        "2020-02-30/P1M",
        "2020-D010",
        "2020-01-01T00:00:00Z",
    ),
    *("=cmd()", "'; drop table series; --", "../../etc/passwd", "{value}", "%s", "\r\n", "\t"),
    *("cri", "CRI ", "CRI;SLV", "CRI: Costa Rica", "en:", ":", ";", '"', '""', '"a;b', "[]"),
]
FLOWS = {
    "DF_SMALL": (["FREQ", "REF_AREA"], True, ["OBS_VALUE"], ["STATUS", "S", "G", "D"]),
    "DF": (
        ["FREQ", "REF_AREA", "SEX"],
        True,
        ["OBS_VALUE", "SHARE"],
        ["OBS_STATUS", "COMMENT", "SOURCES", "UNIT_MULT", "METHOD", "TITLE", "EMBARGO_TIME"],
    ),
    "DF_PLAIN": (["FREQ", "REF_AREA"], False, ["OBS_VALUE"], ["STATUS", "TITLE"]),
    "DF_TYPES": (
        ["FREQ", "PARTNER"],
        True,
        ["OBS_VALUE", "NUMBER", "BIG", "FLOATING"],
        ["FLAG", "COMMENT"],
    ),
}
ACTIONS = ["Merge", "Replace", "Delete", "Append", "Information"]


@dataclass
class Part:
    """A dataset of a message: rows of cells, by component."""

    action: str
    rows: list[dict[str, str]] = field(default_factory=list)


@dataclass
class Content:
    """What a message says, before a format does anything to it."""

    flow: str
    dimensions: list[str]
    has_time: bool
    measures: list[str]
    attributes: list[str]
    parts: list[Part]

    @property
    def key(self) -> list[str]:
        """The dimensions, with time."""
        return [*self.dimensions, *(["TIME_PERIOD"] if self.has_time else [])]


class Chance:
    """Choices of one case.

    Args:
        random: where they come from.
        trouble: how often something is wrong, of a hundred choices.
    """

    def __init__(self, random: Random, trouble: int | None = None) -> None:
        self.random = random
        self.trouble = random.choice([0, 0, 1, 3, 10]) if trouble is None else trouble
        self._above: dict[str, str] = {}

    def is_wrong(self) -> bool:
        """Whether this goes wrong."""
        return self.random.randrange(100) < self.trouble

    def pick(self, listed: Sequence[str]) -> str:
        """One of several texts."""
        return self.random.choice(listed)

    def value(self, component: str) -> str:
        """A value of a component."""
        if self.is_wrong():
            return self.pick(NASTY)
        if component in CODES:
            return self.pick(CODES[component])
        if component in {"NUMBER", "BIG"}:
            return self.pick(INTEGERS)
        if component in {"OBS_VALUE", "SHARE", "FLOATING"}:
            return self.pick(NUMBERS)
        if component == "EMBARGO_TIME":
            return "2026-01-01T00:00:00Z"
        if component == "COMMENT":
            return self.pick(TEXTS)
        listed = INTEGERS if component == "UNIT_MULT" else TEXTS
        # Above the observation: one value for all.
        return self._above.setdefault(component, self.pick(listed))

    def content(self) -> Content:
        """What a message says."""
        flow = self.pick(list(FLOWS))
        dimensions, has_time, measures, attributes = FLOWS[flow]
        content = Content(flow, dimensions, has_time, measures, attributes, [])
        for _ in range(self.random.choice([1, 1, 1, 2, 3])):
            action = self.pick(ACTIONS if self.random.random() < 0.5 else ["Merge"])
            part = Part(action if not self.is_wrong() else self.pick(NASTY))
            for _ in range(self.random.choice([0, 1, 2, 5, 12])):
                part.rows.append(self._row(content))
            content.parts.append(part)
        return content

    def _row(self, content: Content) -> dict[str, str]:
        row = {name: self.value(name) for name in content.dimensions}
        if content.has_time:
            right = PERIODS.get(row["FREQ"], ["2020"])
            row["TIME_PERIOD"] = self.pick(NASTY if self.is_wrong() else right)
        for name in (*content.measures, *content.attributes):
            if self.random.random() < 0.7:
                row[name] = self.value(name)
        if self.is_wrong() or self.random.random() < 0.05:
            row.pop(self.pick(list(row)))
        if self.is_wrong():
            row[self.pick(["UNKNOWN", "Obs", "obs_value", "a b", "x" * 90, "CONTACT.NAME"])] = "1"
        return row

    def damaged(self, body: bytes) -> bytes:
        """A body, cut or changed at random places now and then."""
        random = self.random
        while self.is_wrong() and body:
            place, other = random.randrange(len(body)), random.randrange(len(body))
            low, high = min(place, other), max(place, other)
            kind = random.randrange(6)
            if kind == 0:
                body = body[:place]
            elif kind == 1:
                body = body[:place] + bytes([random.randrange(256)]) + body[place + 1 :]
            elif kind == 2:
                body = body[:low] + body[min(high, low + 40) :]
            elif kind == 3:
                body = body[:place] + body[low : low + 60] + body[place:]
            elif kind == 4:
                body = body[:place] + self.pick(NASTY).encode() + body[place:]
            else:
                body = (
                    body[:place]
                    + random.choice([b'"', b"<", b"{", b"]", b",", b"\x00"])
                    + body[place:]
                )
        return body

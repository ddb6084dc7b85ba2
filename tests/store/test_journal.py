"""The journal: replayed from the beginning it gives the current rows, in both rooms."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
from collections.abc import Sequence
from typing import Any

import pytest

from app.sdmx import series
from app.store.pools import Pools
from tests.replay import replay
from tests.structures import SMALL, Desk, open_desk, sheet

HEADER = "FREQ,REF_AREA,TIME_PERIOD,OBS_VALUE,STATUS,CONF_STATUS,EMBARGO_TIME,S,G,D"
SEEDS = range(30)

Rows = list[dict[str, Any]]


@pytest.fixture
async def desk(pools: Pools) -> Desk:
    return await open_desk(pools)


class Writer:
    """Makes files at random, over few keys so that they meet."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.value = ""

    def file(self) -> str:
        # One value a file: two would be a contradiction within it.
        self.value = self.random.choice("xyz")
        rows: dict[tuple[str, ...], str] = {}
        for _ in range(self.random.randrange(1, 9)):
            key, row = self.row()
            rows.setdefault(key, row)
        return sheet(HEADER, *rows.values(), flow=SMALL)

    def row(self) -> tuple[tuple[str, ...], str]:
        pick = self.random.choice
        key = [pick("AM"), pick(["CRI", "GTM"])]
        period = f"20{pick(['22', '23', '24'])}" + ("-01" if key[0] == "M" else "")
        kind = pick(["M"] * 5 + ["R"] * 3 + ["D"] * 3 + ["above", "series"])
        if kind == "above":
            cells = ["", pick(["CRI", "GTM", ""]), "", *[""] * 5]
            above = [pick(["g1", "g2"]), ""] if cells[1] else ["", pick(["d1", "d2"])]
            action = pick("MD")
            return (action, *cells), f"{action}|{','.join(cells + above)}"
        if kind == "series":
            action = pick("MD")
            cells = [*key, "", "", "", "", "", self.value, "", ""]
            return (action, *key), f"{action}|{','.join(cells)}"
        if kind == "D":
            cells = [pick([key[0], ""]), pick([key[1], ""]), pick([period, ""])]
            marks = [pick(["", "", "", "-"]) for _ in range(2)]
            return (kind, *cells, *marks), f"D|{','.join(cells + marks)},,,,,"
        hidden = pick([",", ",", ",", "C,", "F,", ",2990-01-01T00:00:00Z"])
        cells = [*key, period, str(self.random.randrange(9)), pick("AB")]
        return (kind, *key, period), f"{kind}|{','.join(cells)},{hidden},,,"


async def rebuilt(desk: Desk, change_table: str) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """Observations with attributes of the series, and attachments, from the journal alone."""
    entries: Rows = sorted(
        await desk.rows(change_table),
        # Within one publication a Replace and a Delete of a series never meet on one period.
        key=lambda row: (row["publication_id"], row["action"]),
    )
    documents: dict[Any, list[tuple[str, Any]]] = {}
    attributes: dict[Any, dict[str, Any]] = {}
    above: dict[Any, dict[str, Any]] = {}
    for row in entries:
        key = (row["agreement_id"], tuple(row["key"]))
        if row["action"] == "Attachment":
            above.setdefault(key, {}).update(row["attributes"])
            continue
        documents.setdefault(key, []).append((row["action"], row["observations"] or series.EMPTY))
        attributes.setdefault(key, {}).update(row["attributes"] or {})
    found = {
        key: (series.observations(replay(changes)), present(attributes[key]))
        for key, changes in documents.items()
    }
    return found, {key: present(values) for key, values in above.items() if present(values)}


def present(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def current(rows: Rows) -> dict[Any, Any]:
    return {
        (row["agreement_id"], tuple(row["key"])): (
            series.observations(row["observations"]),
            row["attributes"],
        )
        for row in rows
    }


def withheld(rows: Rows) -> dict[Any, Any]:
    """The series of the withheld room; each time of release has a row of its own."""
    found: dict[Any, Any] = {}
    for row in rows:
        key = (row["agreement_id"], tuple(row["key"]))
        observations, attributes = found.setdefault(key, ({}, {}))
        observations.update(series.observations(row["observations"]))
        attributes.update(row["attributes"])
    return found


async def check(desk: Desk) -> None:
    replayed, above = await rebuilt(desk, "change")
    rows = await desk.rows("series")
    assert replayed == current(rows)
    assert above == {
        (row["agreement_id"], tuple(row["key"])): row["attributes"]
        for row in await desk.rows("attachment")
    }
    for row in rows:
        assert row["observation_count"] == len(row["observations"]["TIME_PERIOD"])
    replayed, above = await rebuilt(desk, "withheld_change")
    assert {key: value for key, value in replayed.items() if value[0]} == withheld(
        await desk.rows("withheld_series")
    )
    assert above == {
        (row["agreement_id"], tuple(row["key"])): row["attributes"]
        for row in await desk.rows("withheld_attachment")
    }
    for head in await desk.rows("agreement_head"):
        full = [
            row["observation_count"]
            for row in rows
            if row["agreement_id"] == head["agreement_id"] and row["observation_count"]
        ]
        assert (head["series_count"], head["observation_count"]) == (len(full), sum(full))


@pytest.mark.parametrize("group", [SEEDS[start : start + 6] for start in range(0, 30, 6)])
async def test_the_journal_rebuilds_the_rooms(desk: Desk, group: Sequence[int]) -> None:
    """Thirty random sequences of six files, checked after each file."""
    for seed in group:
        writer = Writer(seed)
        for _ in range(6):
            text = writer.file()
            decision = await desk.send(text)
            assert decision.state != "rejected", (seed, text, decision.findings)
            await check(desk)


async def test_the_journal_rebuilds_the_rooms_over_a_release(desk: Desk) -> None:
    time = (dt.datetime.now(dt.UTC) + dt.timedelta(seconds=0.6)).isoformat()
    await desk.accept(
        sheet(
            HEADER,
            f"A,CRI,2023,1,A,,{time},s,g,d",
            f"A,GTM,2023,2,A,C,{time},s,g,d",
            "A,GTM,2024,3,A,,2990-01-01T00:00:00Z,,,",
            "M,GTM,2024-01,4,A,,,,,",
            flow=SMALL,
        )
    )
    await check(desk)
    await asyncio.sleep(0.7)
    await desk.release("PA_CRI_SMALL")
    await check(desk)
    assert set(await desk.observations()) == {"A.CRI.2023", "A.GTM.2023", "M.GTM.2024-01"}


async def test_the_journal_is_only_ever_added_to(desk: Desk) -> None:
    writer = Writer(99)
    before: Rows = []
    for _ in range(6):
        await desk.send(writer.file())
        after = await desk.rows("change")
        assert all(row in after for row in before)
        before = after

"""Undoing beside publishing: the outcome is that of one order, the order of the ledger."""

from __future__ import annotations

import asyncio
import random

import pytest

from app.auth.subject import Subject
from app.services.undo_request import request_undo
from app.services.undo_superseded import settle_superseded
from app.store.pools import Pools
from tests.structures import CRI
from tests.undo.desk import UndoDesk, open_undo_desk, rows
from tests.undo.model import Model, Row, send

SUBJECT = Subject("client-of-CRI", CRI, "data_provider")


@pytest.fixture
async def desk(pools: Pools) -> UndoDesk:
    return await open_undo_desk(pools)


def file(chance: random.Random, value: int) -> list[Row]:
    """Rows over few keys, so that files meet."""
    found: dict[tuple[str, str], Row] = {}
    for _ in range(chance.randrange(1, 6)):
        key, period = f"A.{chance.choice(['CRI', 'GTM'])}", chance.choice(["2021", "2022", "2023"])
        action = chance.choice("RRD")
        cells = {} if action == "D" else {"OBS_VALUE": str(value)}
        found.setdefault((key, period), (action, key, period, cells))
    return list(found.values())


def text(listed: list[Row]) -> str:
    lines = []
    for action, key, period, cells in listed:
        value = cells.get("OBS_VALUE", "")
        lines.append(f"{action}|{key.replace('.', ',')},{period},{value}")
    return rows(*lines)


@pytest.mark.parametrize("seed", range(6))
async def test_rolling_back_while_others_publish(desk: UndoDesk, seed: int) -> None:
    """Files and undoing run at once; replayed in the order of the ledger they give the state."""
    chance = random.Random(seed)
    files = [file(chance, value) for value in range(9)]
    first = [(await desk.accept(text(each))).submission.id for each in files[:3]]
    later = [await desk.put(text(each)) for each in files[3:]]
    undone = [(each, chance.choice(["rollback", "withdrawal"])) for each in first]
    asked = [
        (await request_undo(desk.pools, SUBJECT, str(each), how, "why"))[0].id  # type: ignore[arg-type]
        for each, how in undone
    ]
    work = [*later, *asked]
    chance.shuffle(work)
    decisions = await asyncio.gather(*(desk.process(each) for each in work))
    assert {each.state for each in decisions} == {"published"}
    content = dict(zip([*first, *later], files, strict=True))
    parents = dict(zip(asked, undone, strict=True))
    model, acts = Model(), {}
    ledger = sorted(await desk.rows("ledger"), key=lambda row: int(row["sequence"]))
    by_publication = {
        row["publication_id"]: row["id"]
        for row in await desk.rows("submission")
        if row["publication_id"]
    }
    for entry in ledger:
        submission = by_publication[entry["publication_id"]]
        acts[submission] = entry["sequence"]
        if submission in content:
            send(model, entry["sequence"], content[submission])
            continue
        parent, how = parents[submission]
        do = model.roll_back if how == "rollback" else model.withdraw
        do(entry["sequence"], acts[parent])
    expected = {f"{key}.{period}": value for (_, key, period), value in model.state.items()}
    assert await desk.observations() == expected
    replayed = await rebuilt_in_order(desk)
    assert replayed == await desk.observations()
    await asyncio.gather(
        *(settle_superseded(desk.pools, row["publication_id"]) for row in ledger[::-1])
    )
    for submission in later:
        gone = model.wrote(acts[submission]) and not model.is_current(acts[submission])
        assert await desk.state_of(submission) == ("superseded" if gone else "published")


async def rebuilt_in_order(desk: UndoDesk) -> dict[str, object]:
    """The journal replayed in the order of the ledger, whatever the order of publication ids."""
    places = {row["publication_id"]: row["sequence"] for row in await desk.rows("ledger")}
    state: dict[str, object] = {}
    for row in sorted(await desk.rows("change"), key=lambda row: places[row["publication_id"]]):
        document = row["observations"] or {"TIME_PERIOD": []}
        for place, time in enumerate(document["TIME_PERIOD"]):
            name = ".".join([*row["key"], time])
            if row["action"] == "Delete":
                state.pop(name, None)
                continue
            state[name] = {
                n: v[place] if isinstance(v, list) else v
                for n, v in document.items()
                if n != "TIME_PERIOD"
            }
    return state

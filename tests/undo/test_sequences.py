"""Random sequences of files and their undoing, beside a model; the journal rebuilds the rooms."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass, field
from typing import Any

import pytest

from app.errors import NotUndoableError
from app.store.pools import Pools
from tests.store.test_journal import check
from tests.structures import CRI, SLV
from tests.undo.desk import HEADER, LATER, UndoDesk, open_undo_desk, rows
from tests.undo.model import Model, Row, send

SEEDS = range(20)
STEPS = 12
COLUMNS = HEADER.split(",")
PLACES = {CRI: ["CRI", "GTM"], SLV: ["SLV"]}


def named(key: str, part: str) -> tuple[str, str]:
    """Value and component of the finding on what stays: an observation, or an attribute."""
    return (f"{key}.{part}", "TIME_PERIOD") if part[:1].isdigit() else (key, part)


@dataclass
class Run:
    """One sequence, of several providers."""

    desk: UndoDesk
    chance: random.Random
    models: dict[str, Model] = field(default_factory=lambda: {CRI: Model(), SLV: Model()})
    sent: list[tuple[int, str, str, uuid.UUID]] = field(default_factory=list)
    """Act, kind, organisation and submission."""

    async def step(self) -> None:
        """Something is sent, or something that was is undone."""
        if not self.sent or self.chance.random() < 0.6:
            await self.send()
        else:
            await self.undo()

    async def send(self) -> None:
        organisation = self.chance.choice([CRI, CRI, SLV])
        found: dict[tuple[str, str], Row] = {}
        again = self.chance.choice("xyz")
        for _ in range(self.chance.randrange(1, 7)):
            row = self.row(organisation, again)
            found.setdefault((row[1], row[2]), row)
        act = len(self.sent)
        decision = await self.desk.send(rows(*map(_line, found.values())), organisation)
        if decision.state == "rejected":
            assert decision.findings
        assert decision.state in {"published", "awaiting release"}, decision.findings
        if decision.submission.id in {each[3] for each in self.sent}:
            return  # the same bytes again, while nothing was changed since
        send(self.models[organisation], act, found.values())
        self.sent.append((act, "file", organisation, decision.submission.id))

    def row(self, organisation: str, again: str) -> Row:
        pick = self.chance.choice
        action = pick("MMMRRD")
        key = f"{pick('AM')}.{pick(PLACES[organisation])}"
        period = pick(["2022", "2023", "2024"]) + ("-01" if key[0] == "M" else "")
        waits = self.chance.random() < 0.25
        cells = {
            "OBS_VALUE": str(self.chance.randrange(3)),
            "STATUS": pick(["", "A", "B"]),
            "CONF_STATUS": pick(["", "", "", "F", "C"]),
            "EMBARGO_TIME": LATER if waits else "",
            # One value a file: two would be a contradiction within it. Attributes of a series that
            # nobody could see yet go with its last observation.
            "S": again if not waits and self.chance.random() < 0.4 else "",
            "G": again if self.chance.random() < 0.3 else "",
            # Of one provider only: the key above all series is the same for both.
            "D": again if organisation == CRI and self.chance.random() < 0.3 else "",
        }
        return action, key, period, {} if action == "D" else cells

    async def undo(self) -> None:
        act, kind, organisation, submission = self.chance.choice(self.sent)
        model = self.models[organisation]
        undoing: Any = self.chance.choice(["rollback", "rollback", "withdrawal"])
        if kind != "file" and undoing == "withdrawal":
            return
        if model.stands(act) is not None:
            ledger = await self.desk.rows("ledger")
            try:
                await self.desk.undo(submission, undoing, organisation)
            except NotUndoableError:
                assert model.stands(act) != undoing
            else:
                assert model.stands(act) == undoing
            assert await self.desk.rows("ledger") == ledger
            return
        decision = await self.desk.undo(submission, undoing, organisation)
        number = len(self.sent)
        do = model.roll_back if undoing == "rollback" else model.withdraw
        kept = do(number, act)
        self.sent.append((number, undoing, organisation, decision.submission.id))
        assert decision.state == "published"
        told = {(f.value, f.component) for f in decision.findings}
        assert told == {named(*part[1:]) for part in kept}

    async def check(self) -> None:
        """The exchange holds what the models hold."""
        expected: dict[Any, Any] = {}
        for model in self.models.values():
            expected.update(model.state)
        assert await self.held() == expected
        await check_both(self.desk)
        for act, kind, organisation, submission in self.sent:
            model = self.models[organisation]
            state = await self.desk.state_of(submission)
            how = model.stands(act)
            if how is not None:
                assert state == {"rollback": "rolled back", "withdrawal": "withdrawn"}[how]
            elif kind != "file" or model.is_current(act) or not model.wrote(act):
                assert state in {"published", "awaiting release"}, (act, kind, state)
            else:
                assert state in {"published", "awaiting release", "superseded"}

    async def held(self) -> dict[Any, Any]:
        desk, found = self.desk, {}
        for table in ("series", "withheld_series"):
            for name, row in (await desk.observations(table)).items():
                key, period = name.rsplit(".", 1)
                found[("obs", key, period)] = row
            for key, values in (await desk.series_attributes(table)).items():
                for name, value in values.items():
                    found["series", key, name] = value
        for table in ("attachment", "withheld_attachment"):
            for key, values in (await desk.attachments(table)).items():
                for name, value in values.items():
                    found["above", key, name] = value
        return found

    async def check_superseded(self, *, looked: bool = False) -> None:
        """After the looks that publications left, the states tell who has figures."""
        if not looked:
            await self.desk.settle()
        for act, kind, organisation, submission in self.sent:
            model = self.models[organisation]
            if kind != "file" or model.stands(act) is not None:
                continue
            state = await self.desk.state_of(submission)
            gone = model.wrote(act) and not model.is_current(act)
            assert (state == "superseded") == gone, (act, state)


async def check_both(desk: UndoDesk) -> None:
    """The journal rebuilds the rooms of both providers."""
    await check(desk)


def _line(row: Row) -> str:
    action, key, period, cells = row
    values = dict(zip(COLUMNS, [*key.split("."), period], strict=False)) | cells
    return f"{action}|" + ",".join(values.get(name, "") for name in COLUMNS)


@pytest.fixture
async def desk(pools: Pools) -> UndoDesk:
    return await open_undo_desk(pools)


@pytest.mark.parametrize("seed", SEEDS)
async def test_sequences_of_files_and_their_undoing(desk: UndoDesk, seed: int) -> None:
    run = Run(desk, random.Random(seed))
    for _ in range(STEPS):
        await run.step()
        await run.check()
        if seed % 2:
            await desk.settle(last=True)
    if seed % 2:
        await run.check_superseded(looked=True)
    await run.check_superseded()

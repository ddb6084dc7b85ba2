"""What the guide says on two people works with the delivered agreements."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
import subprocess
from pathlib import Path

from fastapi import FastAPI

from app.services.publish_structures import publish_structures
from app.store.pools import Pools
from tests.api.test_submissions import DEMO, WAIT, sender, service, worker

__all__ = ["service", "worker"]

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "how-to" / "send-data.md"


async def test_an_agreement_of_the_demonstration_asks_for_two_people(
    service: FastAPI,
    pools: Pools,
    worker: None,
    tmp_path: Path,
) -> None:
    [line] = re.findall(r"^sed .*two-people\.json$", GUIDE.read_text("utf-8"), re.MULTILINE)
    made = tmp_path / "two-people.json"
    line = line.replace("> two-people.json", f"> {made}")
    await asyncio.to_thread(subprocess.run, line, shell=True, check=True, cwd=ROOT)
    await publish_structures(pools.writer, [made], dt.datetime.now(dt.UTC))
    first = await sender(service, pools, "HND_INM")
    file = (DEMO / "hnd_inm_return_in.csv").read_bytes()
    reply = await first.post("/api/submissions", content=file, headers=WAIT)
    assert reply.json()["state"] == "accepted", reply.text
    second = await sender(service, pools, "HND_INM")
    path = f"/api/submissions/{reply.json()['id']}/approval"
    agreed = await second.post(
        path, json={"decision": "approve"}, headers=WAIT | {"Content-Type": "application/json"}
    )
    assert agreed.json()["state"] == "published", agreed.text

"""The commands for maps and for impact, against a service on a real socket."""

from __future__ import annotations

import asyncio
import json

import pytest
from typer.testing import CliRunner, Result

from app.cli import program
from app.services.add_client import add_client
from app.settings import Settings
from app.store.pools import Pools
from tests.artefact_samples import urn
from tests.exchange import served
from tests.maps.desk import ACTIVE, DRAFT, open_country, sent
from tests.structures import CRI


async def test_maps_are_listed_previewed_compared_and_activated(
    pools: Pools, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_country(pools, settings) as country, served(country.service) as address:
        sender = await country.sender(CRI)
        told = await sender.publish(sent("enero 2024,Niños,Costa Rica,3"))
        new = await add_client(pools.writer, CRI, agencies=["TST"])
        monkeypatch.setenv("VIPMG_CLIENT_ID", new.client_id)
        monkeypatch.setenv("VIPMG_CLIENT_SECRET", new.client_secret or "")
        monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
        monkeypatch.setenv("COLUMNS", "160")

        async def vipmg(*arguments: str) -> Result:
            return await asyncio.to_thread(
                CliRunner().invoke, program(), [*arguments, "--url", address]
            )

        listed = await vipmg("maps", "list")
        assert listed.exit_code == 0
        assert ACTIVE in listed.output
        shown = await vipmg("maps", "preview", DRAFT, "--submission", told["id"])
        assert "1 rows: 1 taken" in shown.output
        assert "1 new, 0 changed, 1 vanished" in shown.output
        assert "The total is kept." in shown.output
        compared = await vipmg("maps", "compare", DRAFT, "--with", ACTIVE)
        assert "Niños becomes M, Y18 instead of M, Y0T17" in compared.output
        ages = urn("Codelist", "CL_AGE")
        touched = await vipmg("impact", ages, "--removing", "Y0T17", "--notify", "Pronto.")
        assert "AGE = Y0T17: 1 series, 1 figures" in touched.output
        assert "Told: CRI_STAT, SLV_STAT" in touched.output
        done = await vipmg("maps", "activate", DRAFT, "--reharmonise", "--json")
        # The service runs in the same process, and its log may stand around the answer.
        answer, _ = json.JSONDecoder().raw_decode(done.stdout, done.stdout.index("{"))
        assert len(answer["reharmonisations"]) == 1
        ended = await vipmg("maps", "end", "TST:SM(2.0.0)", "--last-day", "2999-12-31")
        assert "TST:SM(2.0.1) reads files until 2999-12-31." in ended.output
        assert "active, until 2999-12-31" in (await vipmg("maps", "list")).output
        refused = await vipmg("maps", "activate", "TST:NONE(1.0.0)")
        assert refused.exit_code == 2
        assert "404" in refused.output
        monkeypatch.setenv("LC_ALL", "es_CR.UTF-8")
        assert (await vipmg("impact")).exit_code == 2

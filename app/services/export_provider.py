"""Taking out all that one provider has: data, history, submissions, receipts, structures."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Sequence
from importlib import resources
from typing import Final

import orjson

from app.auth.keyring import Keyring
from app.auth.receipt_keys import public_jwk
from app.errors import NotFoundError
from app.sdmx.messages.metadata_json import write_metadata_sets
from app.sdmx.messages.structure_json import write_structures
from app.sdmx.messages.structure_message import MessageHeader
from app.sdmx.negotiation import DATA_OFFERS, LanguageChoice, negotiate
from app.sdmx.provider_family import provider_family
from app.sdmx.query import DataQuery, DataSelection
from app.sdmx.urn import parse_urn
from app.sdmx.version import VersionQuery
from app.services.plan_data import plan_scopes
from app.services.prepare_data import PreparedData, UpperCache
from app.services.query_data import Form, write_data
from app.services.sign_ledger_head import head_claims
from app.services.take_out_archive import METADATA_SETS, ArchiveWriter
from app.store import contents, ledger_reading, readiness, receipts, take_out
from app.store import series as series_store
from app.store.catalogue import Catalogue, CatalogueCache
from app.store.take_out import OwnAgreement
from app.store.types import Connection, Pool

_CSV: Final = "application/vnd.sdmx.data+csv;version=2.1.0"
_RECEIPTS: Final = 1000


async def export_provider(
    writer: Pool, keyring: Keyring, organisation: str, base_url: str
) -> AsyncIterator[bytes]:
    """The archive, in parts, all of one moment; memory holds one batch at a time.

    Args:
        writer: the pool that sees submissions and both rooms.
        keyring: signs the ends of the ledgers.
        organisation: id of the data provider.
        base_url: address of the service.

    Raises:
        NotFoundError: before the first part: the organisation has nothing here.
    """
    async with (
        writer.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        if not await take_out.is_known(connection, organisation):
            raise NotFoundError(
                f"{organisation} has no agreement here, and sent nothing.",
                f"{organisation} no tiene convenios aquí y no envió nada.",
            )
        now = await readiness.clock(connection)
        export = _Export(connection, organisation, base_url, ArchiveWriter(now))
        async for part in export.members():
            yield part
        heads = await _signed_heads(connection, keyring, base_url)
        yield await export.archive.add_bytes("ledger/heads.jws", heads)
        yield await export.archive.add_bytes("receipts/jwks.json", await _keys(writer))
        yield await export.end(now)


class _Export:
    """One export under way."""

    def __init__(
        self, connection: Connection, organisation: str, base_url: str, archive: ArchiveWriter
    ) -> None:
        self.connection = connection
        self.organisation = organisation
        self.base_url = base_url
        self.archive = archive
        self.agreements: Sequence[OwnAgreement] = ()

    async def members(self) -> AsyncIterator[bytes]:
        """All members that are read from the tables."""
        connection = self.connection
        self.agreements = await take_out.own_agreements(connection, self.organisation)
        readme = resources.files("app.services").joinpath("take_out_readme.md").read_bytes()
        yield await self.archive.add_bytes("README.md", readme)
        catalogue = await CatalogueCache().current(connection)
        maps = await take_out.maps(connection, self.organisation)
        structures, sets = await asyncio.to_thread(self._structures, catalogue, maps)
        yield await self.archive.add_bytes("structures/structures.json", structures)
        yield await self.archive.add_bytes(METADATA_SETS, sets)
        for agreement in self.agreements:
            if agreement.id in catalogue.agreements:
                data = self._data(catalogue, agreement)
                async for part in self.archive.add(f"data/{_file_name(agreement.urn)}.csv", data):
                    yield part
        numbers = [agreement.id for agreement in self.agreements]
        for path in take_out.STATEMENTS:
            lines = take_out.lines(connection, path, numbers, self.organisation)
            async for part in self.archive.add(path, lines):
                yield part
        for sha256 in await take_out.contents(connection, self.organisation):
            content = contents.parts(connection, sha256)
            async for part in self.archive.add(f"submissions/content/{sha256}", content):
                yield part
        for path, lines in (
            ("receipts/receipts.jws", self._receipts()),
            ("ledger/ledger.jsonl", take_out.ledger_lines(connection, self.organisation)),
            ("ledger/public-ledger.jsonl", take_out.public_ledger_lines(connection)),
        ):
            async for part in self.archive.add(path, lines):
                yield part

    async def end(self, now: dt.datetime) -> bytes:
        """The manifest."""
        head = await ledger_reading.head(self.connection)
        return await self.archive.end(
            {
                "organisation": self.organisation,
                "exported_at": now.isoformat(),
                "service": self.base_url,
                "agreements": [agreement.urn for agreement in self.agreements],
                "ledger": {"sequence": head.sequence, "hash": head.hash},
            }
        )

    def _structures(self, catalogue: Catalogue, maps: Sequence[str]) -> tuple[bytes, bytes]:
        """All of the registry that goes along: a structure message, and one of metadata."""
        snapshot = catalogue.snapshot
        agreements = [agreement.urn for agreement in self.agreements]
        found = provider_family(snapshot.artefacts, self.organisation, agreements, maps)
        header = MessageHeader(f"VIPMG-{self.organisation}", snapshot.revised_at)
        address = f"{self.base_url}/sdmx/v2"
        sets = write_metadata_sets(found.metadata_sets, header, version="2.1.0", address=address)
        return write_structures(found.structures, header), sets

    async def _data(self, catalogue: Catalogue, agreement: OwnAgreement) -> AsyncIterator[bytes]:
        """The current data of an agreement as its provider sees them; nothing where none are."""
        urn = parse_urn(agreement.urn)
        query = DataQuery(
            DataSelection(
                "provisionagreement", (urn.agency,), (urn.id,), (VersionQuery.parse(urn.version),)
            )
        )
        scopes = plan_scopes(catalogue, query.selection)
        _, epoch, heads = await series_store.read_heads(self.connection, [agreement.id])
        found = await series_store.read_withheld_heads(self.connection, [agreement.id])
        withheld = {number: head for number, head in found.items() if head[0] > 0}
        prepared = PreparedData(query, catalogue, scopes, epoch, heads, withheld, self.organisation)
        languages = LanguageChoice(catalogue.snapshot.languages, every=True)
        form = Form(negotiate(_CSV, DATA_OFFERS), languages, self.base_url)
        async for part in write_data(self.connection, prepared, UpperCache(), form, '""'):
            yield part

    async def _receipts(self) -> AsyncIterator[bytes]:
        after = 0
        while found := await receipts.of_organisation(
            self.connection, self.organisation, after, _RECEIPTS
        ):
            yield "".join(f"{receipt.jws}\n" for receipt in found).encode()
            after = found[-1].number


async def _signed_heads(connection: Connection, keyring: Keyring, base_url: str) -> bytes:
    signed: list[str] = []
    for name, head in (
        ("all", await ledger_reading.head(connection)),
        ("public", await ledger_reading.public_head(connection)),
    ):
        signed.append(await keyring.sign_head(head_claims(name, head, base_url)))
    return "".join(f"{each}\n" for each in signed).encode()


async def _keys(writer: Pool) -> bytes:
    """Read apart: the key of the heads may be newer than the moment of the export."""
    async with writer.acquire() as connection:
        found = await receipts.keys(connection)
    told = [public_jwk(key.private_jwk, key.created_at, key.retired_at) for key in found]
    return orjson.dumps({"keys": told}, option=orjson.OPT_INDENT_2)


def _file_name(urn: str) -> str:
    """The name of an agreement as a name of a file: `AGENCY_ID_VERSION`."""
    parsed = parse_urn(urn)
    return f"{parsed.agency}_{parsed.id}_{parsed.version}"

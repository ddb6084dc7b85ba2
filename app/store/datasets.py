"""What datasets a submission has, as its message names them, in their order."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import msgspec

from app.sdmx.datasets import Dataset
from app.store.types import Connection

_PUT = "UPDATE submission SET datasets = $2 WHERE id = $1"
_READ = "SELECT datasets FROM submission WHERE id = $1"


async def put_datasets(
    connection: Connection, submission: uuid.UUID, datasets: Sequence[Dataset]
) -> None:
    """Note the datasets of a message that was read."""
    await connection.execute(_PUT, submission, msgspec.json.encode(list(datasets)).decode())


async def read_datasets(connection: Connection, submission: uuid.UUID) -> list[Dataset]:
    """The datasets of a message; none where it was not read yet."""
    stored = await connection.fetchval(_READ, submission)
    return [] if stored is None else msgspec.json.decode(stored, type=list[Dataset])

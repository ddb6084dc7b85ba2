"""The files of the shared structures, and what they hold."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from app.sdmx.artefact_classes import METADATA_SET
from app.sdmx.artefacts import Artefact
from app.services.publish_structures import read_structure_files

CODELISTS = Path(__file__).parents[1] / "codelists"


@cache
def _all() -> tuple[Artefact, ...]:
    return tuple(read_structure_files([CODELISTS]))


def shared_structures() -> list[Artefact]:
    """The structures that come with the service; metadata sets have messages of their own."""
    return [one for one in _all() if one.artefact_class is not METADATA_SET]

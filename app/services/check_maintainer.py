"""Who may change an artefact."""

from __future__ import annotations

from app.auth.rights import may_maintain
from app.auth.subject import Subject
from app.errors import NotAuthorisedError
from app.sdmx.artefacts import Artefact


def check_maintainer(subject: Subject, artefact: Artefact) -> None:
    """See that the caller may maintain what the agency of an artefact publishes.

    Raises:
        NotAuthorisedError: it may not.
    """
    if not may_maintain(subject, artefact.agency):
        raise NotAuthorisedError(
            f"Your program may not maintain artefacts of {artefact.agency}.",
            f"Su programa no puede mantener artefactos de {artefact.agency}.",
            agency=artefact.agency,
        )

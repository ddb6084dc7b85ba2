"""The caller, as a verified access token names it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

OrganisationKind: TypeAlias = Literal["data_provider", "data_consumer"]


@dataclass(frozen=True, slots=True)
class Subject:
    """A program that calls on behalf of one organisation; anonymous callers have none.

    Attributes:
        client_id: the program, as its authorisation server names it.
        organisation: id of the data provider or data consumer that it speaks for.
        organisation_kind: which of the two it is; an external issuer need not say.
        agencies: ids of the agencies whose artefacts it may maintain.
    """

    client_id: str
    organisation: str
    organisation_kind: OrganisationKind | None = None
    agencies: tuple[str, ...] = ()

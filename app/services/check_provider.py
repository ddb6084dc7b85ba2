"""What is for data providers alone."""

from __future__ import annotations

from app.auth.subject import Subject
from app.errors import NotAuthorisedError


def check_provider(subject: Subject) -> None:
    """See that the caller is a data provider.

    Raises:
        NotAuthorisedError: its organisation is a data consumer.
    """
    if subject.organisation_kind == "data_consumer":
        raise NotAuthorisedError(
            f"{subject.organisation} is a data consumer; this is for data providers.",
            f"{subject.organisation} es consumidor de datos; esto es para proveedores de datos.",
        )

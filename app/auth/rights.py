"""What a caller may do with data and with structures: pure decisions, closed by default."""

from __future__ import annotations

from collections.abc import Collection

from app.auth.subject import Subject


def may_submit(subject: Subject | None, provider: str) -> bool:
    """Whether the caller may send data under an agreement of this data provider.

    Args:
        subject: the caller, or None when anonymous.
        provider: id of the data provider of the agreement.
    """
    if subject is None or subject.organisation_kind == "data_consumer":
        return False
    return subject.organisation == provider


def may_read_withheld(subject: Subject | None, provider: str, readers: Collection[str]) -> bool:
    """Whether the caller may see what an agreement withholds from the public.

    Args:
        subject: the caller, or None when anonymous.
        provider: id of the data provider of the agreement, which sees its own.
        readers: ids of the organisations that the agreement names.
    """
    if subject is None:
        return False
    return may_submit(subject, provider) or subject.organisation in readers


def may_maintain(subject: Subject | None, agency: str) -> bool:
    """Whether the caller may create, change and delete artefacts of an agency.

    Args:
        subject: the caller, or None when anonymous.
        agency: id of the maintaining agency; a right for `A` is one for `A.B` too.
    """
    if subject is None:
        return False
    return any(agency == one or agency.startswith(f"{one}.") for one in subject.agencies)


def may_report_metadata(subject: Subject | None, maintainer: str) -> bool:
    """Whether the caller may create, change and delete metadata sets of a maintainer.

    Args:
        subject: the caller, or None when anonymous.
        maintainer: an agency, or `AGENCY.PROVIDER` for a metadata provider. A data provider
            reports under its own id, without being the agency of anything.
    """
    if may_maintain(subject, maintainer):
        return True
    agency, _, provider = maintainer.rpartition(".")
    return bool(agency) and may_submit(subject, provider)

"""Tables of the registry: artefacts in every state they were stored in, and their references."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import JSON
from sqlmodel import Field, SQLModel


class Artefact(SQLModel, table=True):
    """One stored state of a maintainable artefact; the current one has no `recorded_to`."""

    __tablename__ = "artefact"
    __table_args__ = (
        Index(
            "artefact_current",
            "urn",
            unique=True,
            postgresql_where=text("recorded_to IS NULL"),
        ),
        Index("artefact_lookup", "class", "agency", "artefact_id"),
    )

    id: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True)
    )
    urn: str = Field(sa_column=Column(Text, nullable=False))
    artefact_class: str = Field(sa_column=Column("class", Text, nullable=False))
    agency: str = Field(sa_column=Column(Text, nullable=False))
    artefact_id: str = Field(sa_column=Column(Text, nullable=False))
    version: str = Field(sa_column=Column(Text, nullable=False))
    stable: bool = Field(nullable=False)
    document: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    recorded_from: dt.datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    recorded_to: dt.datetime | None = Field(
        default=None, sa_column=Column(DateTime(timezone=True), nullable=True)
    )


class ArtefactReference(SQLModel, table=True):
    """An edge of the graph of references: from one stored artefact to a URN, items included."""

    __tablename__ = "artefact_reference"
    __table_args__ = (Index("artefact_reference_to", "to_urn"),)

    artefact: int = Field(sa_column=Column(BigInteger, primary_key=True))
    to_urn: str = Field(sa_column=Column(Text, primary_key=True))


class Registry(SQLModel, table=True):
    """The one row that counts the changes of the registry and of agreements' terms."""

    __tablename__ = "registry"

    id: int = Field(default=1, sa_column=Column(Integer, primary_key=True, autoincrement=False))
    revision: int = Field(sa_column=Column(BigInteger, nullable=False))
    revised_at: dt.datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    restore_epoch: str = Field(sa_column=Column(Text, nullable=False))

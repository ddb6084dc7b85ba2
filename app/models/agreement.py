"""Tables of provision agreements: the unit of storage, authorisation and publication."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Integer,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSON
from sqlmodel import Field, SQLModel


class DataflowRow(SQLModel, table=True):
    """A version of a dataflow with its list of dimensions, which never changes."""

    __tablename__ = "dataflow"

    id: int | None = Field(
        default=None, sa_column=Column(Integer, Identity(always=True), primary_key=True)
    )
    urn: str = Field(sa_column=Column(Text, nullable=False, unique=True))
    dimensions: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))


class Agreement(SQLModel, table=True):
    """A provision agreement as the store knows it: small number, dataflow, provider, terms."""

    __tablename__ = "agreement"

    id: int | None = Field(
        default=None, sa_column=Column(Integer, Identity(always=True), primary_key=True)
    )
    urn: str = Field(sa_column=Column(Text, nullable=False, unique=True))
    dataflow_id: int = Field(
        sa_column=Column(Integer, ForeignKey("dataflow.id"), nullable=False, index=True)
    )
    provider: str = Field(sa_column=Column(Text, nullable=False))
    precedence: int = Field(sa_column=Column(Integer, nullable=False))
    readers: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    fixed_attributes: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    expires: dt.date | None = Field(sa_column=Column(Date, nullable=True))
    room_rule: dict[str, Any] = Field(
        sa_column=Column(JSON, nullable=False, server_default=text("'{}'"))
    )
    active: bool = Field(nullable=False)


class AgreementHead(SQLModel, table=True):
    """What the public may know of an agreement's last publication."""

    __tablename__ = "agreement_head"

    agreement_id: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    revision: int = Field(sa_column=Column(BigInteger, nullable=False))
    published_at: dt.datetime | None = Field(
        sa_column=Column(DateTime(timezone=True), nullable=True)
    )
    series_count: int = Field(sa_column=Column(BigInteger, nullable=False))
    observation_count: int = Field(sa_column=Column(BigInteger, nullable=False))


class WithheldHead(SQLModel, table=True):
    """The same for the withheld room."""

    __tablename__ = "withheld_head"

    agreement_id: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    revision: int = Field(sa_column=Column(BigInteger, nullable=False))
    published_at: dt.datetime | None = Field(
        sa_column=Column(DateTime(timezone=True), nullable=True)
    )

"""Tables of redactions: what was taken out of the journal, on whose order."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Integer, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSON
from sqlmodel import Field, SQLModel


class Redaction(SQLModel, table=True):
    """A redaction: its publication in the ledger, what it reached, and the order behind it."""

    __tablename__ = "redaction"

    publication_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    object: str = Field(sa_column=Column(Text, nullable=False))
    scope: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    reason: str = Field(sa_column=Column(Text, nullable=False))
    reference: str = Field(sa_column=Column(Text, nullable=False))
    actors: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    destroyed: bool = Field(sa_column=Column(Boolean, nullable=False))
    counts: dict[str, int] = Field(sa_column=Column(JSON, nullable=False))
    redacted_at: dt.datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class RedactedChange(SQLModel, table=True):
    """A row of the journal as it was before a redaction; no reading role sees it."""

    __tablename__ = "redacted_change"

    redaction_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    withheld: bool = Field(sa_column=Column(Boolean, primary_key=True))
    agreement_id: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    key: list[str | None] = Field(sa_column=Column(ARRAY(Text(collation="C")), primary_key=True))
    publication_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    action: str = Field(sa_column=Column(Text, primary_key=True))
    observations: str | None = Field(sa_column=Column(JSON, nullable=True))
    attributes: str | None = Field(sa_column=Column(JSON, nullable=True))


class RedactedKey(SQLModel, table=True):
    """A series of the public room that a redaction took figures out of the history of."""

    __tablename__ = "redacted_key"

    redaction_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    agreement_id: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    key: list[str] = Field(sa_column=Column(ARRAY(Text(collation="C")), primary_key=True))

"""The ledgers: every publication in its sequence, hash chained, written once."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Index, Integer, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSON
from sqlmodel import Field, SQLModel


class LedgerEntry(SQLModel, table=True):
    """One publication: its sequence number, its time, who and what, and the chain of hashes."""

    __tablename__ = "ledger"
    __table_args__ = (
        Index("ledger_time", "published_at"),
        Index("ledger_public", "public_sequence", unique=True),
    )

    sequence: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    publication_id: int = Field(sa_column=Column(BigInteger, nullable=False, unique=True))
    published_at: dt.datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    action: str = Field(sa_column=Column(Text, nullable=False))
    actor: str = Field(sa_column=Column(Text, nullable=False))
    object: str = Field(sa_column=Column(Text, nullable=False))
    agreement_ids: list[int] = Field(sa_column=Column(ARRAY(Integer), nullable=False))
    public: bool = Field(sa_column=Column(Boolean, nullable=False))
    content_sha256: str | None = Field(sa_column=Column(Text, nullable=True))
    facts: dict[str, int | str] = Field(sa_column=Column(JSON, nullable=False))
    previous_hash: str = Field(sa_column=Column(Text, nullable=False))
    hash: str = Field(sa_column=Column(Text, nullable=False))
    agreements: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    salt: str = Field(sa_column=Column(Text, nullable=False))
    entry_sha256: str = Field(sa_column=Column(Text, nullable=False))
    public_sequence: int | None = Field(sa_column=Column(BigInteger, nullable=True))
    public_hash: str | None = Field(sa_column=Column(Text, nullable=True))


class Outbox(SQLModel, table=True):
    """Events that are to leave the service, written in the transaction that caused them."""

    __tablename__ = "outbox"

    sequence: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    kind: str = Field(sa_column=Column(Text, primary_key=True))
    payload: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    sent_at: dt.datetime | None = Field(sa_column=Column(DateTime(timezone=True), nullable=True))

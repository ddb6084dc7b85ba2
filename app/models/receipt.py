"""Tables of receipts: what was signed for whom, and the keys that signed."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Index, Text, Uuid
from sqlalchemy.dialects.postgresql import JSON
from sqlmodel import Field, SQLModel


class ReceiptKey(SQLModel, table=True):
    """A private key that signs receipts, with the time since which it does."""

    __tablename__ = "receipt_key"

    kid: str = Field(sa_column=Column(Text, primary_key=True))
    private_jwk: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    created_at: dt.datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    retired_at: dt.datetime | None = Field(sa_column=Column(DateTime(timezone=True), nullable=True))


class Receipt(SQLModel, table=True):
    """A signed receipt; those of one organisation are numbered, and each names the one before."""

    __tablename__ = "receipt"
    __table_args__ = (
        Index("receipt_chain", "organisation", "number", unique=True),
        Index("receipt_submission", "submission_id"),
    )

    id: uuid.UUID = Field(sa_column=Column(Uuid, primary_key=True))
    submission_id: uuid.UUID = Field(sa_column=Column(Uuid, nullable=False))
    organisation: str = Field(sa_column=Column(Text, nullable=False))
    number: int = Field(sa_column=Column(BigInteger, nullable=False))
    kind: str = Field(sa_column=Column(Text, nullable=False))
    issued_at: dt.datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    jws: str = Field(sa_column=Column(Text, nullable=False))

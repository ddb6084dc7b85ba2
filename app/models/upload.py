"""Tables of resumable uploads: what has arrived so far of a file."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSON
from sqlmodel import Field, SQLModel


class UploadRow(SQLModel, table=True):
    """A file on its way, and the submission that it became."""

    __tablename__ = "upload"
    __table_args__ = (Index("upload_organisation", "organisation", "expires_at"),)

    id: uuid.UUID = Field(sa_column=Column(Uuid, primary_key=True))
    client_id: str = Field(sa_column=Column(Text, nullable=False))
    organisation: str = Field(sa_column=Column(Text, nullable=False))
    byte_count: int = Field(sa_column=Column(BigInteger, nullable=False))
    byte_offset: int = Field(sa_column=Column(BigInteger, nullable=False))
    metadata_: dict[str, Any] = Field(sa_column=Column("metadata", JSON, nullable=False))
    created_at: dt.datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    expires_at: dt.datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    submission_id: uuid.UUID | None = Field(sa_column=Column(Uuid, nullable=True))


class UploadPart(SQLModel, table=True):
    """A part of such a file, as it came."""

    __tablename__ = "upload_part"

    upload_id: uuid.UUID = Field(
        sa_column=Column(Uuid, ForeignKey("upload.id", ondelete="CASCADE"), primary_key=True)
    )
    part: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))

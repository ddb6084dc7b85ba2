"""Tables of the two rooms: a time series is a row, its observations one document."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, Index, Integer, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSON
from sqlmodel import Field, SQLModel


class Series(SQLModel, table=True):
    """A series as the public may see it; count 0 = all its observations are gone."""

    __tablename__ = "series"

    agreement_id: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    key: list[str] = Field(sa_column=Column(ARRAY(Text(collation="C")), primary_key=True))
    dataflow_id: int = Field(sa_column=Column(Integer, nullable=False))
    observations: str = Field(sa_column=Column(JSON, nullable=False))
    attributes: str = Field(sa_column=Column(JSON, nullable=False))
    observation_count: int = Field(sa_column=Column(Integer, nullable=False))
    first_period: dt.date | None = Field(sa_column=Column(Date, nullable=True))
    last_period: dt.date | None = Field(sa_column=Column(Date, nullable=True))
    publication_id: int = Field(sa_column=Column(BigInteger, nullable=False))


class Attachment(SQLModel, table=True):
    """Attribute values above the series: NULL in the key = any, so the key tells the level."""

    __tablename__ = "attachment"

    agreement_id: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    key: list[str | None] = Field(sa_column=Column(ARRAY(Text(collation="C")), primary_key=True))
    attributes: str = Field(sa_column=Column(JSON, nullable=False))
    publication_id: int = Field(sa_column=Column(BigInteger, nullable=False))


class Change(SQLModel, table=True):
    """The journal: what each publication changed, forward only."""

    __tablename__ = "change"
    __table_args__ = (Index("change_publication", "agreement_id", "publication_id"),)

    agreement_id: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    key: list[str | None] = Field(sa_column=Column(ARRAY(Text(collation="C")), primary_key=True))
    publication_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    action: str = Field(sa_column=Column(Text, primary_key=True))
    observations: str | None = Field(sa_column=Column(JSON, nullable=True))
    attributes: str | None = Field(sa_column=Column(JSON, nullable=True))


class WithheldSeries(SQLModel, table=True):
    """Observations that only the audience may see, until `release_at` (infinity: for good)."""

    __tablename__ = "withheld_series"
    __table_args__ = (Index("withheld_series_release", "release_at"),)

    agreement_id: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    key: list[str] = Field(sa_column=Column(ARRAY(Text(collation="C")), primary_key=True))
    release_at: dt.datetime = Field(sa_column=Column(DateTime(timezone=True), primary_key=True))
    dataflow_id: int = Field(sa_column=Column(Integer, nullable=False))
    audience: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    observations: str = Field(sa_column=Column(JSON, nullable=False))
    attributes: str = Field(sa_column=Column(JSON, nullable=False))
    observation_count: int = Field(sa_column=Column(Integer, nullable=False))
    first_period: dt.date | None = Field(sa_column=Column(Date, nullable=True))
    last_period: dt.date | None = Field(sa_column=Column(Date, nullable=True))
    publication_id: int = Field(sa_column=Column(BigInteger, nullable=False))


class WithheldAttachment(SQLModel, table=True):
    """Attribute values above the series that only the audience may see."""

    __tablename__ = "withheld_attachment"

    agreement_id: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    key: list[str | None] = Field(sa_column=Column(ARRAY(Text(collation="C")), primary_key=True))
    release_at: dt.datetime = Field(sa_column=Column(DateTime(timezone=True), primary_key=True))
    audience: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    attributes: str = Field(sa_column=Column(JSON, nullable=False))
    publication_id: int = Field(sa_column=Column(BigInteger, nullable=False))


class WithheldChange(SQLModel, table=True):
    """The journal of the withheld room."""

    __tablename__ = "withheld_change"
    __table_args__ = (Index("withheld_change_publication", "agreement_id", "publication_id"),)

    agreement_id: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    key: list[str | None] = Field(sa_column=Column(ARRAY(Text(collation="C")), primary_key=True))
    publication_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    action: str = Field(sa_column=Column(Text, primary_key=True))
    audience: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    observations: str | None = Field(sa_column=Column(JSON, nullable=True))
    attributes: str | None = Field(sa_column=Column(JSON, nullable=True))


class Confirmed(SQLModel, table=True):
    """What a publication sent again as it stood, which so is not in the journal.

    Periods: NULL = all observations that the series had after the publication. `above`: the key
    is one of an attachment.
    """

    __tablename__ = "confirmed"
    __table_args__ = (Index("confirmed_publication", "agreement_id", "publication_id"),)

    agreement_id: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    key: list[str | None] = Field(sa_column=Column(ARRAY(Text(collation="C")), primary_key=True))
    publication_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    above: bool = Field(sa_column=Column(Boolean, primary_key=True))
    periods: list[str] | None = Field(sa_column=Column(ARRAY(Text), nullable=True))
    attributes: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))


class Witness(SQLModel, table=True):
    """One observation of a publication that was current when last looked at."""

    __tablename__ = "witness"

    publication_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    agreement_id: int = Field(sa_column=Column(Integer, nullable=False))
    key: list[str] = Field(sa_column=Column(ARRAY(Text(collation="C")), nullable=False))
    period: str = Field(sa_column=Column(Text, nullable=False))

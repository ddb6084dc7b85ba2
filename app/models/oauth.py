"""Tables of the built-in authorisation server."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Column, DateTime, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSON
from sqlmodel import Field, SQLModel


class Client(SQLModel, table=True):
    """A program that calls the service on behalf of one organisation.

    `agencies` are those whose artefacts it may maintain, their sub-agencies included.
    """

    __tablename__ = "oauth_client"
    __table_args__ = (Index("oauth_client_organisation", "organisation"),)

    client_id: str = Field(sa_column=Column(Text, primary_key=True))
    organisation: str = Field(sa_column=Column(Text, nullable=False))
    organisation_kind: str = Field(sa_column=Column(Text, nullable=False))
    secret_sha256: str | None = Field(sa_column=Column(Text, nullable=True))
    jwks: dict[str, Any] | None = Field(sa_column=Column(JSON, nullable=True))
    note: str | None = Field(sa_column=Column(Text, nullable=True))
    created_at: dt.datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    revoked_at: dt.datetime | None = Field(sa_column=Column(DateTime(timezone=True), nullable=True))
    agencies: list[str] = Field(
        default_factory=list,
        sa_column=Column(ARRAY(Text), nullable=False, server_default=text("'{}'")),
    )


class SigningKey(SQLModel, table=True):
    """A private key of the token endpoint, with the time since which it signs."""

    __tablename__ = "oauth_signing_key"

    kid: str = Field(sa_column=Column(Text, primary_key=True))
    private_jwk: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    created_at: dt.datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    retired_at: dt.datetime | None = Field(sa_column=Column(DateTime(timezone=True), nullable=True))


class UsedAssertion(SQLModel, table=True):
    """A client assertion that was used, kept until it expires so that it is used once."""

    __tablename__ = "oauth_used_assertion"
    __table_args__ = (Index("oauth_used_assertion_expiry", "expires_at"),)

    client_id: str = Field(sa_column=Column(Text, primary_key=True))
    jti: str = Field(sa_column=Column(Text, primary_key=True))
    expires_at: dt.datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))

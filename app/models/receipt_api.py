"""Replies on receipts."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Literal

from pydantic import Field

from app.models.api import Reply


class ReceiptReply(Reply):
    """A signed receipt, and what stands in it for those who only want to look."""

    id: uuid.UUID
    number: Annotated[int, Field(description="Place in the chain of the organisation's receipts.")]
    kind: Literal["arrival", "decision"]
    submission: uuid.UUID
    state: Annotated[str, Field(description="State of the submission when it was issued.")]
    issued_at: dt.datetime
    sha256: Annotated[str, Field(description="SHA-256 of the receipt; the next one names it.")]
    receipt: Annotated[str, Field(description="The receipt itself: JWS in compact form.")]


class ReceiptList(Reply):
    """The receipts of one submission, in their order."""

    receipts: list[ReceiptReply]


class ReceiptPage(Reply):
    """A part of the chain of an organisation's receipts."""

    receipts: list[ReceiptReply]
    next: Annotated[str | None, Field(description="Address of the next page, if there is one.")]

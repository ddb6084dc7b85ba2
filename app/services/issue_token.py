"""Issue an access token to a client that authenticates."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

from app.auth.authorization_server import Issuer, TokenReply, answer
from app.auth.keys import OwnKeys
from app.auth.token_request import TokenRequest
from app.settings import Settings
from app.store import clients as store
from app.store.clients import Client
from app.store.pools import with_retry
from app.store.types import Pool

TOKEN_PATH: Final = "/oauth/token"  # noqa: S105 - a path
_LOOKUP_SECONDS: Final = 30

T = TypeVar("T")


async def issue_token(
    writer: Pool, settings: Settings, keys: OwnKeys, request: TokenRequest
) -> TokenReply:
    """Answer a token request: a token, or a refusal in the words of OAuth 2.0 (RFC 6749, 5).

    The assertion of a client is recorded as used before the token is made, so that of two
    requests with the same assertion one succeeds at most.
    """
    loop = asyncio.get_running_loop()

    def wait(lookup: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(lookup, loop).result(_LOOKUP_SECONDS)

    async def find_client(client_id: str) -> Client | None:
        async with writer.acquire() as connection:
            return await store.get_client(connection, client_id)

    async def use_assertion(client_id: str, jti: str, expires_at: dt.datetime) -> bool:
        async with writer.acquire() as connection:
            return await store.record_assertion(connection, client_id, jti, expires_at)

    issuer = Issuer(
        url=settings.base_url,
        token_url=settings.base_url + TOKEN_PATH,
        token_seconds=settings.token_seconds,
        key=await keys.signing_key(),
        find_client=lambda client_id: wait(with_retry(lambda: find_client(client_id))),
        use_assertion=lambda *use: wait(use_assertion(*use)),
    )
    return await asyncio.to_thread(answer, issuer, request)

"""What the caller's organisation, or an agency that it maintains, was told."""

from __future__ import annotations

from app.auth.subject import Subject
from app.models.agreement_terms import NoticeList, NoticeReply
from app.sdmx.terms_texts import notice_texts
from app.store import notices_kept
from app.store.notices_kept import Notice
from app.store.pools import Pools, with_retry


async def list_notices(
    pools: Pools,
    subject: Subject,
    *,
    unseen: bool,
    limit: int,
    offset: int,
    base_url: str,
    language: str,
) -> NoticeList:
    """Notices, the newest first; `unseen`: those that nobody has marked as seen."""

    async def read() -> list[Notice]:
        async with pools.writer.acquire() as connection:
            told_to = [subject.organisation, *subject.agencies]
            return await notices_kept.told(connection, told_to, limit + 1, offset, unseen=unseen)

    found = await with_retry(read)
    address = f"{base_url}/api/notices?limit={limit}&offset={offset + limit}"
    return NoticeList(
        notices=[_described(one, language) for one in found[:limit]],
        next=f"{address}{'&unseen=true' if unseen else ''}" if len(found) > limit else None,
    )


def _described(notice: Notice, language: str) -> NoticeReply:
    texts = notice_texts(notice.kind, notice.facts)
    return NoticeReply(
        id=notice.id,
        kind=notice.kind,
        message=texts.get(language, texts["en"]),
        messages=texts,
        facts=dict(notice.facts),
        created_at=notice.created_at,
        seen_at=notice.seen_at,
    )

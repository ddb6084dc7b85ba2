"""The submissions of an organisation, the newest first."""

from __future__ import annotations

from app.auth.subject import Subject
from app.models.api import SubmissionList, SubmissionReply
from app.services.get_submission import (
    PRACTICE_PATH,
    SUBMISSIONS_PATH,
    SubmissionFacts,
    describe_with,
)
from app.store import standing, submissions
from app.store.pools import Pools, with_retry


async def list_submissions(
    pools: Pools,
    subject: Subject,
    *,
    state: str | None,
    limit: int,
    offset: int,
    base_url: str,
    language: str,
) -> SubmissionList:
    """A page of the submissions of the caller's organisation; findings are only counted."""

    async def read() -> tuple[list[SubmissionReply], bool]:
        async with pools.writer.acquire() as connection:
            stored = await submissions.of_organisation(
                connection, subject.organisation, state, limit + 1, offset
            )
            listed = [each.id for each in stored[:limit]]
            counts = await submissions.finding_counts_of(connection, listed)
            positions = await submissions.queue_positions(connection, listed)
            replaced = await standing.replaced_by(connection, subject.organisation, listed)
            replies = [
                describe_with(
                    each,
                    SubmissionFacts(
                        counts.get(each.id, {}),
                        positions.get(each.id),
                        [],
                        None,
                        replaced.get(each.id),
                    ),
                    base_url,
                    language,
                    practice=pools.is_practice,
                )
                for each in stored[:limit]
            ]
            return replies, len(stored) > limit

    replies, has_more = await with_retry(read)
    path = PRACTICE_PATH if pools.is_practice else SUBMISSIONS_PATH
    following = f"{base_url}{path}?limit={limit}&offset={offset + limit}"
    if state is not None:
        following += f"&state={state.replace(' ', '%20')}"
    return SubmissionList(submissions=replies, next=following if has_more else None)

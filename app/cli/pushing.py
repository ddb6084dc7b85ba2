"""Pushing files one by one: checked here, sent, followed, told; a journal keeps where each is."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.progress import Progress
from rich.text import Text

from app.cli.journal import Journal
from app.cli.local_files import LocalFile
from app.cli.offline import LocalCheck
from app.cli.offline_report import describe, print_groups, save_report
from app.cli.output import print_table, progress_bars
from app.cli.push_texts import counted, text
from app.cli.remote import NotSentError
from app.cli.sending import Parameters, Sender, Submission

SHOWN_FINDINGS: Final = 50

ACCEPTED, REFUSED, NOT_SENT = 0, 1, 2
OVERTAKEN: Final = "VIPMG-127"
"""The same file was published before, and others changed its figures since."""

_SAID: Final = {
    "rejected": "refused",
    "awaiting release": "waits",
    "accepted": "approval",
    "validated": "validated",
    "published": "accepted",
    "broken": "broken",
}
_STATUS: Final = {"rejected": REFUSED, "broken": NOT_SENT}


@dataclass(frozen=True, slots=True)
class Item:
    """A file to push, where its findings go, and whether it is passed over when it was sent."""

    path: Path
    report: Path | None = None
    skips: bool = False


class Pusher:
    """Sends files one by one, and remembers the answers.

    Attributes:
        answers: what became of each, for programs.
        skipped: how many were accepted before, and not asked about again.
    """

    def __init__(
        self,
        sender: Sender,
        journal: Journal,
        parameters: Parameters,
        console: Console,
        check: LocalCheck | None,
        answers: list[dict[str, Any]],
    ) -> None:
        self._sender = sender
        self._journal = journal
        self._parameters = parameters
        self._console = console
        self._check = check
        self.answers = answers
        self.skipped = 0

    def push(self, item: Item) -> int:
        """Send one file and show its verdict; return its exit status."""
        try:
            file = LocalFile.of(item.path)
            with self._bar(item.path, "read_bar", file.size) as told:
                plain = self._sender.key(file, self._parameters, told)
            known = self._journal.entry(plain).get("state")
            if item.skips and known is not None and not self._parameters.again:
                return self._pass_over(item, str(known))
            if self._check is not None and self._is_held(file, item):
                return REFUSED
            submission, before = self._send(file, plain)
        except (NotSentError, OSError) as error:
            overtaken = isinstance(error, NotSentError) and error.code == OVERTAKEN
            self.say(item.path, text("overtaken" if overtaken else "not_sent", why=error), "red")
            self.answers.append({"path": str(item.path), "not_sent": str(error)})
            return NOT_SENT
        self.answers.append({"path": str(item.path), **submission})
        self._tell(item, submission, before=before)
        return _STATUS.get(submission["state"], ACCEPTED)

    def say(self, path: Path, said: str, style: str) -> None:
        """Say something of a file."""
        self._console.print(Text.assemble((f"{path.name}: ", "bold"), (said, style)))

    def _pass_over(self, item: Item, state: str) -> int:
        if _STATUS.get(state, ACCEPTED) == ACCEPTED:
            self.skipped += 1
            return ACCEPTED
        self.say(item.path, text("refused_before"), "yellow")
        return REFUSED

    def _is_held(self, file: LocalFile, item: Item) -> bool:
        """Whether a check on this computer found what the service refuses in any case."""
        assert self._check is not None  # noqa: S101 - asked of the caller
        with (
            self._bar(item.path, "check_bar", file.size) as told,
            self._check.checked(file, told) as (checked, stage),
        ):
            held = checked.is_certainly_refused
            if held and item.report is not None:
                save_report(self._check, item.report, file, checked, stage)
        if not held:
            return False
        found, rows = counted("found", checked.report.errors), counted("rows", checked.rows)
        self.say(item.path, text("held", found=found, rows=rows), "red")
        print_groups(checked, self._console)
        if item.report is not None:
            self._console.print(Text(text("saved", report=item.report)))
        self.answers.append(describe(file, checked))
        return True

    def _send(self, file: LocalFile, plain: str) -> tuple[Submission, bool]:
        key = plain
        if self._parameters.again:
            # Kept until it is decided, so that a crash does not make it a third one.
            key = self._journal.entry(plain).get("again") or uuid.uuid4().hex
            self._journal.note(plain, again=key)
        self._journal.note(key, name=file.file_name)
        with self._bar(file.path, "send", file.size) as told:
            submission, before = self._sender.send(file, self._parameters, key, self._journal, told)
        self._journal.note(key, submission=submission["id"])
        with self._bar(file.path, "check_bar", submission.get("rows_total")) as rows:

            def follow(now: Submission) -> None:
                ahead = now.get("queue_position")
                rows(now.get("rows_read") or 0, now.get("rows_total"), ahead)

            submission = self._sender.follow(submission, follow)
        if submission["state"] != "broken":
            self._journal.note(plain, state=submission["state"])
            if key != plain:
                self._journal.note(plain, again=None)
        return submission, before

    def _tell(self, item: Item, submission: Submission, *, before: bool) -> None:
        refused = submission["state"] in _STATUS
        said, style = verdict(submission), "red" if refused else "green"
        if before:
            said = text("before", when=submission["received_at"], verdict=said)
            style = "red" if refused else "yellow"
        self.say(item.path, said, style)
        if not submission["findings"]["total"]:
            return
        if not refused:
            found = counted("found", submission["findings"]["total"])
            self.say(item.path, text("warned", found=found), "yellow")
        try:
            self._show_findings(submission, item.report)
        except (NotSentError, OSError) as error:  # the verdict stands, and others follow
            self.say(item.path, text("untold", why=error), "yellow")

    def _show_findings(self, submission: Submission, report: Path | None) -> None:
        total = submission["findings"]["total"]
        findings = self._sender.findings(submission, SHOWN_FINDINGS)
        print_table(text("columns"), map(_row, findings), console=self._console)
        if report is not None:
            self._sender.save_findings(submission, report)
            self._console.print(Text(text("saved", report=report)))
        elif total > SHOWN_FINDINGS:
            address = submission["links"]["findings_csv"]
            self._console.print(Text(text("more", more=total - SHOWN_FINDINGS, address=address)))

    @contextmanager
    def _bar(self, path: Path, name: str, total: int | None) -> Iterator[_Bar]:
        with progress_bars(self._console) as progress:
            yield _Bar(progress, f"{path.name}: {text(name)}", total)


class _Bar:
    """A bar that is told how far the work is."""

    def __init__(self, progress: Progress, label: str, total: int | None) -> None:
        self._progress = progress
        self._label = label.replace("[", r"\[")
        self._task = progress.add_task(self._label, total=total)

    def __call__(self, done: int, total: int | None = None, ahead: int | None = None) -> None:
        """Show how much is done, of how much, and how many wait before."""
        label = f"{self._label} ({text('queued', ahead=ahead)})" if ahead else self._label
        self._progress.update(self._task, completed=done, description=label)
        if total is not None:
            self._progress.update(self._task, total=total)


def verdict(submission: Submission) -> str:
    """What became of a submission, in a line."""
    changes = submission["changes"] or {}
    name = _SAID.get(submission["state"], "other")
    if (submission.get("waiting") or {}).get("reason") == "expired":
        name = "expired"
    elif submission.get("partial") and name == "accepted":
        name = "partial"
    told = text(
        name,
        rows=counted("rows", submission["rows"] or 0),
        found=counted("found", submission["findings"]["total"]),
        put=counted("put", changes.get("observations_put", 0)),
        gone=counted("gone", changes.get("observations_deleted", 0)),
        release=submission["release_at"],
        state=submission["state"],
        left=submission.get("rows_left_out", 0),
    )
    series = 0 if submission["state"] in _STATUS else _changed_series(submission)
    if series:
        return told + counted("attributes", series)
    figures = changes.get("observations_put", 0) + changes.get("observations_deleted", 0)
    above = 0 if figures else changes.get("attachments", 0)
    return told + (counted("above", above) if above else "")


def _changed_series(submission: Submission) -> int:
    """Series whose attributes change, also those that wait, by publication or by its preview."""
    preview = submission.get("preview")
    if preview is None:
        return int((submission["changes"] or {}).get("series_attributes", 0))
    return sum(
        each["series_attributes"] + each["withheld"].get("series_attributes", 0) for each in preview
    )


def _row(finding: dict[str, Any]) -> list[str]:
    row, *cells = (finding[name] for name in ("row", "column", "value", "message", "nearest"))
    kind = text(finding["severity"])
    return ["" if cell is None else str(cell) for cell in (row, kind, *cells)]

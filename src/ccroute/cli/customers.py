"""``ccroute customers``: tells a customer all that is known of it, and erases it.

A number or an address on a command line shows in the list of processes and stays in the shell's memory: ``-`` reads who
is meant from standard input instead.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from ccroute.cli.beside import SCHEMA, open_history, open_keys
from ccroute.cli.screen import show, show_json, show_line

if TYPE_CHECKING:
    from ccroute.customers import Erasure, Privacy

_JOURNAL: Final = typer.Argument(metavar="JOURNAL", help="The file of the journal; customers and keys lie beside it.")
_WHO: Final = typer.Argument(metavar="WHO", help="An id, or with --by what it is known by; - reads standard input.")
_WHO_ALL: Final = typer.Argument(metavar="WHO...", help="As many as there are; - reads one from standard input.")
_BY: Final = typer.Option(None, "--by", metavar="KIND", help="WHO is a phone, an email, or another kind of handle.")
_MASTER: Final = typer.Option(..., "--master", metavar="FILE", help="The file of the master key.")
_POSTGRES: Final = typer.Option(
    None, "--postgres", metavar="DSN", help="Customers and history are on this PostgreSQL server."
)
_KEYS: Final = typer.Option(None, "--keys", metavar="DSN", help="The keys are on this PostgreSQL server.")
_REGION: Final = typer.Option(None, "--region", metavar="CC", help="Country, as in DE, of phone numbers without +.")
_NEW: Final = typer.Argument(metavar="FILE", help="Made for you alone; it must not be there.")
_AS_JSON: Final = typer.Option(False, "--json", help="Show what was done as one line of JSON.")


def customers_app() -> typer.Typer:
    """Return the group of commands on customers."""
    group = typer.Typer(help="Tell a customer all that is known of it; erase it; make a master key.")
    group.command("export")(export)
    group.command("erase")(erase)
    group.command("repeat-erasures")(repeat_erasures)
    group.command("make-master")(make_master)
    return group


@contextlib.contextmanager
def opened_privacy(
    journal: str, *, master: str, postgres: str | None, schema: str, keys: str | None
) -> Iterator[Privacy]:
    """Open what is known of customers beside a journal, or on a server, until the context ends."""
    from ccroute.customers import Privacy, master_file, postgres_customers, postgres_vault, sqlite_customers

    with contextlib.ExitStack() as ended:
        if keys is None:
            vault = open_keys(ended, journal, master)
        else:
            vault = postgres_vault(keys, master_file(master), schema=f"{schema}_keys")
            ended.callback(vault.close)
        if postgres is None:
            customers = sqlite_customers(journal, vault)
        else:
            customers = postgres_customers(postgres, vault, schema=f"{schema}_customers")
        ended.callback(customers.close)
        history = None
        if postgres is not None or Path(f"{journal}-history").exists():
            history = open_history(ended, journal, vault=vault, postgres=postgres, schema=schema)
        yield Privacy(vault, customers=customers, history=history)


def export(
    journal: str = _JOURNAL,
    who: str = _WHO,
    master: str = _MASTER,
    by: str | None = _BY,
    region: str | None = _REGION,
    postgres: str | None = _POSTGRES,
    schema: str = SCHEMA,
    keys: str | None = _KEYS,
) -> int:
    """Write all that is known of a customer, as JSON: for the customer."""
    import msgspec

    with opened_privacy(journal, master=master, postgres=postgres, schema=schema, keys=keys) as privacy:
        told = privacy.export(_id_of(privacy, who, by, region))
    show_line(msgspec.json.format(msgspec.json.encode(told), indent=2))
    return 0


def erase(
    journal: str = _JOURNAL,
    who: list[str] = _WHO_ALL,
    master: str = _MASTER,
    by: str | None = _BY,
    yes: bool = typer.Option(False, "--yes", help="Do not ask."),
    region: str | None = _REGION,
    postgres: str | None = _POSTGRES,
    schema: str = SCHEMA,
    keys: str | None = _KEYS,
    as_json: bool = _AS_JSON,
) -> int:
    """Erase customers for ever: keys, numbers, addresses, messages, notes. Routing ids stay, as nobody's.

    Exit status 1 if what was deleted is still in files that somebody read meanwhile.
    """
    if not yes and not typer.confirm(f"erase {len(who)} for ever?", err=True):
        raise typer.Abort
    with opened_privacy(journal, master=master, postgres=postgres, schema=schema, keys=keys) as privacy:
        ids = [_id_of(privacy, one, by, region) for one in who]
        erasures = [privacy.erase(one, scrub=False) for one in ids]
        is_scrubbed = privacy.scrub()
    for erasure in erasures:
        _show_erasure(erasure, is_scrubbed=is_scrubbed, as_json=as_json)
    return 0 if is_scrubbed else 1


def repeat_erasures(
    journal: str = _JOURNAL,
    master: str = _MASTER,
    postgres: str | None = _POSTGRES,
    schema: str = SCHEMA,
    keys: str | None = _KEYS,
    as_json: bool = _AS_JSON,
) -> int:
    """Erase again whom a restored backup has brought back, and finish what was cut short.

    Exit status 1 if what was deleted is still in files that somebody read meanwhile.
    """
    with opened_privacy(journal, master=master, postgres=postgres, schema=schema, keys=keys) as privacy:
        erasure = privacy.repeat_erasures()
    _show_erasure(erasure, is_scrubbed=erasure.is_scrubbed, as_json=as_json)
    return 0 if erasure.is_scrubbed else 1


def make_master(
    file: str = typer.Argument(metavar="FILE", help="Made here, for you alone; it must not be there."),
) -> int:
    """Make a master key. Keep a copy apart from all backups: without it everything that was sealed is lost."""
    from ccroute.customers import make_master_file

    make_master_file(file)
    show(f"{file}: a master key; without it what was sealed is lost, with it and the keys it can be read")
    return 0


def _id_of(privacy: Privacy, who: str, by: str | None, region: str | None) -> str:
    """Return the id of whom is meant. What a customer is known by stands in no message."""
    from ccroute.customers import handle
    from ccroute.errors import UnknownCustomer

    if who == "-":
        who = "" if sys.stdin is None else sys.stdin.readline().strip()
    if by is None:
        return who
    found = privacy.find(handle(by, who, region=region))
    if found is None:
        raise UnknownCustomer(f"by {by}")
    return found


def _show_erasure(erasure: Erasure, *, is_scrubbed: bool, as_json: bool) -> None:
    import msgspec

    if as_json:
        show_json(msgspec.structs.replace(erasure, is_scrubbed=is_scrubbed))
        return
    show(
        f"{', '.join(erasure.customer_ids) or 'nobody'}: {erasure.keys:,} keys destroyed, "
        f"{erasure.identities:,} identities and {erasure.additions:,} texts deleted, "
        f"{erasure.contacts:,} contacts are nobody's; "
        f"{'nothing is left in the files' if is_scrubbed else 'files were being read: run repeat-erasures later'}"
    )

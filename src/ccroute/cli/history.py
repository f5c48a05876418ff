"""``ccroute history``: looks things up in the history beside a journal, writes it out, and keeps it in order."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from ccroute.cli.beside import SCHEMA, check_readable, open_history, open_keys
from ccroute.cli.hours import moment_us
from ccroute.cli.screen import NOTHING, show, show_json, table

if TYPE_CHECKING:
    from ccroute.history.store import SqlHistory
    from ccroute.timeline import ContactStory, TimelineEntry

_JOURNAL: Final = typer.Argument(metavar="JOURNAL", help="The file of the journal; its history lies beside it.")
_MASTER: Final = typer.Option(
    None,
    "--master",
    metavar="FILE",
    help="The file of the master key; without: what was said stays sealed.",
)
_POSTGRES: Final = typer.Option(
    None, "--postgres", metavar="DSN", help="The history is on this PostgreSQL server, not beside the journal."
)
_AS_JSON: Final = typer.Option(False, "--json", help="Show JSON, a line for each.")
_CUSTOMER: Final = typer.Option([], "--customer", metavar="ID", help="Of this customer; may be repeated.")
_WHEN: Final = "a moment such as 2026-11-23 or 2026-11-23T08:00+03:00"
_US_PER_S: Final = 1_000_000
_SEARCHED_US: Final = 90 * 24 * 3_600 * _US_PER_S


def history_app() -> typer.Typer:
    """Return the group of commands on histories."""
    group = typer.Typer(help="Look things up in a history, write it out, forget what is old, rebuild it.")
    group.command("show")(show_contact)
    group.command("search")(search)
    group.command("export")(export)
    group.command("forget")(forget)
    group.command("rebuild")(rebuild)
    group.command("reindex")(reindex)
    return group


@contextlib.contextmanager
def opened_history(
    journal: str,
    *,
    master: str | None = None,
    postgres: str | None = None,
    schema: str = "ccroute",
    is_new: bool = False,
) -> Iterator[SqlHistory]:
    """Open the history beside a journal, or on a server, until the context ends.

    :param is_new: it need not be there.
    """
    with contextlib.ExitStack() as ended:
        vault = None if master is None else open_keys(ended, journal, master)
        if postgres is None and not is_new:
            check_readable(f"{journal}-history")
        yield open_history(ended, journal, vault=vault, postgres=postgres, schema=schema)


def show_contact(
    journal: str = _JOURNAL,
    contact: str = typer.Argument(metavar="CONTACT", help="The contact; the newest one of this id."),
    master: str | None = _MASTER,
    postgres: str | None = _POSTGRES,
    schema: str = SCHEMA,
    as_json: bool = _AS_JSON,
) -> int:
    """Show a contact with its legs and all that happened and was said. Exit status 1 if there is none."""
    with opened_history(journal, master=master, postgres=postgres, schema=schema) as history:
        story = history.contact(contact)
    if story is None:
        show(f"{journal}: there is no contact {contact!r}")
        return 1
    if as_json:
        show_json(story)
    else:
        _show_story(story)
    return 0


def _show_story(story: ContactStory) -> None:
    contact = story.contact
    told = [
        f"contact {contact.contact_id} of {contact.customer_id or 'nobody who is known'}: {contact.state.value}",
        f"came {_clock(contact.began_at_us)} by {contact.channel}, ended {_clock(contact.ended_at_us)}, "
        f"disposition {contact.disposition or NOTHING}",
    ]
    legs = [
        (leg.agent_id, leg.queue_id, _clock(leg.began_at_us), _span(leg.handled_us), _span(leg.wrapped_us))
        for leg in story.legs
    ]
    show(*told, table("legs", ("agent", "queue", "began", "handled", "wrap-up"), legs), _table_of(story.entries))


def _table_of(entries: list[TimelineEntry]) -> str:
    return "\n".join(f"{_clock(one.at_us)}  {one.kind:24}  {_said(one)}".rstrip() for one in entries)


def _said(entry: TimelineEntry) -> str:
    from ccroute.history.words import text_of

    addition = entry.addition
    if addition is not None:
        return " ".join(text_of(addition).split())
    told = [entry.agent_id, entry.queue_id, *(f"{name} {value}" for name, value in entry.details.items())]
    return ", ".join(one for one in told if one)


def search(
    journal: str = _JOURNAL,
    words: str = typer.Argument(metavar="WORDS", help='What must be in a text; "…" holds words together.'),
    customer: list[str] = _CUSTOMER,
    from_: str | None = typer.Option(None, "--from", metavar="WHEN", help=f"Since {_WHEN}; else 90 days."),
    until: str | None = typer.Option(None, "--until", metavar="WHEN", help="Before that moment."),
    limit: int = typer.Option(20, "--limit", metavar="N", help="Show so many, the newest ones; 1 to 1000."),
    master: str | None = _MASTER,
    postgres: str | None = _POSTGRES,
    schema: str = SCHEMA,
    as_json: bool = _AS_JSON,
) -> int:
    """Find messages, notes and answers. Without --master only what was never sealed."""
    from_us = None if customer and from_ is None else moment_us(from_) - (_SEARCHED_US if from_ is None else 0)
    with opened_history(journal, master=master, postgres=postgres, schema=schema) as history:
        page = history.search(
            words,
            customer_ids=customer or None,
            from_us=from_us,
            until_us=None if until is None else moment_us(until),
            page_size=limit,
        )
    for entry in page.entries:
        if as_json:
            show_json(entry)
        else:
            show(f"{_clock(entry.at_us)}  {entry.contact_id or NOTHING}  {entry.kind}  {_said(entry)}")
    return 0


def export(
    journal: str = _JOURNAL,
    target: str = typer.Argument(metavar="FILE", help="A file .csv or .parquet; - is CSV to standard output."),
    of: str = typer.Option("contacts", "--of", metavar="WHAT", help="contacts, legs or entries."),
    from_: str | None = typer.Option(None, "--from", metavar="WHEN", help=f"Contacts that came since {_WHEN}."),
    until: str | None = typer.Option(None, "--until", metavar="WHEN", help="Contacts that came before that moment."),
    queue: str | None = typer.Option(None, "--queue", metavar="ID", help="Contacts that were in this queue last."),
    customer: list[str] = _CUSTOMER,
    texts: bool = typer.Option(False, "--texts", help="Entries with what was said; needs --master where it is sealed."),
    master: str | None = _MASTER,
    postgres: str | None = _POSTGRES,
    schema: str = SCHEMA,
) -> int:
    """Write contacts, legs or entries as a table, newest first."""
    from ccroute.history import Table, write_csv, write_parquet
    from ccroute.timeline import ContactFilter

    if of not in list(Table):
        raise typer.BadParameter(f"--of must be one of {', '.join(Table)}, was {of!r}")
    if target != "-" and Path(target).suffix not in {".csv", ".parquet"}:
        raise typer.BadParameter(f"FILE must end with .csv or .parquet, was {target!r}")
    chosen = ContactFilter(
        customer_ids=customer or None,
        from_us=None if from_ is None else moment_us(from_),
        until_us=None if until is None else moment_us(until),
        queue_id=queue,
    )
    with opened_history(journal, master=master, postgres=postgres, schema=schema) as history:
        if target == "-":
            write_csv(history, Table(of), sys.stdout, chosen, with_texts=texts)
            return 0
        if target.endswith(".csv"):
            with open(target, "w", newline="", encoding="utf-8") as file:
                count = write_csv(history, Table(of), file, chosen, with_texts=texts)
        else:
            count = write_parquet(history, Table(of), target, chosen, with_texts=texts)
    show(f"{target}: {count:,} {of}")
    return 0


def forget(
    journal: str = _JOURNAL,
    before: str | None = typer.Option(None, "--before", metavar="WHEN", help=f"What ended before {_WHEN}."),
    older_than: str | None = typer.Option(None, "--older-than", metavar="SPAN", help="What ended so long ago: 90d."),
    queue: str | None = typer.Option(None, "--queue", metavar="ID", help="Only what was in this queue last."),
    texts_only: bool = typer.Option(False, "--texts-only", help="Only what was said; contacts, legs and events stay."),
    postgres: str | None = _POSTGRES,
    schema: str = SCHEMA,
) -> int:
    """Remove contacts that ended long ago, with all that belongs to them."""
    from ccroute.config.durations import parse_duration

    if (before is None) == (older_than is None):
        raise typer.BadParameter("give one of --before and --older-than")
    before_us = moment_us(before) - (0 if older_than is None else parse_duration(older_than))
    with opened_history(journal, postgres=postgres, schema=schema) as history:
        gone = history.forget(max(0, before_us), queue_id=queue, texts_only=texts_only)
    show(f"{journal}: {gone.contacts:,} contacts and {gone.additions:,} texts are gone")
    return 0


def rebuild(
    journal: str = _JOURNAL,
    source: str = typer.Option("engine", "--source", metavar="NAME", help="Under which name it was written."),
    postgres: str | None = _POSTGRES,
    schema: str = SCHEMA,
) -> int:
    """Write a history anew from its journal; what was said stays. Nobody else may write into it meanwhile."""
    from ccroute.cli.journal import opened_journal
    from ccroute.cli.progress import Bar
    from ccroute.history import rebuild_history
    from ccroute.journal import JournalFeed

    with (
        opened_journal(journal) as opened,
        opened_history(journal, postgres=postgres, schema=schema, is_new=True) as history,
        Bar("rebuilding") as bar,
    ):
        last = max(1, opened.mark().seq)
        count = rebuild_history(JournalFeed(opened), history, source=source, tell=lambda seq: bar.told(seq / last))
    show(f"{journal}: {count:,} events")
    return 0


def reindex(
    journal: str = _JOURNAL, master: str | None = _MASTER, postgres: str | None = _POSTGRES, schema: str = SCHEMA
) -> int:
    """Make the search index of a history anew. Needs --master where texts are sealed."""
    with opened_history(journal, master=master, postgres=postgres, schema=schema) as history:
        history.rebuild_search()
    show(f"{journal}: the search index is made")
    return 0


def _clock(at_us: int | None) -> str:
    import datetime

    if at_us is None:
        return NOTHING
    moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=at_us)
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def _span(length_us: int | None) -> str:
    return NOTHING if length_us is None else f"{length_us / _US_PER_S:,.1f} s"

"""Records: how a batch of commands, and what came of them, becomes bytes, and how those are checked.

A record has three parts. The *head* is of a fixed length, ends in a checksum of its own and holds the digests of the
other parts and of the record before: the digest of a head vouches for the record and for all before it. The *body* is a
list of entries, ``[at_us, checksum of its events, command]``, as JSON; ``null`` for a command means that time went on.
The *events* are a line per entry, a list of what it gave. Record 1 is the beginning: its body is a configuration.

``at_us`` of an entry is the moment for which the call stood, so that no call that left no trace (an ``advance`` to
which nothing happened) matters to a replay. A record holds whole calls: what ``handle_many`` checked at once is in one
record, and is checked at once again. JSON, because exact decimals and whole numbers stay what they are in it, and
because it is read as fast as msgpack is where most bytes are ids.
"""

from __future__ import annotations

import struct
from decimal import Decimal
from hashlib import blake2b
from typing import Final, NoReturn

import msgspec

from ccroute.commands import AnyCommand
from ccroute.errors import InvalidId, JournalConflict, JournalCorrupt, OutOfRange, WrongType
from ccroute.events import AnyEvent
from ccroute.ports import Mark, Record

__all__ = [
    "DIGEST_SIZE",
    "FORMAT",
    "NO_DIGEST",
    "Beginning",
    "Entry",
    "Head",
    "beginning_of",
    "check_continues",
    "check_kept",
    "check_seq",
    "check_subscriber",
    "digest_of",
    "entries_of",
    "event_lines_of",
    "head_of",
    "opened",
    "seal",
]

FORMAT: Final = 1
"""Version of the form of records; a release reads those up to its own."""

DIGEST_SIZE: Final = 32
NO_DIGEST: Final = bytes(DIGEST_SIZE)
"""What stands before the first record."""

_MAGIC: Final = b"ccrJ"
_FIELDS: Final = struct.Struct("<4sHHIIQQQQQQQ32s32s32s")
_CHECK_SIZE: Final = 8
_SEQ_MAX: Final = 2**53 - 1
HEAD_SIZE: Final = _FIELDS.size + _CHECK_SIZE


class Head(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a record says of itself."""

    format: int
    """``FORMAT`` of the release that wrote it."""
    rules: int
    """Rules version under which its commands gave its events."""
    entries: int
    """How many entries the body has; 0: it is the beginning."""
    seq: int
    """Of the record."""
    epoch: int
    """Of its owner."""
    at_us: int
    """Where the engine stood behind it."""
    first_event: int
    """Seq of its first event; where it gave none, of the next one to come."""
    events: int
    """How many events it gave."""
    body_size: int
    """Bytes of the body."""
    events_size: int
    """Bytes of the events."""
    previous: bytes
    """Digest of the record before."""
    body_digest: bytes
    """Digest of the body."""
    events_digest: bytes
    """Digest of the events, which stays when they go."""


class Beginning(msgspec.Struct, frozen=True, kw_only=True):
    """Body of the first record."""

    format: int
    """``FORMAT`` of the release that began the journal."""
    rules: int
    """Its rules version."""
    package: str
    """Its version."""
    config: msgspec.Raw
    """The configuration of the new engine, as JSON."""


class Entry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One call of the engine."""

    at_us: int
    """The moment for which it stood."""
    checksum: int
    """CRC-32 of the line of its events."""
    command: AnyCommand | None
    """None: ``advance``."""


_ENTRIES: Final = msgspec.json.Decoder(list[Entry], float_hook=Decimal)
_LINE: Final = msgspec.json.Decoder(list[AnyEvent], float_hook=Decimal)
_BEGINNING: Final = msgspec.json.Decoder(Beginning)


def digest_of(data: bytes) -> bytes:
    """Return the BLAKE2b-256 of bytes."""
    return blake2b(data, digest_size=DIGEST_SIZE).digest()


def seal(head: Head, body: bytes, events: bytes) -> Record:
    """Return the record of a head whose sizes and digests of body and events are worked out here."""
    fields = _FIELDS.pack(
        _MAGIC,
        head.format,
        0,
        head.rules,
        head.entries,
        head.seq,
        head.epoch,
        head.at_us,
        head.first_event,
        head.events,
        len(body),
        len(events),
        head.previous,
        digest_of(body),
        digest_of(events),
    )
    whole = fields + _check(fields)
    return _record(head, whole, body, events)


def _record(known: Head, head: bytes, body: bytes, events: bytes | None) -> Record:
    return Record(
        seq=known.seq,
        epoch=known.epoch,
        previous=known.previous,
        digest=digest_of(head),
        head=head,
        body=body,
        events=events,
    )


def _check(fields: bytes) -> bytes:
    return blake2b(fields, digest_size=_CHECK_SIZE).digest()


def head_of(data: bytes, name: str, seq: int) -> Head:
    """Return the head in bytes.

    :param name: of the journal, for the message.
    :param seq: that the record should have.
    :raises JournalCorrupt: the bytes are no head, or that of another record.
    """
    if len(data) != HEAD_SIZE or data[-_CHECK_SIZE:] != _check(data[:-_CHECK_SIZE]):
        _corrupt(name, seq, "its head does not agree with its checksum")
    magic, form, _, rules, entries, own, epoch, at_us, first, count, body, events, *digests = _FIELDS.unpack_from(data)
    if magic != _MAGIC or own != seq:
        _corrupt(name, seq, f"its head is that of record {own}")
    if not 1 <= form <= FORMAT:
        _corrupt(name, seq, f"it has format {form}, this release reads 1 to {FORMAT}")
    return Head(
        format=form,
        rules=rules,
        entries=entries,
        seq=own,
        epoch=epoch,
        at_us=at_us,
        first_event=first,
        events=count,
        body_size=body,
        events_size=events,
        previous=digests[0],
        body_digest=digests[1],
        events_digest=digests[2],
    )


def opened(name: str, seq: int, head: bytes, body: bytes, events: bytes | None, previous: bytes | None) -> Record:
    """Return the record of what was read, once everything in it has been checked.

    :param previous: digest of the record before; None: not known.
    :raises JournalCorrupt: something is not what was written.
    """
    if not (type(head) is type(body) is bytes and (events is None or type(events) is bytes)):
        _corrupt(name, seq, "it is not made of bytes")
    known = head_of(head, name, seq)
    if previous is not None and known.previous != previous:
        _corrupt(name, seq, f"it does not continue record {seq - 1}")
    if len(body) != known.body_size or digest_of(body) != known.body_digest:
        _corrupt(name, seq, "its body does not agree with its digest")
    if events is not None and (len(events) != known.events_size or digest_of(events) != known.events_digest):
        _corrupt(name, seq, "its events do not agree with their digest")
    return _record(known, head, body, events)


def check_continues(name: str, record: Record, last: Mark, *, expected_seq: int, epoch: int) -> None:
    """Check that a record is the next one behind the last of a journal, as the owner of an epoch believes.

    :raises JournalConflict: it is not, or the owner believes another one to be the last.
    """
    if (record.epoch, expected_seq, record.seq, record.previous) != (epoch, last.seq, last.seq + 1, last.digest):
        raise JournalConflict(f"{name}: record {record.seq} does not continue record {last.seq}")


def _corrupt(name: str, seq: int, message: str) -> NoReturn:
    raise JournalCorrupt(f"{name}, record {seq}", message, record=seq)


def check_kept(after: int, first_seq: int) -> None:
    """Check that the records behind one are kept.

    :param first_seq: of the first record that is.
    :raises WrongType: it is no integer.
    :raises OutOfRange: they are not any more.
    """
    check_seq("after", after)
    if after + 1 < first_seq:
        raise OutOfRange("after", after, f"at least {first_seq - 1}: what lies before is not kept any more")


def check_seq(argument: str, seq: object) -> None:
    """Check what may be the seq of a record.

    :raises WrongType: it is no integer.
    :raises OutOfRange: no journal comes so far.
    """
    if type(seq) is not int:
        raise WrongType(argument, seq, "an integer")
    if seq > _SEQ_MAX:
        raise OutOfRange(argument, seq, f"at most {_SEQ_MAX}")


def check_subscriber(subscriber: object) -> None:
    """Check the name of a subscriber, which stands in the journal beside those of all others.

    :raises WrongType: it is no text.
    :raises InvalidId: it holds a lone surrogate.
    """
    if type(subscriber) is not str:
        raise WrongType("subscriber", subscriber, "a str")
    try:
        subscriber.encode()
    except UnicodeEncodeError as error:
        raise InvalidId("subscriber", subscriber, "a name without lone surrogates") from error


def entries_of(record: Record) -> list[Entry]:
    """Return the entries of a record that is not the beginning.

    :raises JournalCorrupt: its body is none of this release.
    """
    try:
        return _ENTRIES.decode(record.body)
    except (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError) as error:
        raise JournalCorrupt(f"record {record.seq}", f"its body cannot be read: {error}", record=record.seq) from error


def event_lines_of(record: Record) -> list[list[AnyEvent]]:
    """Return the events of a record that has them, a list per entry.

    :raises JournalCorrupt: they are none of this release.
    """
    try:
        return [_LINE.decode(line) for line in (record.events or b"").split(b"\n") if line]
    except (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError) as error:
        raise JournalCorrupt(
            f"record {record.seq}", f"its events cannot be read: {error}", record=record.seq
        ) from error


def beginning_of(record: Record) -> Beginning:
    """Return what the first record says.

    :raises JournalCorrupt: its body is none of this release.
    """
    try:
        return _BEGINNING.decode(record.body)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise JournalCorrupt(f"record {record.seq}", f"its body cannot be read: {error}", record=record.seq) from error

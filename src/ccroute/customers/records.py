"""What is known of a customer, written and read, and several records put together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final, TypeVar

import msgspec

from ccroute.errors import OutOfRange, WrongType
from ccroute.personal import withheld
from ccroute.ports import CustomerRecord
from ccroute.types import ATTRIBUTES_MAX, AttributeValue

__all__ = ["ADDRESSES_MAX", "RECORD_TEXT_LENGTH_MAX", "combine", "read_record", "write_record"]

ADDRESSES_MAX: Final = 16
"""Addresses in a record."""
RECORD_TEXT_LENGTH_MAX: Final = 65_536
"""Characters in a text of a record."""

_T = TypeVar("_T")

_encoder: Final = msgspec.json.Encoder(decimal_format="number")
_decoder: Final[msgspec.json.Decoder[object]] = msgspec.json.Decoder(float_hook=Decimal)


def write_record(record: CustomerRecord) -> bytes:
    """Return a record as JSON.

    :raises WrongType: it is none, or a field has not the type that is stated for it.
    :raises OutOfRange: a text or a list is too long.
    """
    if type(record) is not CustomerRecord:
        raise WrongType("record", withheld(record), "a CustomerRecord")
    check_lengths(record)
    try:
        written = _encoder.encode(record)
        is_same = read_record(written) == record
    except (msgspec.MsgspecError, TypeError, ValueError, ArithmeticError, RecursionError):
        is_same = False
    if not is_same:
        # Not chained: what msgspec says may quote a value.
        raise WrongType("record", withheld(record), "of fields that have the types stated for them")
    return written


def check_lengths(record: CustomerRecord) -> None:
    """Check how long the texts and lists of a record are.

    :raises OutOfRange: one is too long.
    """
    for name in ("name", "remarks", "language", "manager_id"):
        _check_text(name, getattr(record, name))
    if type(record.addresses) is list:
        if len(record.addresses) > ADDRESSES_MAX:
            raise OutOfRange("addresses", len(record.addresses), f"at most {ADDRESSES_MAX} addresses")
        for index, address in enumerate(record.addresses):
            _check_text(f"addresses[{index}]", address)
    if type(record.attributes) is dict and len(record.attributes) > ATTRIBUTES_MAX:
        raise OutOfRange("attributes", len(record.attributes), f"at most {ATTRIBUTES_MAX} attributes")


def _check_text(argument: str, text: object) -> None:
    if type(text) is str and len(text) > RECORD_TEXT_LENGTH_MAX:
        raise OutOfRange(argument, withheld(text), f"at most {RECORD_TEXT_LENGTH_MAX} characters long")


def read_record(written: bytes) -> CustomerRecord:
    """Return the record that was written."""
    record: CustomerRecord = msgspec.convert(_decoder.decode(written), CustomerRecord)
    return record


def combine(records: Sequence[CustomerRecord]) -> CustomerRecord:
    """Return one record of several: of each field what the first says that says something, of lists all."""
    attributes: dict[str, AttributeValue] = {}
    for record in records:
        attributes = {**record.attributes, **attributes}
    return CustomerRecord(
        name=_first(record.name for record in records),
        addresses=list(dict.fromkeys(address for record in records for address in record.addresses)),
        remarks="\n".join(dict.fromkeys(record.remarks for record in records if record.remarks is not None)) or None,
        language=_first(record.language for record in records),
        tier=_first(record.tier for record in records),
        manager_id=_first(record.manager_id for record in records),
        attributes=attributes,
    )


def _first(values: Iterable[_T | None]) -> _T | None:
    return next((value for value in values if value is not None), None)

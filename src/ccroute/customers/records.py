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

__all__ = ["ADDRESSES_MAX", "RECORD_TEXT_LENGTH_MAX", "check_record", "combine", "read_record", "write_record"]

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
    check_record(record)
    try:
        written = _encoder.encode(record)
    except ValueError:  # a lone surrogate
        written = None
    if written is None:
        # Not chained: what msgspec says may quote a value.
        raise WrongType("record", withheld(record), "of texts that are Unicode")
    return written


def check_record(record: CustomerRecord) -> None:
    """Check a record, whoever made it. No error tells what is in it.

    :raises WrongType: it is none, or a field has not the type that is stated for it.
    :raises OutOfRange: a text or a list is too long.
    """
    if type(record) is not CustomerRecord:
        raise WrongType("record", withheld(record), "a CustomerRecord")
    try:
        msgspec.convert(msgspec.structs.asdict(record), CustomerRecord)
        has_types = all(_is_attribute(value) for value in record.attributes.values())
    except msgspec.ValidationError:
        has_types = False
    if not has_types:
        raise WrongType("record", withheld(record), "of fields that have the types stated for them")
    check_lengths(record)


def _is_attribute(value: object) -> bool:
    if type(value) is list:
        return all(type(text) is str for text in value)
    return type(value) in (bool, str, int) or (type(value) is Decimal and value.is_finite())


def check_lengths(record: CustomerRecord) -> None:
    """Check how long the texts and lists of a record are.

    :raises OutOfRange: one is too long.
    """
    for name in ("name", "remarks", "language", "manager_id"):
        _check_text(name, getattr(record, name))
    if len(record.addresses) > ADDRESSES_MAX:
        raise OutOfRange("addresses", len(record.addresses), f"at most {ADDRESSES_MAX} addresses")
    for index, address in enumerate(record.addresses):
        _check_text(f"addresses[{index}]", address)
    if len(record.attributes) > ATTRIBUTES_MAX:
        raise OutOfRange("attributes", len(record.attributes), f"at most {ATTRIBUTES_MAX} attributes")


def _check_text(argument: str, text: str | None) -> None:
    if text is not None and len(text) > RECORD_TEXT_LENGTH_MAX:
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

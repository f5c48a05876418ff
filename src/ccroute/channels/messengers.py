"""What messengers send to a webhook, read: Telegram's Bot API, WhatsApp's Cloud API, VK's Callback API.

A reader never raises. What it does not know, or cannot read, it passes over and names by its kind, so that somebody can
be told; no value of a payload is in such a name. Ids that go on from here name no person: addresses do, and stay with
the channel.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, ClassVar, Final

import msgspec

from ccroute.personal import Personal
from ccroute.timeline import BODY_LENGTH_MAX

__all__ = ["Incoming", "Parsed", "read_telegram", "read_vk", "read_whatsapp"]

_US: Final = 1_000_000
_SECONDS: Final = 9_007_199_254
_KIND: Final = re.compile("[a-z][a-z0-9_.]{0,47}")
_TEXT: Final = 1_000


class Incoming(Personal, frozen=True, kw_only=True):
    """A message from somebody outside."""

    shown_fields: ClassVar[frozenset[str]] = frozenset({"update_id", "at_us", "kind"})

    update_id: str
    """What the platform calls it, the same when it sends it again; with the platform's name in front."""
    address: str
    """Where an answer goes: a chat's id, or a number."""
    sender: str
    """Who it is, as the platform tells: an id, or a number."""
    name: str | None
    """What the sender is called there; None: it is not told."""
    at_us: int
    """When it was sent, as the platform tells."""
    kind: str
    """``text``, ``photo``, ``location`` and so on, in the platform's words."""
    body: str
    """The text; of what is no text, what stands under it, or its kind in brackets."""
    attachments: tuple[str, ...] = ()
    """References such as ``telegram:photo:<file id>``, by which the platform gives the file out."""


class Parsed(Personal, frozen=True, kw_only=True):
    """What a body held."""

    shown_fields: ClassVar[frozenset[str]] = frozenset({"messages", "passed_over"})

    messages: tuple[Incoming, ...] = ()
    """Messages, in the order of the body."""
    passed_over: tuple[str, ...] = ()
    """Kinds of what else there was, such as ``edited_message``; ``malformed``: what could not be read."""


class _Unreadable(Exception):
    """Something is not as the platform's documentation has it."""


def _guarded(read: Callable[[Any], Parsed], body: bytes) -> Parsed:
    try:
        found = msgspec.json.decode(body)
        return read(found)
    except (msgspec.DecodeError, UnicodeError, RecursionError, _Unreadable):
        return Parsed(passed_over=("malformed",))


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _Unreadable
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise _Unreadable
    return value


def _id(value: Any) -> str:
    """Return an id, a number or a text, as text."""
    if type(value) is int and abs(value) < 2**63:
        return str(value)
    if isinstance(value, str) and 0 < len(value) <= 256 and value.isprintable():
        return value
    raise _Unreadable


def _moment(value: Any) -> int:
    """Return seconds since the epoch, as a number or as digits, in microseconds."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 12:
        value = int(value)
    if type(value) is not int or not 0 <= value <= _SECONDS:
        raise _Unreadable
    return value * _US


def _text(value: Any) -> str:
    # Lone surrogates are none of JSON's; the decoder refuses them.
    if not isinstance(value, str) or len(value) > BODY_LENGTH_MAX:
        raise _Unreadable
    return value


def _short(value: Any) -> str | None:
    """Return a name, cut to a sensible length; None: there is none."""
    if not isinstance(value, str):
        return None
    return " ".join(value.split())[:200] or None


def _named(kind: Any) -> str:
    """Return the name of a kind that nobody knows, if it looks like one."""
    return kind if isinstance(kind, str) and _KIND.fullmatch(kind) is not None else "unknown"


def _reference(platform: str, kind: str, file_id: Any) -> tuple[str, ...]:
    reference = f"{platform}:{kind}:{_id(file_id)}"
    return (reference,) if len(reference) <= _TEXT else ()


# ---- Telegram ------------------------------------------------------------------------------------------------------

_TELEGRAM_FILES: Final = ("photo", "voice", "audio", "video", "video_note", "document", "animation", "sticker")
_TELEGRAM_OTHERS: Final = ("location", "venue", "contact", "poll", "dice")


def read_telegram(body: bytes) -> Parsed:
    """Return what an ``Update`` of Telegram's Bot API holds."""
    return _guarded(_telegram, body)


def _telegram(found: Any) -> Parsed:
    update = _object(found)
    update_id = _id(update.get("update_id"))
    if "message" not in update:
        kinds = [_named(key) for key in update if key != "update_id"]
        return Parsed(passed_over=tuple(kinds[:1]) or ("unknown",))
    message = _object(update["message"])
    sender = message.get("from")
    if sender is None or _object(sender).get("is_bot") is True:
        return Parsed(passed_over=("message_of_nobody",))
    content = _telegram_content(message)
    if content is None:
        return Parsed(passed_over=("service_message",))
    kind, text, files = content
    person = _object(sender)
    names = [one for key in ("first_name", "last_name") if (one := _short(person.get(key))) is not None]
    return Parsed(
        messages=(
            Incoming(
                update_id=f"telegram:{update_id}",
                address=_id(_object(message.get("chat")).get("id")),
                sender=_id(person.get("id")),
                name=" ".join(names) or None,
                at_us=_moment(message.get("date")),
                kind=kind,
                body=text,
                attachments=files,
            ),
        )
    )


def _telegram_content(message: dict[str, Any]) -> tuple[str, str, tuple[str, ...]] | None:
    if "text" in message:
        return "text", _text(message["text"]), ()
    caption = _text(message.get("caption", ""))
    for kind in _TELEGRAM_FILES:
        if kind in message:
            file = message[kind]
            # A photo comes in several sizes, the largest one last.
            chosen = _object(_list(file)[-1] if kind == "photo" and file else file)
            return kind, caption or f"[{kind}]", _reference("telegram", kind, chosen.get("file_id"))
    for kind in _TELEGRAM_OTHERS:
        if kind in message:
            return kind, caption or f"[{kind}]", ()
    return None


# ---- WhatsApp ------------------------------------------------------------------------------------------------------

_WHATSAPP_FILES: Final = ("image", "audio", "video", "document", "sticker")


def read_whatsapp(body: bytes) -> Parsed:
    """Return what a notification of WhatsApp's Cloud API holds: it may be several messages."""
    return _guarded(_whatsapp, body)


def _whatsapp(found: Any) -> Parsed:
    notification = _object(found)
    if notification.get("object") != "whatsapp_business_account":
        return Parsed(passed_over=("unknown",))
    messages: list[Incoming] = []
    passed_over: list[str] = []
    for entry in _list(notification.get("entry")):
        for change in _list(_object(entry).get("changes")):
            _whatsapp_change(_object(change), messages, passed_over)
    return Parsed(messages=tuple(messages), passed_over=tuple(passed_over))


def _whatsapp_change(change: dict[str, Any], messages: list[Incoming], passed_over: list[str]) -> None:
    if change.get("field") != "messages":
        passed_over.append(_named(change.get("field")))
        return
    value = _object(change.get("value"))
    # Which of several numbers of the host's it was sent to: an answer goes out by the same.
    phone_number_id = _id(_object(value.get("metadata")).get("phone_number_id"))
    names = {
        _id(_object(one).get("wa_id")): _short(_object(_object(one).get("profile", {})).get("name"))
        for one in _list(value.get("contacts", []))
    }
    for one in _list(value.get("messages", [])):
        # One that cannot be read does not take the others with it.
        try:
            messages.append(_whatsapp_message(_object(one), phone_number_id, names))
        except _Unreadable:
            passed_over.append("malformed")
    passed_over += ["statuses"] * len(_list(value.get("statuses", [])))
    passed_over += ["errors"] * len(_list(value.get("errors", [])))


def _whatsapp_message(message: dict[str, Any], phone_number_id: str, names: dict[str, str | None]) -> Incoming:
    kind = _named(message.get("type"))
    body = f"[{kind}]"
    files: tuple[str, ...] = ()
    if kind == "text":
        body = _text(_object(message.get("text")).get("body"))
    elif kind == "button":
        body = _text(_object(message.get("button")).get("text"))
    elif kind == "interactive":
        body = _whatsapp_choice(_object(message.get("interactive")))
    elif kind in _WHATSAPP_FILES:
        file = _object(message.get(kind))
        body = _text(file.get("caption", "")) or body
        files = _reference("whatsapp", kind, file.get("id"))
    sender = _id(message.get("from"))
    return Incoming(
        update_id=f"whatsapp:{_id(message.get('id'))}",
        address=f"{phone_number_id}:{sender}",
        sender=sender,
        name=names.get(sender),
        at_us=_moment(message.get("timestamp")),
        kind=kind,
        body=body,
        attachments=files,
    )


def _whatsapp_choice(interactive: dict[str, Any]) -> str:
    for kind in ("button_reply", "list_reply"):
        if kind in interactive:
            return _text(_object(interactive[kind]).get("title"))
    return "[interactive]"


# ---- VK ------------------------------------------------------------------------------------------------------------


def read_vk(body: bytes) -> Parsed:
    """Return what an event of VK's Callback API holds."""
    return _guarded(_vk, body)


def _vk(found: Any) -> Parsed:
    event = _object(found)
    if event.get("type") != "message_new":
        return Parsed(passed_over=(_named(event.get("type")),))
    content = _object(event.get("object"))
    message = _object(content.get("message", content))
    if message.get("out") == 1:
        return Parsed(passed_over=("own_message",))
    files: list[str] = []
    kinds: list[str] = []
    for one in _list(message.get("attachments", [])):
        attached = _object(one)
        kind = _named(attached.get("type"))
        file = _object(attached.get(kind, {}))
        kinds.append(kind)
        if "owner_id" in file and "id" in file:
            files += _reference("vk", kind, f"{_id(file['owner_id'])}_{_id(file['id'])}")
    body = _text(message.get("text", "")) or (f"[{kinds[0]}]" if kinds else "[message]")
    peer, group = _id(message.get("peer_id")), _id(event.get("group_id"))
    number = message.get("conversation_message_id", message.get("id"))
    return Parsed(
        messages=(
            Incoming(
                update_id=f"vk:{group}:{peer}:{_id(number)}",
                address=peer,
                sender=_id(message.get("from_id")),
                name=None,
                at_us=_moment(message.get("date")),
                kind=kinds[0] if kinds and not message.get("text") else "text",
                body=body,
                attachments=tuple(files[:64]),
            ),
        )
    )

"""Channels: ways by which contacts come in and are told what becomes of them, as ``ccroute.ports.Channel``."""

from __future__ import annotations

import typing

from ccroute.errors import ExtraMissing

if typing.TYPE_CHECKING:
    from ccroute.channels.attachments import MEDIA_TYPES, BlobStore, DirectoryBlobs, MemoryBlobs
    from ccroute.channels.memory import MemoryChannel
    from ccroute.channels.messengers import Incoming, Parsed, read_telegram, read_vk, read_whatsapp
    from ccroute.channels.webchat import ChatFigures, OpenedSession, WebChat
    from ccroute.channels.webchat_conversations import PastMessages, Spoken
    from ccroute.channels.webchat_following import HandedOver, Heard
    from ccroute.channels.webchat_limits import ChatLimits
    from ccroute.channels.webchat_peers import Socket
    from ccroute.channels.webchat_protocol import (
        Attachment,
        ChatPhase,
        ChatRefusal,
        CloseCode,
        Party,
        read_server_frame,
        write_frame,
    )
    from ccroute.channels.webchat_sessions import (
        ChatContact,
        ChatSession,
        ChatState,
        MemorySessions,
        SessionStore,
        SqliteSessions,
    )
    from ccroute.channels.webhook import Outbound, WebhookChannel, WebhookFigures
    from ccroute.channels.webhook_storing import HookStore, MemoryHooks, Novelty, SqliteHooks
    from ccroute.channels.webhook_verifying import (
        HmacSignature,
        HubChallenge,
        SecretHeader,
        SecretInBody,
        SignedTimestamp,
        Verifier,
        VkConfirmation,
        WebhookHandshake,
        WebhookRequest,
        WebhookResponse,
    )

__all__ = [
    "MEDIA_TYPES",
    "Attachment",
    "BlobStore",
    "ChatContact",
    "ChatFigures",
    "ChatLimits",
    "ChatPhase",
    "ChatRefusal",
    "ChatSession",
    "ChatState",
    "CloseCode",
    "DirectoryBlobs",
    "HandedOver",
    "Heard",
    "HmacSignature",
    "HookStore",
    "HubChallenge",
    "Incoming",
    "MemoryBlobs",
    "MemoryChannel",
    "MemoryHooks",
    "MemorySessions",
    "Novelty",
    "OpenedSession",
    "Outbound",
    "Parsed",
    "Party",
    "PastMessages",
    "SecretHeader",
    "SecretInBody",
    "SessionStore",
    "SignedTimestamp",
    "Socket",
    "Spoken",
    "SqliteHooks",
    "SqliteSessions",
    "Verifier",
    "VkConfirmation",
    "WebChat",
    "WebhookChannel",
    "WebhookFigures",
    "WebhookHandshake",
    "WebhookRequest",
    "WebhookResponse",
    "read_server_frame",
    "read_telegram",
    "read_vk",
    "read_whatsapp",
    "write_frame",
]

_WHERE = {
    "attachments": ("MEDIA_TYPES", "BlobStore", "DirectoryBlobs", "MemoryBlobs"),
    "memory": ("MemoryChannel",),
    "messengers": ("Incoming", "Parsed", "read_telegram", "read_vk", "read_whatsapp"),
    "webchat": ("ChatFigures", "OpenedSession", "WebChat"),
    "webchat_conversations": ("PastMessages", "Spoken"),
    "webchat_following": ("HandedOver", "Heard"),
    "webchat_limits": ("ChatLimits",),
    "webchat_peers": ("Socket",),
    "webchat_protocol": (
        "Attachment",
        "ChatPhase",
        "ChatRefusal",
        "CloseCode",
        "Party",
        "read_server_frame",
        "write_frame",
    ),
    "webchat_sessions": ("ChatContact", "ChatSession", "ChatState", "MemorySessions", "SessionStore", "SqliteSessions"),
    "webhook": ("Outbound", "WebhookChannel", "WebhookFigures"),
    "webhook_storing": ("HookStore", "MemoryHooks", "Novelty", "SqliteHooks"),
    "webhook_verifying": (
        "HmacSignature",
        "HubChallenge",
        "SecretHeader",
        "SecretInBody",
        "SignedTimestamp",
        "Verifier",
        "VkConfirmation",
        "WebhookHandshake",
        "WebhookRequest",
        "WebhookResponse",
    ),
}
"""Names by the module that has them: each is loaded, and its extra asked for, where one of its names is used."""

_LAZY = {name: module for module, names in _WHERE.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    try:
        module = import_module(f"{__name__}.{_LAZY[name]}")
    except ModuleNotFoundError as error:
        if error.name != "anyio":
            raise
        raise ExtraMissing("webchat", f"channels such as {name}") from error
    value: object = getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

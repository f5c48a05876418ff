"""Makes the pages of the web chat's words from the source, and draws how a conversation moves.

The moves are written here, so that they can be drawn; ``tests/test_webchat_pages.py`` compares them with what
``ccroute.channels.webchat_contacts`` does.
"""

from __future__ import annotations

from pathlib import Path

from docs.diagram import Layout, draw
from docs.generate import MADE, REFERENCE, Transition, cell, fields_table, prose, struct_section, words_of

MOVES: list[Transition] = [
    ("bot", "asked", "hand_over"),
    ("asked", "waiting", "contact.queued"),
    ("asked", "over", "refused"),
    ("waiting", "active", "contact.active"),
    ("waiting", "parked", "contact.parked"),
    ("waiting", "over", "contact.abandoned"),
    ("waiting", "over", "contact.cancelled"),
    ("waiting", "over", "contact.expired"),
    ("parked", "waiting", "contact.queued"),
    ("parked", "over", "contact.cancelled"),
    ("active", "waiting", "contact.queued"),
    ("active", "waiting", "contact.requeued"),
    ("active", "parked", "contact.parked"),
    ("active", "over", "contact.closed"),
    ("active", "over", "leg.wrap_up_started"),
    ("over", "asked", "hand_over"),
]
"""From, to, and the event that does it, or the call."""

LAYOUT = Layout(
    width=1060,
    height=520,
    places={"bot": (60, 230), "asked": (240, 230), "waiting": (480, 230), "active": (980, 230)}
    | {"parked": (730, 50), "over": (730, 460)},
    bends={("waiting", "active"): 22, ("active", "waiting"): 22, ("waiting", "parked"): 16, ("parked", "waiting"): 16}
    | {("asked", "over"): -70, ("over", "asked"): 110},
    shifts={("waiting", "active"): (130, -14), ("active", "waiting"): (-120, 20), ("asked", "over"): (40, 6)}
    | {("over", "asked"): (0, 22), ("waiting", "over"): (-10, 0), ("waiting", "parked"): (-56, -8)}
    | {("parked", "waiting"): (56, 12), ("parked", "over"): (0, 110), ("active", "over"): (30, 10)}
    | {("active", "parked"): (50, -10), ("asked", "waiting"): (0, -16)},
)

CLIENT = ("Hello", "Join", "Leave", "Post", "Typing", "Receipt", "Upload", "WhichPosition", "End", "Ping")
SERVER = (
    "Joined",
    "Invited",
    "Left",
    "Posted",
    "Ack",
    "TypingNow",
    "ReceiptTold",
    "Uploaded",
    "Status",
    "YourPosition",
)
ENDING = ("Refused", "Pong", "Closing")
SETS = ("Party", "ChatPhase", "ChatRefusal", "CloseCode")


def frames_page() -> str:
    """Return the page of the frames of a web chat."""
    introduction, words = words_of("channels/webchat_protocol.py")
    limits = words_of("channels/webchat_limits.py")[1]["ChatLimits"]
    parts = [f"{MADE}\n# Frames of the web chat", prose(introduction)]
    parts.append("What a client does with them, and what is promised of it, is told under [web chat](webchat.md).")
    for title, names in (("From the client", CLIENT), ("From the server", (*SERVER, *ENDING))):
        parts.append(f"## {title}")
        parts += [struct_section(words[name], with_default=True, level="###") for name in names]
    parts.append("## Inside frames")
    parts += [struct_section(words[name], with_default=True, level="###") for name in ("Attachment", "Receipts")]
    parts.append("## Closed sets")
    for name in SETS:
        rows = ["| Member | Value | Meaning |", "|---|---|---|"]
        rows += [f"| `{one.name}` | `{one.default}` | {cell(one.text)} |" for one in words[name].members]
        parts.append(f"### `{name}`\n\n{prose(words[name].text)}\n\n" + "\n".join(rows))
    parts.append(f"## Limits\n\n`ChatLimits`: {prose(limits.text)[0].lower()}{prose(limits.text)[1:]}")
    parts.append(fields_table(limits.members, with_default=True))
    return "\n\n".join(parts) + "\n"


def pages() -> dict[Path, str]:
    """Return the page and the picture."""
    return {
        REFERENCE / "webchat-frames.md": frames_page(),
        REFERENCE / "states" / "conversation.svg": draw("The phases of a conversation", MOVES, LAYOUT),
    }

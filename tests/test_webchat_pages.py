"""The picture of a conversation shows what the code does."""

from __future__ import annotations

import msgspec
import pytest
from docs.chat import LAYOUT, MOVES

from ccroute import EnqueueContact, Event
from ccroute.channels.webchat_contacts import PHASE_AFTER, asked, follow, refused
from ccroute.channels.webchat_protocol import ChatPhase
from ccroute.channels.webchat_sessions import ChatContact, ChatState
from ccroute.events import EVENTS, WrapUpStarted

pytestmark = pytest.mark.outer

COMMAND = EnqueueContact(contact_id="c.1", queue_id="support", channel="chat")
BY_TAG = {str(one.__struct_config__.tag): one for one in EVENTS}


def state(phase: str) -> ChatState:
    contact = ChatContact(command=COMMAND, phase=ChatPhase(phase), agents=("charles",) if phase == "active" else ())
    return ChatState(conversation_id="c", customer_id=None, contact=None if phase == "bot" else contact)


def event(tag: str) -> Event:
    """Return an event of a kind; what else it says is not looked at."""
    fields = {"seq": 5, "at_us": 5, "cause": "command:1", "contact_id": "c.1", "agent_id": "charles"}
    kind = BY_TAG[tag]
    given = {name: fields.get(name) for name in kind.__struct_fields__}
    return kind(**given)  # type: ignore[return-value]


@pytest.mark.parametrize(("begin", "end", "label"), MOVES)
def test_each_move_that_is_drawn_is_made(begin: str, end: str, label: str) -> None:
    if label == "hand_over":
        assert asked(state(begin), COMMAND).phase == end
    elif label == "refused":
        assert refused(state(begin)).phase == end
    else:
        found = follow(state(begin), event(label))
        assert found is not None
        assert found.phase == end


def test_every_event_with_a_phase_is_drawn() -> None:
    told = {label for _, _, label in MOVES}
    assert {str(one.__struct_config__.tag) for one in (*PHASE_AFTER, WrapUpStarted)} - {"contact.scheduled"} <= told
    assert set(LAYOUT.places) == {one.value for one in ChatPhase}


def test_behind_a_transfer_the_last_wrap_up_leaves_it_waiting() -> None:
    handed_on = follow(state("active"), event("contact.transferred"))
    assert handed_on is not None
    later = msgspec.structs.replace(event("leg.wrap_up_started"), seq=6)
    found = follow(handed_on, later)
    assert found is not None
    assert found.phase is ChatPhase.WAITING


def test_what_was_over_stays_over() -> None:
    for tag in ("leg.ended", "contact.closed", "leg.wrap_up_started"):
        assert follow(state("over"), event(tag)) is None
    again = follow(state("over"), event("contact.queued"))
    assert again is not None
    assert again.phase is ChatPhase.WAITING


def test_an_event_of_another_kind_changes_nothing() -> None:
    assert follow(state("active"), event("contact.held")) is None
    assert follow(state("bot"), event("contact.queued")) is None

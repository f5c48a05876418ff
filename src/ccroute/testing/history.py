"""What every history must do: :func:`check_history` tells what one gets wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from ccroute.commands import (
    AbandonContact,
    AcceptOffer,
    ChangeChannel,
    Command,
    CompleteContact,
    EnqueueContact,
    HoldContact,
    ResumeContact,
    SetPresence,
    TransferContact,
)
from ccroute.config import Config
from ccroute.engine.engine import Engine
from ccroute.errors import HistoryGap, InvalidArgument, KeyDestroyed, OtherSource, WrongType, shown
from ccroute.events import Event, OfferMade
from ccroute.ports import HistoryStore
from ccroute.timeline import (
    Addition,
    AnyAddition,
    ContactFilter,
    ContactPage,
    Message,
    Note,
    Recording,
    SurveyAnswer,
    TimelineEntry,
    TimelinePage,
)
from ccroute.types import ContactState, LegEnd, Presence

__all__ = ["check_history", "history_events"]

_CENTER: Final = """
[channels.chat]
cost = 30

[queues.support]
wrap_up = "5s"

[queues.loans]

[agents.maxim]
queues = { support = 1 }

[agents.dorit]
queues = { support = 2, loans = 1 }
"""

_SECOND: Final = 1_000_000
_DAY_BEGINS_US: Final = 1_700_000_000 * _SECOND
_AT: Final = _DAY_BEGINS_US


def check_history(make: Callable[[], HistoryStore]) -> None:
    """Check that histories keep what they promise; raise ``AssertionError`` with the promise that one does not.

    :param make: returns a new, empty history; it is closed afterwards.
    """
    for check in (
        _writes_each_event_once,
        _takes_no_gap_unless_told,
        _keeps_sources_apart,
        _tells_a_contact,
        _tells_ids_that_are_used_again,
        _tells_a_customer,
        _chooses_contacts,
        _pages,
        _tells_a_conversation,
        _adds_each_once,
        _keeps_what_comes_before_its_contact,
        _refuses_what_is_not_allowed,
        _finds_texts,
        _pages_what_it_finds,
        _forgets_what_has_ended,
        _erases_a_customer,
        _is_written_anew,
    ):
        history = make()
        try:
            check(history)
        except AssertionError:
            raise
        except Exception as error:
            words = check.__name__.strip("_").replace("_", " ")
            raise AssertionError(f"a history {words}: it raised {type(error).__name__}: {shown(str(error))}") from error
        finally:
            history.close()


def history_events() -> list[Event]:
    """Return the events of a small day: a chat that becomes a call and is transferred, a call that is abandoned, an
    e-mail that waits, and the customer of the chat, who comes back.
    """
    engine = Engine(Config.from_toml(_CENTER))
    events: list[Event] = []

    def do(second: int, command: Command) -> None:
        events.extend(engine.handle(command, _AT + second * _SECOND))

    def accept(second: int) -> None:
        offers = [event for event in events if isinstance(event, OfferMade)]
        do(second, AcceptOffer(offer_id=offers[-1].offer_id))

    do(0, SetPresence(agent_id="maxim", presence=Presence.AVAILABLE))
    do(1, _enqueue("chat-1", "chat", "ann", "talk-1"))
    accept(3)
    do(20, HoldContact(contact_id="chat-1", agent_id="maxim"))
    do(30, ResumeContact(contact_id="chat-1", agent_id="maxim"))
    do(40, ChangeChannel(contact_id="chat-1", channel="voice"))
    do(50, SetPresence(agent_id="dorit", presence=Presence.AVAILABLE))
    do(60, TransferContact(contact_id="chat-1", agent_id="maxim", to_queue="loans"))
    accept(61)
    do(90, CompleteContact(contact_id="chat-1", disposition="loan granted"))
    do(100, SetPresence(agent_id="dorit", presence=Presence.OFFLINE))
    do(101, SetPresence(agent_id="maxim", presence=Presence.OFFLINE))
    do(110, _enqueue("call-2", "voice", "bob", None))
    do(130, AbandonContact(contact_id="call-2", reason="hung up"))
    do(140, _enqueue("mail-3", "email", "ann", "talk-3", queue_id="loans"))
    do(150, _enqueue("chat-1", "chat", "ann", "talk-1"))
    return events


def _enqueue(
    contact_id: str, channel: str, customer_id: str | None, conversation_id: str | None, queue_id: str = "support"
) -> EnqueueContact:
    return EnqueueContact(
        contact_id=contact_id,
        queue_id=queue_id,
        channel=channel,
        customer_id=customer_id,
        conversation_id=conversation_id,
    )


def _written(history: HistoryStore) -> list[Event]:
    events = history_events()
    history.write(events)
    return events


def _message(
    entry_id: str,
    second: int,
    body: str,
    customer_id: str | None = "ann",
    *,
    contact_id: str | None = "chat-1",
    conversation_id: str | None = None,
) -> Message:
    return Message(
        entry_id=entry_id,
        at_us=_AT + second * _SECOND,
        contact_id=contact_id,
        customer_id=customer_id,
        conversation_id=conversation_id,
        body=body,
        from_customer=True,
    )


def _is(got: object, expected: object, promise: str) -> None:
    if got != expected:
        raise AssertionError(f"{promise}: expected {expected}, got {got}")


def _raises(kind: type[Exception], call: Callable[[], object], promise: str) -> None:
    try:
        call()
    except kind:
        return
    raise AssertionError(f"{promise}: {kind.__name__} was not raised")


def _contacts(page: ContactPage) -> list[tuple[str, int]]:
    return [(one.contact_id, (one.began_at_us - _AT) // _SECOND) for one in page.contacts]


def _kinds(entries: Sequence[TimelineEntry]) -> list[tuple[str, int]]:
    return [(one.kind, (one.at_us - _AT) // _SECOND) for one in entries]


def _ids(page: TimelinePage) -> list[str]:
    return [one.addition.entry_id for one in page.entries if one.addition is not None]


def _writes_each_event_once(history: HistoryStore) -> None:
    events = history_events()
    _is(history.through_seq(), 0, "an empty history has no event")
    _is(history.write(events[:5]), 5, "write returns the seq of the last event")
    _is(history.write(events[:5]), 5, "events that were written before are passed over")
    _is(history.write([]), 5, "no events change nothing")
    _is(history.position(), 0, "a position that was not given is 0")
    _is(history.write(events[5:8], position=3), 8, "a position is kept with events")
    _is((history.write(events[:8], position=9), history.position()), (8, 3), "and only with events that are new")
    _is(history.write(events[2:]), len(events), "a batch may begin with events that were written before")
    _is(history.through_seq(), len(events), "through_seq is the seq of the last event")
    twice = [(entry.kind, entry.at_us) for entry in history.timeline("ann", page_size=1_000).entries]
    at_once = history_events()
    history.reset()
    history.write(at_once)
    once = [(entry.kind, entry.at_us) for entry in history.timeline("ann", page_size=1_000).entries]
    _is(twice, once, "events in several batches give what they give in one")


def _takes_no_gap_unless_told(history: HistoryStore) -> None:
    events = history_events()
    _raises(HistoryGap, lambda: history.write(events[1:]), "a gap before the events is refused")
    _raises(InvalidArgument, lambda: history.write([events[0], events[2]]), "a gap among the events is refused")
    _raises(InvalidArgument, lambda: history.write([events[1], events[0]]), "events out of order are refused")
    _is(history.through_seq(), 0, "what is refused is not written")
    history.write(events[2:], allow_gap=True)
    _is(
        _contacts(history.contacts()),
        [("chat-1", 150), ("mail-3", 140), ("call-2", 110), ("chat-1", 60)],
        "a contact whose beginning was not seen begins where it enters a queue next",
    )
    history.reset()
    history.write(events[:2])
    history.write(events[5:], allow_gap=True)
    legs = [leg.agent_id for story in history.stories().stories for leg in story.legs]
    _is(legs, ["dorit"], "of legs whose beginning was not seen, nothing is kept")


def _keeps_sources_apart(history: HistoryStore) -> None:
    events = history_events()
    history.write(events[:4], source="north")
    history.write(events, source="south")
    _is(
        (history.through_seq("north"), history.through_seq("south"), history.through_seq()),
        (4, len(events), 0),
        "each source has its own seqs",
    )
    later = [msgspec.structs.replace(event, at_us=event.at_us + 1) for event in events]
    _raises(OtherSource, lambda: history.write(later, source="north"), "another first event is another source's")
    _raises(OtherSource, lambda: history.write(later[5:], source="south"), "and so is another last event")
    _is(history.write(later, source="west"), len(later), "which may be written as its own")
    history.reset("west")
    history.reset("nowhere")
    history.reset("south")
    _is((history.through_seq("north"), history.through_seq("south")), (4, 0), "reset is for one source")
    _is(_contacts(history.contacts()), [("chat-1", 1)], "reset leaves contacts of other sources")


def _tells_a_contact(history: HistoryStore) -> None:
    events = history_events()
    again = [event.seq for event in events if event.at_us == _AT + 150 * _SECOND]
    history.write(events[: again[0] - 1])
    story = history.contact("chat-1")
    assert story is not None, "a contact that was written is told"
    contact = story.contact
    _is(
        (contact.state, contact.channel, contact.first_queue_id, contact.queue_id, contact.disposition, contact.legs),
        (ContactState.CLOSED, "voice", "support", "loans", "loan granted", 2),
        "a contact is told as it ended",
    )
    _is((contact.customer_id, contact.conversation_id), ("ann", "talk-1"), "a contact has customer and conversation")
    _is(contact.last_agent_id, "dorit", "the last agent is that of the leg that began last")
    _is(
        [(leg.agent_id, leg.queue_id, leg.channel, leg.reason) for leg in story.legs],
        [("maxim", "support", "chat", LegEnd.TRANSFERRED), ("dorit", "loans", "voice", LegEnd.COMPLETED)],
        "legs are told in order",
    )
    _is([leg.wrapped_us for leg in story.legs], [5 * _SECOND, None], "a leg tells its wrap-up")
    kinds = [kind for kind, _ in _kinds(story.entries)]
    for kind in ("contact.queued", "contact.held", "contact.channel_changed", "contact.transferred", "contact.closed"):
        _is(kind in kinds, True, f"{kind} is on the timeline")
    _is(history.contact("nobody"), None, "a contact that is not there is None")


def _tells_ids_that_are_used_again(history: HistoryStore) -> None:
    _written(history)
    story = history.contact("chat-1")
    assert story is not None
    _is(
        (story.contact.state, _kinds(story.entries)),
        (ContactState.QUEUED, [("contact.queued", 150)]),
        "an id that is used again means the newest contact",
    )


def _tells_a_customer(history: HistoryStore) -> None:
    _is(history.customer("ann").contacts, 0, "a customer who was never there has an empty card")
    _written(history)
    card = history.customer("ann")
    _is(
        (card.contacts, card.by_channel, card.by_state),
        (3, {"chat": 1, "email": 1, "voice": 1}, {"queued": 2, "closed": 1}),
        "a card counts contacts",
    )
    _is((card.last_agent_id, card.open_conversation_id), ("dorit", "talk-1"), "a card has the last agent and talk")
    _is(
        (card.first_at_us, card.last_at_us, card.last_agent_at_us),
        (_AT + _SECOND, _AT + 150 * _SECOND, _AT + 61 * _SECOND),
        "a card has times",
    )
    _is([one.contact_id for one in history.customer("ann", contacts=1).last_contacts], ["chat-1"], "newest first")
    _is(history.customer("ann", "bob").contacts, 4, "a customer may be known under several ids")
    _is({kind for kind, _ in _kinds(history.timeline("bob").entries)}, {"contact.queued", "contact.abandoned"}, "whose")
    _is(history.customer("bob").last_agent_id, None, "nobody took what was abandoned")


def _chooses_contacts(history: HistoryStore) -> None:
    _written(history)
    old, call, mail, new = ("chat-1", 1), ("call-2", 110), ("mail-3", 140), ("chat-1", 150)
    for chosen, expected in (
        (ContactFilter(), [new, mail, call, old]),
        (ContactFilter(customer_ids=["ann"]), [new, mail, old]),
        (ContactFilter(from_us=_AT + 110 * _SECOND, until_us=_AT + 150 * _SECOND), [mail, call]),
        (ContactFilter(agent_id="maxim"), [old]),
        (ContactFilter(agent_id="maxim", from_us=_AT + 2 * _SECOND), []),
        (ContactFilter(queue_id="loans"), [mail, old]),
        (ContactFilter(channel="voice"), [call, old]),
        (ContactFilter(disposition="loan granted"), [old]),
        (ContactFilter(conversation_id="talk-1"), [new, old]),
        (ContactFilter(state=ContactState.ABANDONED), [call]),
        (ContactFilter(customer_ids=["ann", "bob"], channel="voice", queue_id="support"), [call]),
    ):
        _is(_contacts(history.contacts(chosen)), expected, f"contacts of {chosen}")
        stories = history.stories(chosen, page_size=1_000).stories
        _is([one.contact for one in stories], history.contacts(chosen).contacts, "stories are those of the contacts")
    legs = [leg.agent_id for leg in history.stories(ContactFilter(agent_id="maxim")).stories[0].legs]
    _is(legs, ["maxim", "dorit"], "a story has all legs, whichever was asked for")


def _pages(history: HistoryStore) -> None:
    _written(history)
    history.add(_message("m-1", 1, "hello"), _message("m-2", 1, "hello?"), _message("m-3", 90, "thanks"))
    whole = history.timeline("ann", page_size=1_000)
    _is(whole.cursor, None, "the last page has no cursor")
    for page_size in (1, 2, 3, 7):
        entries: list[TimelineEntry] = []
        cursor = None
        while True:
            page = history.timeline("ann", page_size=page_size, cursor=cursor)
            entries += page.entries
            cursor = page.cursor
            if cursor is None:
                break
            _is(len(page.entries), page_size, "a page that is not the last one is full")
        _is(entries, whole.entries, f"pages of {page_size} make up the whole")
    contacts = history.contacts(page_size=2)
    rest = history.contacts(page_size=2, cursor=contacts.cursor)
    _is(_contacts(contacts) + _contacts(rest), _contacts(history.contacts()), "pages of contacts make up the whole")
    _is(rest.cursor, None, "a last page that is full has no cursor either")
    for cursor in ("", "nonsense", "QQ==", contacts.cursor):
        _raises(InvalidArgument, lambda cursor=cursor: history.timeline("ann", cursor=cursor), f"cursor {cursor!r}")  # type: ignore[misc]


def _tells_a_conversation(history: HistoryStore) -> None:
    _written(history)
    history.add(
        _message("m-1", 2, "hello"), _message("m-2", 120, "anybody?", contact_id=None, conversation_id="talk-1")
    )
    entries = history.conversation("talk-1", page_size=1_000).entries
    _is({one.contact_id for one in entries}, {"chat-1", None}, "a conversation has its contacts and what lies between")
    _is(
        [one for one in _kinds(entries) if one[0] == "message"],
        [("message", 120), ("message", 2)],
        "a conversation has its messages, newest first",
    )
    _is(_kinds(entries)[0], ("contact.queued", 150), "a conversation has all its contacts")
    _is(history.conversation("talk-9").entries, [], "a conversation that is not there is empty")


def _adds_each_once(history: HistoryStore) -> None:
    _written(history)
    given: list[AnyAddition] = [
        _message("m-1", 151, "hello"),
        Note(entry_id="n-1", at_us=_AT + 152 * _SECOND, contact_id="chat-1", agent_id="maxim", body="is in a hurry"),
        Recording(
            entry_id="r-1",
            at_us=_AT + 153 * _SECOND,
            contact_id="call-2",
            reference="s3://calls/2",
            length_us=20,
            media_type="audio/ogg",
        ),
        SurveyAnswer(
            entry_id="s-1", at_us=_AT + 154 * _SECOND, customer_id="ann", question="happy?", answer="very", score=5
        ),
    ]
    _is(history.add(*given), 4, "add returns how many were new")
    _is(history.add(*given[1:]), 0, "what was added before is passed over")
    twice = msgspec.structs.replace(_message("m-2", 155, "hm"), attachments=["files/1", "files/2"])
    _is(history.add(_message("m-1", 151, "hello again"), twice, twice), 1, "an id is added once")
    story = history.contact("chat-1")
    assert story is not None
    _is([one.kind for one in story.entries], ["contact.queued", "message", "note", "message"], "by time")
    told = [one.addition for one in history.timeline("ann").entries if one.addition is not None]
    _is([one.entry_id for one in told], ["m-2", "s-1", "n-1", "m-1"], "a contact's customer is that of what is added")
    _is(told[1], given[3], "what was added comes back as it was")
    _is(told[3], given[0], "the first one of an id stays")
    _is(told[2].customer_id, "ann", "where no customer is named, it is the contact's")
    _is(history.timeline("bob").entries[0].kind, "recording", "a recording is on the timeline")


def _keeps_what_comes_before_its_contact(history: HistoryStore) -> None:
    history.add(_message("m-1", 0, "hello"), _message("m-2", 1, "hello?", None))
    _is(_ids(history.timeline("ann")), ["m-1"], "a customer's message needs no contact")
    _written(history)
    story = history.stories(ContactFilter(agent_id="maxim")).stories[0]
    _is(
        [one.kind for one in story.entries[:3]],
        ["message", "contact.queued", "message"],
        "what comes before its contact belongs to it as soon as it is there",
    )


def _refuses_what_is_not_allowed(history: HistoryStore) -> None:
    for refused in (
        _message("", 0, "hello"),
        _message("m-1", -(10**12), "hello"),
        _message("m-1", 0, "hello", "a\nb"),
        _message("m-1", 0, "hello", None, contact_id=None),
        _message("m-1", 0, "x" * 1_000_001),
        _message("m-1", 0, "\ud800"),
        msgspec.structs.replace(_message("m-1", 0, "hello"), attachments=["file"] * 65),
        msgspec.structs.replace(_message("m-1", 0, "hello"), attachments=None),
        msgspec.structs.replace(_message("m-1", 0, "hello"), from_customer=1),
        Recording(entry_id="r-1", at_us=0, contact_id="c", reference="s3://calls/2", length_us=-1),
        SurveyAnswer(entry_id="s-1", at_us=0, contact_id="c", question="q", score=2**60),
    ):
        _raises(InvalidArgument, lambda refused=refused: history.add(refused), f"{refused}")  # type: ignore[misc]
    for other in (None, "hello", [_message("m-1", 0, "hello")], _written, Addition(entry_id="m-1", at_us=0)):
        _raises(WrongType, lambda other=other: history.add(other), "what is no addition is refused")  # type: ignore[misc]
    for call in (
        lambda: history.customer(),
        lambda: history.timeline(*(str(number) for number in range(101))),
        lambda: history.contacts(page_size=0),
        lambda: history.contacts(page_size=1_001),
        lambda: history.contacts(ContactFilter(from_us=-1)),
        lambda: history.contact(""),
        lambda: history.search("", from_us=0),
        lambda: history.search(' "" ', from_us=0),
        lambda: history.search("x" * 257, from_us=0),
        lambda: history.search(" ".join(map(str, range(17))), from_us=0),
        lambda: history.search("hello"),
        lambda: history.forget(-1),
    ):
        _raises(InvalidArgument, call, "an argument that can never be right is refused")
    _is(history.search("hello", from_us=0).entries, [], "what is refused is not added")


def _finds_texts(history: HistoryStore) -> None:
    _written(history)
    texts = {
        "en": "Where is my REFUND for order A-4711?",
        "ru": "Где мой возврат? Ещё не пришёл.",
        "zh": "我的退款在哪里？订单一百",
        "ja": "返金はどこですか",
        "ko": "환불은 어디에 있나요",
        "ar": "أين استرداد أموالي",
        "th": "เงินคืนของฉันอยู่ที่ไหน",
        "fr": "Où est mon remboursement, déjà promis\nhier",
        "de": "Straße und Fußgänger",
        "wide": "ＦＵＬＬ　ｗｉｄｔｈ",
    }
    history.add(
        *(_message(name, 200 + place, body) for place, (name, body) in enumerate(texts.items())),
        _message("bob", 300, "a refund for bob", "bob", contact_id="call-2"),
        SurveyAnswer(entry_id="s", at_us=_AT, customer_id="ann", question="q", answer="refunded at last"),
        Note(entry_id="n", at_us=_AT, customer_id="ann", agent_id="maxim", body="ask about the Refund"),
        Recording(entry_id="r", at_us=_AT, customer_id="ann", reference="refund.ogg", length_us=1),
    )
    for text, found in (
        ("refund", ["bob", "en", "n", "s"]),
        ("FUND", ["bob", "en", "n", "s"]),
        ("refund my", ["en"]),
        ('"my refund"', ["en"]),
        ('"refund my"', []),
        ("A-4711", ["en"]),
        ("11?", ["en"]),
        ("ВОЗВРАТ", ["ru"]),
        ("еще пришел", ["ru"]),
        ("退款", ["zh"]),
        ("款", ["zh"]),
        ("退款 一百", ["zh"]),
        ("返金は", ["ja"]),
        ("불은", ["ko"]),
        ("استرداد", ["ar"]),
        ("คืน", ["th"]),
        ("deja PROMIS", ["fr"]),
        ('"promis hier"', ["fr"]),
        ("strasse", ["de"]),
        ("full width", ["wide"]),
        ("refund退款", []),
        ('"', None),
        ("%", []),
        ("* OR refund", []),
    ):
        if found is None:
            _raises(InvalidArgument, lambda text=text: history.search(text, from_us=0), "no word")  # type: ignore[misc]
        else:
            _is(sorted(_ids(history.search(text, from_us=0))), found, f"found by {text}")
    _is(_ids(history.search("refund", customer_ids=["bob"])), ["bob"], "a search may be for one customer")
    _is(_ids(history.search("refund", customer_ids=["ann"])), ["en", "n", "s"], "newest first, then as added last")
    _is(_ids(history.search("refund", customer_ids=["x", "bob"])), ["bob"], "a search may be for several ids")
    span = history.search("refund", from_us=_AT + _SECOND, until_us=_AT + 300 * _SECOND)
    _is(_ids(span), ["en"], "a search may be for a span of time")


def _pages_what_it_finds(history: HistoryStore) -> None:
    history.add(*(_message(f"m-{number}", number // 10, f"number {number}") for number in range(45)))
    whole = _ids(history.search("number", from_us=0, page_size=1_000))
    _is(sorted(whole), sorted(f"m-{number}" for number in range(45)), "everything is found")
    for page_size in (1, 10, 44):
        found: list[str] = []
        cursor = None
        while True:
            page = history.search("number", from_us=0, page_size=page_size, cursor=cursor)
            found += _ids(page)
            cursor = page.cursor
            if cursor is None:
                break
        _is(found, whole, f"pages of {page_size} make up what is found")


def _forgets_what_has_ended(history: HistoryStore) -> None:
    _written(history)
    later = _AT + 1_000 * _SECOND
    history.add(
        Note(entry_id="old", at_us=_AT, contact_id="call-2", body="of a contact that has ended"),
        Note(entry_id="open", at_us=_AT, contact_id="mail-3", body="of a contact that is open"),
        Note(entry_id="loose", at_us=_AT, customer_id="ann", body="of none"),
        Note(entry_id="new", at_us=later, customer_id="ann", body="of none, later"),
    )
    gone = history.forget(later, queue_id="support", texts_only=True)
    _is((gone.contacts, gone.additions), (0, 1), "texts of a queue are forgotten, and counted")
    _is(len(history.contacts().contacts), 4, "contacts stay where only texts go")
    _is(sorted(_ids(history.search("of", from_us=0))), ["loose", "new", "open"], "what is forgotten is not found")
    gone = history.forget(_AT + 130 * _SECOND)
    _is((gone.contacts, gone.additions), (1, 1), "what ended before the moment goes, and what is nobody's")
    _is(_contacts(history.contacts()), [("chat-1", 150), ("mail-3", 140), ("call-2", 110)], "what ended at it stays")
    gone = history.forget(later, queue_id="loans")
    _is((gone.contacts, gone.additions), (0, 0), "what has not ended stays, however old")
    gone = history.forget(later)
    _is((gone.contacts, len(history.contacts().contacts)), (1, 2), "what has ended goes")
    _is(len(history.stories().stories[0].entries), 1, "entries of others stay")
    _is(history.through_seq(), len(history_events()), "forgetting leaves the seq")


def _erases_a_customer(history: HistoryStore) -> None:
    events = history_events()
    history.write(events[:-1])
    history.add(
        _message("m-1", 3, "my number is 42"),
        _message("m-2", 4, "and 43", None),
        _message("m-3", 5, "mine is 42", "bob", contact_id="call-2"),
    )
    gone = history.erase("ann")
    _is((gone.contacts, gone.additions), (2, 2), "erasing tells what went")
    _is(history.customer("ann").contacts, 0, "an erased customer has no contacts")
    _is(history.timeline("ann").entries, [], "an erased customer has no timeline")
    _is(_ids(history.search("4", from_us=0)), ["m-3"], "what an erased customer said is not found")
    _is(history.conversation("talk-1").entries, [], "conversations of an erased customer lead nowhere")
    _is(len(history.contacts().contacts), 3, "contacts stay, as nobody's")
    _is({one.customer_id for one in history.contacts().contacts}, {None, "bob"}, "nobody's")
    _raises(KeyDestroyed, lambda: history.add(_message("m-4", 6, "again")), "nothing is added for an erased customer")
    history.write(events)
    _is(history.customer("ann").contacts, 0, "events that come later do not bring an erased customer back")
    history.reset()
    history.write(events)
    _is(history.customer("ann").contacts, 0, "nor do events that are written anew")
    _is({one.conversation_id for one in history.contacts().contacts}, {None}, "nor their conversations")
    _is((history.erase("ann").contacts, history.scrub()), (0, True), "erasing may be repeated")


def _is_written_anew(history: HistoryStore) -> None:
    events = _written(history)
    history.add(_message("m-1", 151, "hello"), _message("m-2", 0, "nobody's", None, contact_id="call-2"))
    before = history.stories(page_size=1_000), history.timeline("ann", page_size=1_000), history.customer("ann")
    history.reset()
    _is(history.contacts().contacts, [], "reset removes contacts")
    _is(_ids(history.timeline("ann")), ["m-1"], "reset leaves what was added")
    history.write(events[:7])
    history.write(events[7:])
    after = history.stories(page_size=1_000), history.timeline("ann", page_size=1_000), history.customer("ann")
    _is(after, before, "a history that is written anew is what it was, with what was added in its place")

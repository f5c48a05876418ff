"""What every history must do: :func:`check_history` tells what one gets wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

import msgspec

from ccroute.errors import HistoryGap, InvalidArgument, KeyDestroyed, OtherSource, WrongType
from ccroute.ports import HistoryStore
from ccroute.testing.history_pages import pages, pages_other_lists, pages_what_it_finds, pages_while_written
from ccroute.testing.promises import keeps
from ccroute.testing.small_day import AT, SECOND, history_events, is_so, message, raises, written
from ccroute.testing.threads import at_once, in_a_thread
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
from ccroute.types import ContactState, LegEnd

__all__ = ["check_history", "history_events"]


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
        pages,
        pages_while_written,
        _tells_a_conversation,
        pages_other_lists,
        _adds_each_once,
        _adds_all_or_nothing,
        _keeps_what_comes_before_its_contact,
        _refuses_what_is_not_allowed,
        _finds_texts,
        pages_what_it_finds,
        _forgets_what_has_ended,
        _erases_a_customer,
        _is_written_anew,
        _may_be_called_from_any_thread,
    ):
        history = make()
        try:
            keeps("a history", check, history)
        except AssertionError:
            with suppress(Exception):  # the promise that was not kept says more
                history.close()
            raise
        keeps("a history", _closes_for_good, history)


def _closes_for_good(history: HistoryStore) -> None:
    history.close()
    history.close()


def _contacts(page: ContactPage) -> list[tuple[str, int]]:
    return [(one.contact_id, (one.began_at_us - AT) // SECOND) for one in page.contacts]


def _kinds(entries: Sequence[TimelineEntry]) -> list[tuple[str, int]]:
    return [(one.kind, (one.at_us - AT) // SECOND) for one in entries]


def _ids(page: TimelinePage) -> list[str]:
    return [one.addition.entry_id for one in page.entries if one.addition is not None]


def _writes_each_event_once(history: HistoryStore) -> None:
    events = history_events()
    is_so(history.through_seq(), 0, "an empty history has no event")
    is_so(history.write(events[:5]), 5, "write returns the seq of the last event")
    is_so(history.write(events[:5]), 5, "events that were written before are passed over")
    is_so(history.write([]), 5, "no events change nothing")
    is_so(history.position(), 0, "a position that was not given is 0")
    is_so(history.write(events[5:8], position=3), 8, "a position is kept with events")
    is_so((history.write(events[:8], position=9), history.position()), (8, 3), "and only with events that are new")
    is_so(history.write(events[2:]), len(events), "a batch may begin with events that were written before")
    is_so(history.through_seq(), len(events), "through_seq is the seq of the last event")
    twice = [(entry.kind, entry.at_us) for entry in history.timeline("ann", page_size=1_000).entries]
    at_once = history_events()
    history.reset()
    history.write(at_once)
    once = [(entry.kind, entry.at_us) for entry in history.timeline("ann", page_size=1_000).entries]
    is_so(twice, once, "events in several batches give what they give in one")


def _takes_no_gap_unless_told(history: HistoryStore) -> None:
    events = history_events()
    raises(HistoryGap, lambda: history.write(events[1:]), "a gap before the events is refused")
    raises(InvalidArgument, lambda: history.write([events[0], events[2]]), "a gap among the events is refused")
    raises(InvalidArgument, lambda: history.write([events[1], events[0]]), "events out of order are refused")
    is_so(history.through_seq(), 0, "what is refused is not written")
    history.write(events[2:], allow_gap=True)
    is_so(
        _contacts(history.contacts()),
        [("chat-1", 150), ("mail-3", 140), ("call-2", 110), ("chat-1", 60)],
        "a contact whose beginning was not seen begins where it enters a queue next",
    )
    history.reset()
    history.write(events[:2])
    history.write(events[5:], allow_gap=True)
    legs = [leg.agent_id for story in history.stories().stories for leg in story.legs]
    is_so(legs, ["dorit"], "of legs whose beginning was not seen, nothing is kept")


def _keeps_sources_apart(history: HistoryStore) -> None:
    events = history_events()
    history.write(events[:4], source="north")
    history.write(events, source="south")
    is_so(
        (history.through_seq("north"), history.through_seq("south"), history.through_seq()),
        (4, len(events), 0),
        "each source has its own seqs",
    )
    later = [msgspec.structs.replace(event, at_us=event.at_us + 1) for event in events]
    raises(OtherSource, lambda: history.write(later, source="north"), "another first event is another source's")
    raises(OtherSource, lambda: history.write(later[5:], source="south"), "and so is another last event")
    is_so(history.write(later, source="west"), len(later), "which may be written as its own")
    history.reset("west")
    history.reset("nowhere")
    history.reset("south")
    is_so((history.through_seq("north"), history.through_seq("south")), (4, 0), "reset is for one source")
    is_so(_contacts(history.contacts()), [("chat-1", 1)], "reset leaves contacts of other sources")


def _tells_a_contact(history: HistoryStore) -> None:
    events = history_events()
    again = [event.seq for event in events if event.at_us == AT + 150 * SECOND]
    history.write(events[: again[0] - 1])
    story = history.contact("chat-1")
    assert story is not None, "a contact that was written is told"
    contact = story.contact
    is_so(
        (contact.state, contact.channel, contact.first_queue_id, contact.queue_id, contact.disposition, contact.legs),
        (ContactState.CLOSED, "voice", "support", "loans", "loan granted", 2),
        "a contact is told as it ended",
    )
    is_so((contact.customer_id, contact.conversation_id), ("ann", "talk-1"), "a contact has customer and conversation")
    is_so(contact.last_agent_id, "dorit", "the last agent is that of the leg that began last")
    is_so(
        [(leg.agent_id, leg.queue_id, leg.channel, leg.reason) for leg in story.legs],
        [("maxim", "support", "chat", LegEnd.TRANSFERRED), ("dorit", "loans", "voice", LegEnd.COMPLETED)],
        "legs are told in order",
    )
    is_so([leg.wrapped_us for leg in story.legs], [5 * SECOND, None], "a leg tells its wrap-up")
    is_so(
        (contact.began_at_us, contact.ended_at_us, contact.waited_us),
        (AT + SECOND, AT + 90 * SECOND, 3 * SECOND),
        "a contact tells when it came and ended, and how long it waited",
    )
    is_so(
        [(leg.began_at_us, leg.ended_at_us, leg.waited_us, leg.handled_us) for leg in story.legs],
        [
            (AT + 3 * SECOND, AT + 65 * SECOND, 2 * SECOND, 57 * SECOND),
            (AT + 61 * SECOND, AT + 90 * SECOND, 3 * SECOND, 29 * SECOND),
        ],
        "a leg tells when it began and ended, how long the contact had waited, and how long the work took",
    )
    active = [(one.agent_id, one.queue_id) for one in story.entries if one.kind == "contact.active"]
    is_so(active, [("maxim", "support"), ("dorit", "loans")], "an entry has the agent and the queue it is about")
    (change,) = (one.details for one in story.entries if one.kind == "contact.channel_changed")
    is_so(
        (change.get("from_channel"), change.get("to_channel")),
        ("chat", "voice"),
        "details are what else the event said, by the names of its fields",
    )
    kinds = [kind for kind, _ in _kinds(story.entries)]
    for kind in ("contact.queued", "contact.held", "contact.channel_changed", "contact.transferred", "contact.closed"):
        is_so(kind in kinds, True, f"{kind} is on the timeline")
    is_so(history.contact("nobody"), None, "a contact that is not there is None")


def _tells_ids_that_are_used_again(history: HistoryStore) -> None:
    written(history)
    story = history.contact("chat-1")
    assert story is not None
    is_so(
        (story.contact.state, _kinds(story.entries)),
        (ContactState.QUEUED, [("contact.queued", 150)]),
        "an id that is used again means the newest contact",
    )


def _tells_a_customer(history: HistoryStore) -> None:
    is_so(history.customer("ann").contacts, 0, "a customer who was never there has an empty card")
    written(history)
    card = history.customer("ann")
    is_so(
        (card.contacts, card.by_channel, card.by_state),
        (3, {"chat": 1, "email": 1, "voice": 1}, {"queued": 2, "closed": 1}),
        "a card counts contacts",
    )
    is_so((card.last_agent_id, card.open_conversation_id), ("dorit", "talk-1"), "a card has the last agent and talk")
    is_so(
        (card.first_at_us, card.last_at_us, card.last_agent_at_us),
        (AT + SECOND, AT + 150 * SECOND, AT + 61 * SECOND),
        "a card has times",
    )
    is_so([one.contact_id for one in history.customer("ann", contacts=1).last_contacts], ["chat-1"], "newest first")
    is_so(history.customer("ann", "bob").contacts, 4, "a customer may be known under several ids")
    is_so(
        {kind for kind, _ in _kinds(history.timeline("bob").entries)}, {"contact.queued", "contact.abandoned"}, "whose"
    )
    is_so(history.customer("bob").last_agent_id, None, "nobody took what was abandoned")


def _chooses_contacts(history: HistoryStore) -> None:
    written(history)
    old, call, mail, new = ("chat-1", 1), ("call-2", 110), ("mail-3", 140), ("chat-1", 150)
    for chosen, expected in (
        (ContactFilter(), [new, mail, call, old]),
        (ContactFilter(customer_ids=["ann"]), [new, mail, old]),
        (ContactFilter(from_us=AT + 110 * SECOND, until_us=AT + 150 * SECOND), [mail, call]),
        (ContactFilter(agent_id="maxim"), [old]),
        (ContactFilter(agent_id="maxim", from_us=AT + 2 * SECOND), []),
        (ContactFilter(queue_id="loans"), [mail, old]),
        (ContactFilter(channel="voice"), [call, old]),
        (ContactFilter(disposition="loan granted"), [old]),
        (ContactFilter(conversation_id="talk-1"), [new, old]),
        (ContactFilter(state=ContactState.ABANDONED), [call]),
        (ContactFilter(customer_ids=["ann", "bob"], channel="voice", queue_id="support"), [call]),
    ):
        is_so(_contacts(history.contacts(chosen)), expected, f"contacts of {chosen}")
        stories = history.stories(chosen, page_size=1_000).stories
        is_so([one.contact for one in stories], history.contacts(chosen).contacts, "stories are those of the contacts")
    legs = [leg.agent_id for leg in history.stories(ContactFilter(agent_id="maxim")).stories[0].legs]
    is_so(legs, ["maxim", "dorit"], "a story has all legs, whichever was asked for")


def _tells_a_conversation(history: HistoryStore) -> None:
    written(history)
    history.add(message("m-1", 2, "hello"), message("m-2", 120, "anybody?", contact_id=None, conversation_id="talk-1"))
    entries = history.conversation("talk-1", page_size=1_000).entries
    is_so(
        {one.contact_id for one in entries}, {"chat-1", None}, "a conversation has its contacts and what lies between"
    )
    is_so(
        [one for one in _kinds(entries) if one[0] == "message"],
        [("message", 120), ("message", 2)],
        "a conversation has its messages, newest first",
    )
    is_so(_kinds(entries)[0], ("contact.queued", 150), "a conversation has all its contacts")
    is_so(history.conversation("talk-9").entries, [], "a conversation that is not there is empty")


def _adds_each_once(history: HistoryStore) -> None:
    written(history)
    given: list[AnyAddition] = [
        message("m-1", 151, "hello"),
        Note(entry_id="n-1", at_us=AT + 152 * SECOND, contact_id="chat-1", agent_id="maxim", body="is in a hurry"),
        Recording(
            entry_id="r-1",
            at_us=AT + 153 * SECOND,
            contact_id="call-2",
            reference="s3://calls/2",
            length_us=20,
            media_type="audio/ogg",
        ),
        SurveyAnswer(
            entry_id="s-1", at_us=AT + 154 * SECOND, customer_id="ann", question="happy?", answer="very", score=5
        ),
    ]
    is_so(history.add(*given), 4, "add returns how many were new")
    is_so(history.add(*given[1:]), 0, "what was added before is passed over")
    twice = msgspec.structs.replace(message("m-2", 155, "hm"), attachments=["files/1", "files/2"])
    is_so(history.add(message("m-1", 151, "hello again"), twice, twice), 1, "an id is added once")
    story = history.contact("chat-1")
    assert story is not None
    is_so([one.kind for one in story.entries], ["contact.queued", "message", "note", "message"], "by time")
    told = [one.addition for one in history.timeline("ann").entries if one.addition is not None]
    is_so([one.entry_id for one in told], ["m-2", "s-1", "n-1", "m-1"], "a contact's customer is that of what is added")
    is_so(told[1], given[3], "what was added comes back as it was")
    is_so(told[3], given[0], "the first one of an id stays")
    is_so(told[2].customer_id, "ann", "where no customer is named, it is the contact's")
    is_so(history.timeline("bob").entries[0].kind, "recording", "a recording is on the timeline")
    odd = " Zoe\u0308, Zo\u00eb & \ufb01ne\r\n\t\u200f\U0001f469\u200d\U0001f467 '%_\\ "
    exact = msgspec.structs.replace(message("m-3", 0, odd), at_us=AT + 160 * SECOND + 123_457)
    history.add(exact)
    said = history.timeline("ann").entries[0].addition
    assert isinstance(said, Message), "what was added last is the newest entry"
    is_so(ascii(said.body), ascii(odd), "a text comes back to the letter: nothing is stripped, joined or normalized")
    is_so(said.at_us, exact.at_us, "a moment comes back to the microsecond")


def _adds_all_or_nothing(history: HistoryStore) -> None:
    wrong = message("", 1, "hello")
    raises(InvalidArgument, lambda: history.add(message("m-1", 0, "hello"), wrong), "what is not allowed is refused")
    is_so(history.timeline("ann").entries, [], "where one is not allowed, nothing is added")


def _may_be_called_from_any_thread(history: HistoryStore) -> None:
    events = history_events()
    history.write(events[:4])
    wrote = in_a_thread(lambda: history.write(events[4:]), "write")
    is_so(wrote, len(events), "what was begun in one thread goes on in another")
    shared = message("shared", 200, "said once")
    calls: list[Callable[[], int]] = [
        partial(history.add, *(message(f"m-{writer}-{number}", 201, "hello") for number in range(10)), shared)
        for writer in range(4)
    ]
    added = at_once([*calls, lambda: 0 * len(history.timeline("ann").entries)])
    is_so(sum(added), 41, "threads that add at once add each exactly once")
    is_so(len(_ids(history.timeline("ann", page_size=1_000))), 41, "and all of it")


def _keeps_what_comes_before_its_contact(history: HistoryStore) -> None:
    history.add(message("m-1", 0, "hello"), message("m-2", 1, "hello?", None))
    is_so(_ids(history.timeline("ann")), ["m-1"], "a customer's message needs no contact")
    written(history)
    story = history.stories(ContactFilter(agent_id="maxim")).stories[0]
    is_so(
        [one.kind for one in story.entries[:3]],
        ["message", "contact.queued", "message"],
        "what comes before its contact belongs to it as soon as it is there",
    )


def _refuses_what_is_not_allowed(history: HistoryStore) -> None:
    for refused in (
        message("", 0, "hello"),
        message("m-1", -(10**12), "hello"),
        message("m-1", 0, "hello", "a\nb"),
        message("m-1", 0, "hello", None, contact_id=None),
        message("m-1", 0, "x" * 1_000_001),
        message("m-1", 0, "\ud800"),
        msgspec.structs.replace(message("m-1", 0, "hello"), attachments=["file"] * 65),
        msgspec.structs.replace(message("m-1", 0, "hello"), attachments=None),
        msgspec.structs.replace(message("m-1", 0, "hello"), from_customer=1),
        Recording(entry_id="r-1", at_us=0, contact_id="c", reference="s3://calls/2", length_us=-1),
        SurveyAnswer(entry_id="s-1", at_us=0, contact_id="c", question="q", score=2**60),
    ):
        raises(InvalidArgument, lambda refused=refused: history.add(refused), f"{refused}")  # type: ignore[misc]
    for other in (None, "hello", [message("m-1", 0, "hello")], written, Addition(entry_id="m-1", at_us=0)):
        raises(WrongType, lambda other=other: history.add(other), "what is no addition is refused")  # type: ignore[misc]
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
        raises(InvalidArgument, call, "an argument that can never be right is refused")
    is_so(history.search("hello", from_us=0).entries, [], "what is refused is not added")


def _finds_texts(history: HistoryStore) -> None:
    written(history)
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
        *(message(name, 200 + place, body) for place, (name, body) in enumerate(texts.items())),
        message("bob", 300, "a refund for bob", "bob", contact_id="call-2"),
        SurveyAnswer(entry_id="s", at_us=AT, customer_id="ann", question="q", answer="refunded at last"),
        Note(entry_id="n", at_us=AT, customer_id="ann", agent_id="maxim", body="ask about the Refund"),
        Recording(entry_id="r", at_us=AT, customer_id="ann", reference="refund.ogg", length_us=1),
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
            raises(InvalidArgument, lambda text=text: history.search(text, from_us=0), "no word")  # type: ignore[misc]
        else:
            is_so(sorted(_ids(history.search(text, from_us=0))), found, f"found by {text}")
    is_so(_ids(history.search("refund", customer_ids=["bob"])), ["bob"], "a search may be for one customer")
    is_so(_ids(history.search("refund", customer_ids=["ann"])), ["en", "n", "s"], "newest first, then as added last")
    is_so(_ids(history.search("refund", customer_ids=["x", "bob"])), ["bob"], "a search may be for several ids")
    span = history.search("refund", from_us=AT + SECOND, until_us=AT + 300 * SECOND)
    is_so(_ids(span), ["en"], "a search may be for a span of time")


def _forgets_what_has_ended(history: HistoryStore) -> None:
    written(history)
    later = AT + 1_000 * SECOND
    history.add(
        Note(entry_id="old", at_us=AT, contact_id="call-2", body="of a contact that has ended"),
        Note(entry_id="open", at_us=AT, contact_id="mail-3", body="of a contact that is open"),
        Note(entry_id="loose", at_us=AT, customer_id="ann", body="of none"),
        Note(entry_id="new", at_us=later, customer_id="ann", body="of none, later"),
    )
    gone = history.forget(later, queue_id="support", texts_only=True)
    is_so((gone.contacts, gone.additions), (0, 1), "texts of a queue are forgotten, and counted")
    is_so(len(history.contacts().contacts), 4, "contacts stay where only texts go")
    is_so(sorted(_ids(history.search("of", from_us=0))), ["loose", "new", "open"], "what is forgotten is not found")
    gone = history.forget(AT + 130 * SECOND)
    is_so((gone.contacts, gone.additions), (1, 1), "what ended before the moment goes, and what is nobody's")
    is_so(_contacts(history.contacts()), [("chat-1", 150), ("mail-3", 140), ("call-2", 110)], "what ended at it stays")
    gone = history.forget(later, queue_id="loans")
    is_so((gone.contacts, gone.additions), (0, 0), "what has not ended stays, however old")
    gone = history.forget(later)
    is_so((gone.contacts, len(history.contacts().contacts)), (1, 2), "what has ended goes")
    is_so(len(history.stories().stories[0].entries), 1, "entries of others stay")
    is_so(history.through_seq(), len(history_events()), "forgetting leaves the seq")


def _erases_a_customer(history: HistoryStore) -> None:
    events = history_events()
    history.write(events[:-1])
    history.add(
        message("m-1", 3, "my number is 42"),
        message("m-2", 4, "and 43", None),
        message("m-3", 5, "mine is 42", "bob", contact_id="call-2"),
    )
    gone = history.erase("ann")
    is_so((gone.contacts, gone.additions), (2, 2), "erasing tells what went")
    is_so(history.customer("ann").contacts, 0, "an erased customer has no contacts")
    is_so(history.timeline("ann").entries, [], "an erased customer has no timeline")
    is_so(_ids(history.search("4", from_us=0)), ["m-3"], "what an erased customer said is not found")
    is_so(history.conversation("talk-1").entries, [], "conversations of an erased customer lead nowhere")
    is_so(len(history.contacts().contacts), 3, "contacts stay, as nobody's")
    is_so({one.customer_id for one in history.contacts().contacts}, {None, "bob"}, "nobody's")
    raises(KeyDestroyed, lambda: history.add(message("m-4", 6, "again")), "nothing is added for an erased customer")
    history.write(events)
    is_so(history.customer("ann").contacts, 0, "events that come later do not bring an erased customer back")
    history.reset()
    history.write(events)
    is_so(history.customer("ann").contacts, 0, "nor do events that are written anew")
    is_so({one.conversation_id for one in history.contacts().contacts}, {None}, "nor their conversations")
    is_so((history.erase("ann").contacts, history.scrub()), (0, True), "erasing may be repeated")


def _is_written_anew(history: HistoryStore) -> None:
    events = written(history)
    history.add(message("m-1", 151, "hello"), message("m-2", 0, "nobody's", None, contact_id="call-2"))
    before = history.stories(page_size=1_000), history.timeline("ann", page_size=1_000), history.customer("ann")
    history.reset()
    is_so(history.contacts().contacts, [], "reset removes contacts")
    is_so(_ids(history.timeline("ann")), ["m-1"], "reset leaves what was added")
    history.write(events[:7])
    history.write(events[7:])
    after = history.stories(page_size=1_000), history.timeline("ann", page_size=1_000), history.customer("ann")
    is_so(after, before, "a history that is written anew is what it was, with what was added in its place")

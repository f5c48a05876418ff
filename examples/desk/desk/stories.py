"""What pages read of the past: one contact with what was said, a customer's card, what happened with a customer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, final

from anyio import to_thread

from ccroute import CcrouteError, CustomerRecord, Message, Note, PastContact, Router, TimelineEntry, UnknownCustomer
from ccroute.channels.attachments import referred
from ccroute.customers import Customers
from desk.agent_shapes import Card, CardContact, Happened, HappenedEntry, Story, StoryFile, StoryMessage, StoryNote
from desk.faults import fault
from desk.naming import Naming
from desk.telling import as_fault

__all__ = ["Stories", "name_of"]

_PAGE: Final = 50
_CONTACTS: Final = 10
_ENTRIES_MAX: Final = 1_000


@final
class Stories:
    """Reads histories. Whether somebody may ask is the caller's affair."""

    def __init__(self, router: Router, customers: Customers, naming: Naming) -> None:
        self._router = router
        self._customers = customers
        self._naming = naming

    async def story(self, contact_id: str) -> Story:
        """Return a contact and what was said in its conversation, the newest 1 000 entries.

        :raises Fault: there is no such contact, or it cannot be read now.
        """
        try:
            found = await self._router.history.contact(contact_id)
            if found is None:
                raise fault("not_found")
            contact, entries = found.contact, found.entries
            if contact.conversation_id is not None:
                page = await self._router.history.conversation(contact.conversation_id, page_size=_ENTRIES_MAX)
                entries = page.entries[::-1]
        except CcrouteError as error:
            raise as_fault(error) from error
        if contact.customer_id is not None:
            await self._naming.learn([contact.customer_id])
        return Story(
            contact_id=contact_id,
            state=contact.state,
            queue_id=contact.queue_id,
            channel=contact.channel,
            customer_id=contact.customer_id,
            customer_name=self._naming.customer(contact.customer_id),
            conversation_id=contact.conversation_id,
            began_at_us=contact.began_at_us,
            messages=_messages(entries),
            notes=_notes(entries),
        )

    async def served(self, agent_id: str, contact_id: str) -> PastContact | None:
        """Return a contact that an agent has or has had in hand; None: there is none.

        :raises Fault: it cannot be read now.
        """
        try:
            found = await self._router.history.contact(contact_id)
        except CcrouteError as error:
            raise as_fault(error) from error
        return found.contact if found is not None and any(leg.agent_id == agent_id for leg in found.legs) else None

    async def card(self, customer_id: str | None) -> Card:
        """Return a customer's card; of nobody, an empty one.

        :raises Fault: it cannot be read now.
        """
        if customer_id is None:
            return _EMPTY
        try:
            known = await to_thread.run_sync(_known, self._customers, customer_id)
            card = await self._router.history.customer(*known.ids, contacts=_CONTACTS)
        except CcrouteError as error:
            raise as_fault(error) from error
        return Card(
            customer_id=customer_id,
            customer_name=known.record.name,
            tier=known.record.tier,
            remarks=known.record.remarks,
            contacts=card.contacts,
            by_channel=card.by_channel,
            first_at_us=card.first_at_us,
            last_at_us=card.last_at_us,
            last_agent_id=card.last_agent_id,
            last_contacts=[
                CardContact(
                    contact_id=one.contact_id,
                    channel=one.channel,
                    queue_id=one.queue_id,
                    state=one.state,
                    began_at_us=one.began_at_us,
                    ended_at_us=one.ended_at_us,
                    disposition=one.disposition,
                    last_agent_id=one.last_agent_id,
                )
                for one in card.last_contacts
            ],
        )

    async def happened(self, customer_id: str | None, cursor: str | None) -> Happened:
        """Return a page of what happened with a customer, newest first.

        :raises Fault: there is no such page, or it cannot be read now.
        """
        if customer_id is None:
            return Happened(entries=[], cursor=None)
        try:
            known = await to_thread.run_sync(_known, self._customers, customer_id)
            page = await self._router.history.timeline(*known.ids, page_size=_PAGE, cursor=cursor)
        except CcrouteError as error:
            raise as_fault(error) from error
        return Happened(entries=[_happened(one) for one in page.entries], cursor=page.cursor)


class _Known(NamedTuple):
    ids: tuple[str, ...]
    record: CustomerRecord


def name_of(customers: Customers, customer_id: str) -> str | None:
    """Return what a customer is called; None: that is not known. Blocks."""
    return _known(customers, customer_id).record.name


def _known(customers: Customers, customer_id: str) -> _Known:
    try:
        customer = customers.customer(customer_id)
    except UnknownCustomer:
        return _Known((customer_id,), CustomerRecord())
    ids = (customer.customer_id, *(one.identity_id for one in customer.identities))
    return _Known(tuple(dict.fromkeys(ids)), customer.record)


_EMPTY: Final = Card(
    customer_id=None,
    customer_name=None,
    tier=None,
    remarks=None,
    contacts=0,
    by_channel={},
    first_at_us=None,
    last_at_us=None,
    last_agent_id=None,
    last_contacts=[],
)


def _messages(entries: Sequence[TimelineEntry]) -> list[StoryMessage]:
    return [
        StoryMessage(
            entry_id=said.entry_id,
            at_us=said.at_us,
            from_customer=said.from_customer,
            agent_id=said.agent_id,
            body=said.body,
            attachments=_files(said.attachments),
        )
        for one in entries
        if isinstance(said := one.addition, Message)
    ]


def _files(references: Sequence[str]) -> list[StoryFile]:
    """Return the files of the chat among those that a message refers to."""
    return [
        StoryFile(attachment_id=one.attachment_id, name=one.name, media_type=one.media_type, bytes=one.bytes)
        for one in map(referred, references)
        if one is not None
    ]


def _notes(entries: Sequence[TimelineEntry]) -> list[StoryNote]:
    return [
        StoryNote(entry_id=noted.entry_id, at_us=noted.at_us, agent_id=noted.agent_id, body=noted.body)
        for one in entries
        if isinstance(noted := one.addition, Note)
    ]


def _happened(one: TimelineEntry) -> HappenedEntry:
    said = one.addition
    return HappenedEntry(
        at_us=one.at_us,
        kind=one.kind,
        contact_id=one.contact_id,
        agent_id=one.agent_id,
        queue_id=one.queue_id,
        channel=one.channel,
        text=said.body if isinstance(said, Message | Note) else None,
        from_customer=said.from_customer if isinstance(said, Message) else None,
    )

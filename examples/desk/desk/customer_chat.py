"""The rooms in which customers and agents talk: a bot greets, then an agent of the queue that the customer chose.

The chat is ``ccroute``'s; here it is said who may open it. A customer's session is opened by a token that the page
keeps; who the customer is follows from the account, where one is signed in, else from a cookie of the browser.
"""

from __future__ import annotations

import math
import re
import secrets
from typing import Final, final

import msgspec
from anyio import to_thread
from starlette.responses import Response

from ccroute import CcrouteError, ChatRefused, Config, CustomerRecord, Engine, InvalidArgument, Router
from ccroute.channels.webchat import Heard, WebChat
from ccroute.channels.webchat_limits import ChatLimits
from ccroute.customers import Customers, handle
from desk.agent_view import is_in_conversation
from desk.calls import Access, Call, Operation, Room, SocketDoor, Visit
from desk.doors import Doors
from desk.faults import fault
from desk.limits import Buckets, Rate
from desk.naming import Naming
from desk.people import Role, User
from desk.telling import as_fault, ask
from desk.topics import Topics

__all__ = ["Begin", "Begun", "ChatRoom", "ChatSettings", "Greeter", "QueueChoice", "ShownCustomer"]

ACCOUNT: Final = "account"
"""The kind of handle by which a signed-in customer is known."""
VISITOR: Final = "visitor"
"""The kind of handle by which a browser is known."""
GREETING: Final = "Hello! One moment, please: somebody will be with you shortly."
_COOKIE: Final = "desk_visitor"
_COOKIE_S: Final = 365 * 86_400
_NAME_LENGTH_MAX: Final = 80
_VISITOR_LENGTH: Final = 32
_VISITOR: Final = re.compile(rf"[A-Za-z0-9_-]{{{_VISITOR_LENGTH}}}")
_IS_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Begin(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Begin to chat."""

    queue_id: str | None = None
    """What it is about; None: the first of those that there are."""
    name: str | None = None
    """What the customer wants to be called, at most 80 characters."""


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """A session of the chat."""

    token: str
    """Opens it; to be kept by the page, and told with ``hello``."""
    conversation_id: str
    """The conversation."""
    customer_name: str | None
    """What agents will see."""


class QueueChoice(msgspec.Struct, frozen=True, kw_only=True):
    """Something to chat about."""

    queue_id: str
    """Its queue."""
    title: str
    """What customers see."""
    waiting: int
    """Contacts that wait there."""
    estimated_wait_us: int | None
    """How long one more would wait; None: that cannot be told."""


class ShownCustomer(msgspec.Struct, frozen=True, kw_only=True):
    """A customer who is signed in."""

    shown_name: str
    """What the customer is called."""


class ChatSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a customer's page must know before it begins."""

    queues: list[QueueChoice]
    """What there is to chat about."""
    signed_in: ShownCustomer | None
    """Who is signed in; None: nobody, or no customer."""
    attachment_size_max: int
    """Bytes of a file."""
    message_length_max: int
    """Characters of a message."""


class WithToken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The token of a session of the chat, which does not belong into an address."""

    token: str
    """As ``begin`` told it."""


@final
class Greeter:
    """The bot: greets, and hands over to the queue that was chosen, with what is known of the customer."""

    def __init__(self, topics: Topics, customers: Customers, queue_id: str) -> None:
        """Take who knows.

        :param queue_id: for conversations whose topic is not known.
        """
        self._topics = topics
        self._customers = customers
        self._queue_id = queue_id
        self.chat: WebChat | None = None
        """The chat; set before it runs."""

    async def __call__(self, heard: Heard) -> None:
        """Hear what a customer says whom no agent hears yet."""
        assert self.chat is not None
        queue_id, record = await to_thread.run_sync(self._look_up, heard)
        await self.chat.hand_over(
            heard.conversation_id,
            queue_id,
            tier=record.tier,
            preferred=[] if record.manager_id is None else [record.manager_id],
        )
        # Under an id of its own per message, so that it is said once, whatever happens in between.
        await self.chat.say(heard.conversation_id, GREETING, client_id=f"greeting-{heard.message.number}")

    def _look_up(self, heard: Heard) -> tuple[str, CustomerRecord]:
        queue_id = self._topics.get(heard.conversation_id) or self._queue_id
        if heard.customer_id is None:
            return queue_id, CustomerRecord()
        return queue_id, self._customers.customer(heard.customer_id).record


@final
class ChatRoom:
    """Who may open the chat, and what is needed before."""

    def __init__(
        self,
        chat: WebChat,
        limits: ChatLimits,
        *,
        router: Router,
        config: Config,
        customers: Customers,
        naming: Naming,
        topics: Topics,
        doors: Doors,
        channel: str,
        begin: Rate,
    ) -> None:
        self._chat = chat
        self._begun = Buckets(begin)
        self._limits = limits
        self._router = router
        self._config = config
        self._customers = customers
        self._naming = naming
        self._topics = topics
        self._doors = doors
        self._channel = channel

    def room(self) -> Room:
        """Return the room."""
        return Room(
            name="chat",
            about="Customers and agents talk.",
            operations=tuple(self._operations()),
            sockets=(
                SocketDoor(path="/api/chat/socket", name="chat", handle=self._chat.serve, access=Access.ANYONE),
                SocketDoor(path="/api/agent/chat", name="agent-chat", handle=self._agent, access=Access.AGENT),
            ),
        )

    def _operations(self) -> list[Operation]:
        file = "conversations/{conversation_id}/attachments/{attachment_id}"
        return [
            Operation(
                method="GET",
                path="/api/chat/settings",
                name="chat_settings",
                summary="Tell what there is to chat about.",
                handle=self._settings,
                access=Access.ANYONE,
                answer=ChatSettings,
            ),
            Operation(
                method="POST",
                path="/api/chat/begin",
                name="begin_chat",
                summary="Begin a session of the chat.",
                handle=self._begin,
                access=Access.ANYONE,
                body=Begin,
                answer=Begun,
            ),
            Operation(
                method="POST",
                path="/api/chat/attachments/{attachment_id}",
                name="chat_attachment",
                summary="Fetch a file of the conversation that a token opens.",
                handle=self._own_attachment,
                access=Access.ANYONE,
                body=WithToken,
                media_type="application/octet-stream",
            ),
            *(
                Operation(
                    method="GET",
                    path=f"/api/{who}/{file}",
                    name=f"{who}_attachment",
                    summary="Fetch a file of a conversation.",
                    handle=fetch,
                    access=access,
                    media_type="application/octet-stream",
                )
                for who, access, fetch in (
                    ("agent", Access.AGENT, self._agents_attachment),
                    ("supervisor", Access.SUPERVISOR, self._any_attachment),
                )
            ),
        ]

    async def _settings(self, call: Call) -> ChatSettings:
        customer = _customer(call)
        open_to = self._open_to(customer)

        def look(engine: Engine) -> list[QueueChoice]:
            return [_choice(engine, queue_id, title, self._channel) for queue_id, title in open_to.items()]

        return ChatSettings(
            queues=await ask(self._router, look),
            signed_in=None if customer is None else ShownCustomer(shown_name=customer.shown_name),
            attachment_size_max=self._limits.attachment_bytes,
            message_length_max=self._limits.body_characters,
        )

    def _open_to(self, account: User | None) -> dict[str, str]:
        """Return the queues that a customer may choose, with their titles."""
        found = {}
        for queue_id, queue in self._config.queues.items():
            if account is not None or queue.attributes.get("visitors", True) is True:
                found[queue_id] = str(queue.attributes.get("title") or _title(queue_id))
        return found

    async def _begin(self, call: Call) -> Response:
        wanted = call.body_as(Begin)
        if wait_s := self._begun.take(call.address, self._doors.clock_s()):
            raise fault("too_many", retry_after_s=math.ceil(wait_s))
        account = _customer(call)
        open_to = self._open_to(account)
        queue_id = next(iter(open_to), None) if wanted.queue_id is None else wanted.queue_id
        if queue_id is None or queue_id not in open_to:
            raise fault("bad_request", "There is no such queue, or it is not open to this customer.")
        name = None if wanted.name is None else _shown(wanted.name)
        if name is not None and len(name) > _NAME_LENGTH_MAX:
            raise fault("bad_request", f"A name has at most {_NAME_LENGTH_MAX} characters.")
        cookie = call.request.cookies.get(_COOKIE, "")
        visitor = cookie if _VISITOR.fullmatch(cookie) is not None else secrets.token_urlsafe(_VISITOR_LENGTH * 3 // 4)
        try:
            customer_id, shown = await to_thread.run_sync(self._identify, account, visitor, name)
            opened = await self._chat.open_session(customer_id=customer_id)
            conversation_id = opened.session.conversation_id
            await to_thread.run_sync(self._topics.put, conversation_id, queue_id, self._router.now_us())
        except CcrouteError as error:
            raise as_fault(error) from error
        self._naming.forget(customer_id)
        begun = Begun(token=opened.token, conversation_id=conversation_id, customer_name=shown)
        response = Response(msgspec.json.encode(begun), media_type="application/json")
        if account is None:
            response.set_cookie(
                _COOKIE,
                visitor,
                max_age=_COOKIE_S,
                path="/api/chat",
                secure=self._doors.is_https,
                httponly=True,
                samesite="strict",
            )
        return response

    def _identify(self, account: User | None, visitor: str, name: str | None) -> tuple[str, str | None]:
        """Return the customer's id and what it is called; blocks."""
        if account is not None:
            found = self._customers.find_or_create(handle(ACCOUNT, account.name))
            name = name or account.shown_name
        else:
            found = self._customers.find_or_create(handle(VISITOR, visitor))
        record = self._customers.customer(found.customer_id).record
        # An account is called by its own name; a visitor by what it said last.
        if name is not None and (record.name is None or (account is None and name != record.name)):
            record = msgspec.structs.replace(record, name=name)
            self._customers.remember(found.identity_id, record)
        return found.identity_id, record.name

    # ---- files -------------------------------------------------------------------------------------------------

    async def _own_attachment(self, call: Call) -> Response:
        session = await self._chat.session(call.body_as(WithToken).token)
        if session is None:
            raise fault("not_found")
        return await self._file(session.conversation_id, call)

    async def _agents_attachment(self, call: Call) -> Response:
        conversation_id = call.part("conversation_id")
        if not await ask(self._router, is_in_conversation(call.agent_id, conversation_id)):
            raise fault("not_found")
        return await self._file(conversation_id, call)

    async def _any_attachment(self, call: Call) -> Response:
        return await self._file(call.part("conversation_id"), call)

    async def _file(self, conversation_id: str, call: Call) -> Response:
        try:
            attachment, content = await self._chat.attachment(conversation_id, call.part("attachment_id"))
        except ChatRefused as error:
            raise fault("not_found") from error
        except CcrouteError as error:
            raise as_fault(error) from error
        # A browser saves it, whatever it is, and shows nothing of it as a page.
        return Response(content, media_type=attachment.media_type, headers={"Content-Disposition": "attachment"})

    # ---- sockets -----------------------------------------------------------------------------------------------

    async def _agent(self, visit: Visit) -> None:
        assert visit.session is not None
        assert visit.session.user.agent_id is not None
        await self._chat.serve_agent(visit, visit.session.user.agent_id)


def _shown(name: str) -> str | None:
    """Return a name as others are shown it: no control characters, and nothing that turns what stands beside it."""
    words = "".join(one for one in name if one.isspace() or not _IS_CONTROL.match(one)).split()
    return " ".join(words) or None


def _customer(call: Call) -> User | None:
    if call.session is None or call.session.user.role is not Role.CUSTOMER:
        return None
    return call.session.user


def _title(queue_id: str) -> str:
    return queue_id.replace("_", " ").replace("-", " ").capitalize()


def _choice(engine: Engine, queue_id: str, title: str, channel: str) -> QueueChoice:
    queue = engine.queue(queue_id)
    try:
        estimate = engine.estimate_wait(queue_id=queue_id, channel=channel)
    except InvalidArgument:  # the queue is about to be removed
        estimate = None
    return QueueChoice(
        queue_id=queue_id,
        title=title,
        waiting=0 if queue is None else queue.waiting,
        estimated_wait_us=None if estimate is None else estimate.expected_us,
    )

"""What a router, tenants and subscriptions do when they are given what nobody should give them: say so, and go on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from ccroute import (
    ContactFilter,
    InvalidArgument,
    JournaledEngine,
    MemoryHistory,
    MemoryJournal,
    Message,
    Router,
    RouterPolicy,
    RouterState,
    SnapshotPolicy,
    SqliteHistory,
    SqliteJournal,
    Tenants,
    UnknownName,
    WrongType,
)
from ccroute.customers import ArrivalPolicy
from ccroute.storage.sqlite import SqliteDatabase
from tests.living import BEGIN, CONFIG, Wire, chat, clock, names

pytestmark = [pytest.mark.outer, pytest.mark.anyio]


class Text(str):
    __slots__ = ()


WRONG: Final = (True, -1, 2**70, 1.5, float("nan"), "\ud800", "a\0b", Text("chat"), b"x", [], [[]], {}, object(), str)
"""Values of which each public argument allows a few at most."""


class BytesPath:
    def __fspath__(self) -> bytes:
        return b"support.ccroute"


class OneThatTellsNoTime:
    def now_us(self) -> float:
        return 1.5


OPTIONS: Final[list[tuple[str, object]]] = [
    *(
        (option, value)
        for option in (
            "path",
            "journal",
            "history",
            "clock",
            "directory",
            "customers",
            "policy",
            "channels",
            "presence",
        )
        for value in WRONG
        if not (option in ("channels", "presence") and value == {}) and not (option == "path" and type(value) is Text)
    ),
    ("path", ""),
    ("path", BytesPath()),
    ("journal", "support.ccroute"),
    ("journal", MemoryJournal),
    ("history", MemoryHistory),
    ("clock", OneThatTellsNoTime()),
    ("name", "\ud800"),
    ("name", "a\0b"),
    ("plugins", 1),
    ("channels", {1: Wire()}),
    ("channels", {"chat": Wire}),
    ("channels", {"chat": None}),
    ("channels", None),
    ("presence", {"rota": object()}),
    ("policy", RouterPolicy(arrivals=5)),  # type: ignore[arg-type]
    ("policy", RouterPolicy(arrivals=ArrivalPolicy(deadline_us=-1))),
    ("policy", RouterPolicy(snapshots=5)),  # type: ignore[arg-type]
    ("policy", RouterPolicy(snapshots=SnapshotPolicy(keep="3"))),  # type: ignore[arg-type]
    ("policy", RouterPolicy(snapshots=SnapshotPolicy(every_bytes=1.5))),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("option", "value"), OPTIONS)
async def test_an_option_that_is_not_allowed_is_named(
    option: str, value: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    options: dict[str, Any] = {"config": CONFIG, "clock": clock(), option: value}
    with pytest.raises(InvalidArgument) as told:
        async with Router.open(**options):
            raise AssertionError
    assert option in str(told.value) or "deadline_us" in str(told.value) or "snapshots" in str(told.value)
    assert list(tmp_path.iterdir()) == []


async def test_what_lacks_methods_is_told_which() -> None:
    with pytest.raises(WrongType, match=r"channels\['chat'\] must be a Channel; it lacks run, deliver, was 5"):
        async with Router.open(config=CONFIG, channels={"chat": 5}):  # type: ignore[dict-item]
            raise AssertionError


@pytest.mark.parametrize("make", [JournaledEngine.open, SqliteJournal, SqliteDatabase, SqliteHistory])
@pytest.mark.parametrize("path", [None, 5, b"x", "", "a\0b", "\ud800", BytesPath()])
def test_what_is_no_path_is_no_path_anywhere(
    make: Callable[..., object], path: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    options = {"vault": None} if make is SqliteHistory else {}
    with pytest.raises(InvalidArgument, match=r"path|journal"):
        make(path, **options)
    assert list(tmp_path.iterdir()) == []


CALLS: Final[dict[str, Callable[[Router, Any], object]]] = {
    "arrive": lambda router, value: router.arrive(value),
    "arrive, handle": lambda router, value: router.arrive(chat("c1"), value),
    "ask": lambda router, value: router.ask(value),
    "kinds": lambda router, value: router.events(kinds=value),
    "kind": lambda router, value: router.events(kinds=[value]),
    "retry": lambda router, value: router.retry(value),
    "discard": lambda router, value: router.discard(value),
    "contacts": lambda router, value: router.history.contacts(value),
    "stories": lambda router, value: router.history.stories(value),
    "state": lambda router, value: router.history.contacts(ContactFilter(state=value)),
    "search": lambda router, value: router.history.search(value, from_us=0),
    "whose": lambda router, value: router.history.search("x", customer_ids=value),
    "send": lambda router, value: router.send(value),
    "send, at_us": lambda router, value: router.send(chat("c1"), at_us=value),
    "send_many": lambda router, value: router.send_many(value),
    "one of many": lambda router, value: router.send_many([chat("c1"), value]),
    "accept": lambda router, value: router.accept(value),
    "decline": lambda router, value: router.decline(value),
    "contact": lambda router, value: router.contact(value),
    "statistics": lambda router, value: router.statistics(queue_id=value),
    "customer": lambda router, value: router.history.customer(value),
    "cursor": lambda router, value: router.history.timeline("ann", cursor=value),
    "page_size": lambda router, value: router.history.timeline("ann", page_size=value),
    "add": lambda router, value: router.history.add(value),
}
ALLOWED: Final[dict[str, tuple[object, ...]]] = {
    "kinds": ([],),
    "send_many": ([],),
    "send, at_us": (-1,),
    "ask": (str,),
    "search": ("a\0b",),
}


async def made(call: Callable[[Router, Any], Any], router: Router, value: object) -> None:
    answer = call(router, value)
    if hasattr(answer, "__await__"):
        await answer


@pytest.mark.parametrize("call", CALLS)
async def test_an_argument_that_is_not_allowed_raises_and_changes_nothing(call: str) -> None:
    async with Router.open(config=CONFIG, clock=clock(), channels={"chat": Wire()}) as router:
        before = await router.ask(lambda engine: engine.snapshot())
        for value in (None, *WRONG):
            if value in ALLOWED.get(call, ()) or (value is None and call in ("arrive, handle", "send, at_us")):
                continue
            if value is None and call in ("kinds", "state", "cursor", "statistics"):
                continue
            with pytest.raises(InvalidArgument):
                await made(CALLS[call], router, value)
        assert router.state is RouterState.RUNNING
        assert await router.ask(lambda engine: engine.snapshot()) == before
        assert names(await router.send(chat("after"))) == ["ContactQueued"]


@pytest.mark.parametrize("ids", ["ann", b"ann", {"ann": 1}])
async def test_a_text_is_not_taken_for_the_ids_that_its_letters_are(ids: Any) -> None:
    said = Message(entry_id="m1", at_us=BEGIN, customer_id="a", body="hello", from_customer=True)
    async with Router.open(config=CONFIG, clock=clock()) as router:
        await router.history.add(said)
        with pytest.raises(WrongType, match="customer_ids"):
            await router.history.search("hello", customer_ids=ids)
        with pytest.raises(WrongType, match="customer_ids"):
            await router.history.contacts(ContactFilter(customer_ids=ids))


@pytest.mark.parametrize(
    "limits", [{"commits_max": 0}, {"threads_max": -1}, {"commits_max": True}, {"threads_max": ""}]
)
def test_tenants_without_threads_are_none(limits: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument, match=next(iter(limits))):
        Tenants(**limits)


async def test_a_name_that_is_none_is_no_tenants() -> None:
    async with Tenants() as tenants:
        for name in WRONG:
            with pytest.raises(UnknownName):
                tenants[name]  # type: ignore[index]
            with pytest.raises(UnknownName):
                await tenants.close(name)  # type: ignore[arg-type]
        for name in ([], 5, None, "", "\ud800"):
            with pytest.raises(InvalidArgument, match="name"):
                await tenants.open(name, config=CONFIG)  # type: ignore[arg-type]
        assert tenants.names() == []

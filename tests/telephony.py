"""How known telephony servers choose, in our own words: a queue, its members, and who is rung next.

What is written down here is the published behaviour of ``app_queue`` of Asterisk, ``mod_callcenter`` of FreeSWITCH
and ``call_center`` of OpenSIPS: which free member a call goes to, and which call a free member gets. Nothing else of
them is here; times are in whole seconds, as theirs.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(kw_only=True)
class Member:
    """An agent as such a server sees it."""

    name: str
    penalty: int = 0
    """Asterisk's penalty, FreeSWITCH's tier level: who has the least is rung first."""
    calls: int = 0
    """Calls it had."""
    last_ended_s: int = 0
    """When its last call ended; 0: it had none."""
    last_offered_s: int = 0
    """When it was last rung; 0: never."""
    is_free: bool = True


@dataclass(kw_only=True)
class Caller:
    """A call that waits."""

    name: str
    came_s: int
    priority: int = 0
    """Higher first, whatever the wait: ``QUEUE_PRIO`` of Asterisk; OpenSIPS counts the other way around."""
    base_score: int = 0
    """Seconds it counts as having waited before it came: ``cc_base_score`` of FreeSWITCH."""


@dataclass(kw_only=True)
class Server:
    """A queue of such a server, with a strategy by the server's own name."""

    strategy: str
    members: list[Member]
    callers: list[Caller] = field(default_factory=list)
    pointer: int = 0
    """Where round robin goes on."""

    def metric(self, at: int, now_s: int) -> tuple[int, ...]:
        """Return what the strategy compares; the least is rung."""
        member = self.members[at]
        if self.strategy in {"leastrecent", "longest-hangup"}:
            return member.penalty, member.last_ended_s
        if self.strategy in {"fewestcalls", "agent-with-fewest-calls"}:
            return member.penalty, member.calls
        if self.strategy in {"linear", "sequentially-by-agent-order"}:
            return member.penalty, at
        if self.strategy == "rrmemory":
            return member.penalty, int(at < self.pointer), at
        assert self.strategy == "longest-idle-agent", self.strategy
        return member.penalty, member.last_offered_s

    def next_member(self, now_s: int) -> Member | None:
        """Return the free member rung for a call; equals in the order of the queue."""
        free = [at for at, member in enumerate(self.members) if member.is_free]
        if not free:
            return None
        at = min(free, key=lambda one: (self.metric(one, now_s), one))
        self.pointer = at + 1
        return self.members[at]

    def next_caller(self, now_s: int) -> Caller | None:
        """Return the call that is served next: by priority, then by score, then by arrival."""
        return min(
            self.callers, key=lambda call: (-call.priority, -(now_s - call.came_s + call.base_score)), default=None
        )

    def comes(self, caller: Caller, now_s: int) -> list[tuple[str, str]]:
        """Return who takes which call, now that one comes."""
        self.callers.append(caller)
        return self._match(now_s)

    def ends(self, name: str, now_s: int) -> list[tuple[str, str]]:
        """Return who takes which call, now that the call of a member ends."""
        member = next(one for one in self.members if one.name == name)
        member.is_free = True
        member.last_ended_s = now_s
        return self._match(now_s)

    def _match(self, now_s: int) -> list[tuple[str, str]]:
        taken = []
        while (caller := self.next_caller(now_s)) is not None and (member := self.next_member(now_s)) is not None:
            self.callers.remove(caller)
            member.is_free = False
            member.calls += 1
            member.last_offered_s = now_s
            taken.append((caller.name, member.name))
        return taken

"""The right structures for one rule, in pure Python: what anyone can write in 45 lines, and what ccroute must beat.

One deque of waiting contacts per skill and tier, one heap of idle agents per profile, one heap of events. It knows
nothing but this rule: one skill per contact, the agent idle longest, VIPs first, then earlier arrival.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from heapq import heappop, heappush

Row = tuple[int, int, int, int, int]
"""``arrival_us, skill, vip, service_us, patience_us`` of a contact, in order of arrival."""


def route(contacts: Sequence[Row], profiles: Sequence[Sequence[int]], agents: Sequence[int]) -> list[tuple[int, int]]:
    """Return (agent or -1, start or time of leaving) per contact. ``agents`` holds each agent's profile."""
    skills = 1 + max(max(max(profile) for profile in profiles), max(contact[1] for contact in contacts))
    waiting: list[tuple[deque[int], deque[int]]] = [(deque(), deque()) for _ in range(skills)]  # by skill: normal, VIP
    idle: list[list[tuple[int, int]]] = [[] for _ in profiles]  # by profile: (idle since, agent)
    able = [[idle[p] for p, profile in enumerate(profiles) if skill in profile] for skill in range(skills)]
    for agent, profile in enumerate(agents):
        heappush(idle[profile], (0, agent))
    queues = [[(waiting[skill][1], waiting[skill][0]) for skill in profile] for profile in profiles]
    answer = [(-2, 0)] * len(contacts)
    events: list[tuple[int, int, int, int]] = []  # (time, 0 end or 1 leaving, contact, agent)
    for index, (now, skill, vip, service, patience) in enumerate([*contacts, (1 << 62, 0, 0, 0, 0)]):
        while events and events[0][0] <= now:
            at, leaving, contact, agent = heappop(events)
            if leaving:
                if answer[contact][0] == -2:
                    answer[contact] = (-1, at)
                continue
            best, source = len(contacts), None
            for tier in (0, 1):
                for pair in queues[agents[agent]]:
                    queue = pair[tier]
                    while queue and answer[queue[0]][0] != -2:
                        queue.popleft()
                    if queue and queue[0] < best:
                        best, source = queue[0], queue
                if source is not None:
                    break
            if source is None:
                heappush(idle[agents[agent]], (at, agent))
            else:
                source.popleft()
                answer[best] = (agent, at)
                heappush(events, (at + contacts[best][3], 0, best, agent))
        if index == len(contacts):
            break
        first = min((heap for heap in able[skill] if heap), default=None)
        if first:
            agent = heappop(first)[1]
            answer[index] = (agent, now)
            heappush(events, (now + service, 0, index, agent))
        else:
            waiting[skill][vip].append(index)
            if patience >= 0:
                heappush(events, (now + patience, 1, index, -1))
    return answer

"""The engine: commands and time in, events out. One deterministic state machine behind the names of the host.

An engine belongs to one thread at a time and to the process that made it; it never waits, reads a clock or does I/O.
"""

cimport cython
from cpython.pythread cimport PyThread_get_thread_ident

import os
from collections import deque
from functools import partial

from ccroute.core.defs cimport CAUSE_COMMAND
from ccroute.core.hindsight cimport Watch
from ccroute.engine.checks cimport check_flag, whole
from ccroute.engine.fields cimport COMMAND_ID, read
from ccroute.engine.host cimport attach_host
from ccroute.engine.intake cimport apply_command
from ccroute.engine.scrutiny cimport check_command, check_not_configuring

from ccroute.config import Config
from ccroute.engine import estimates, explain, matching, positions, queries, reports, snapshots
from ccroute.engine.building import build
from ccroute.engine.missed import missed
from ccroute.engine.configuration import remove_drained
from ccroute.errors import (
    ConcurrentUse, EngineBug, EngineClosed, EngineOutOfMemory, ForkedEngine, ReentrantCall, TimeJump, WrongType,
)
from ccroute.types import TIME_US_MAX

cdef int64_t TIME_MAX = TIME_US_MAX
cdef int64_t FORKS = 0


def _count_fork() -> None:
    global FORKS
    FORKS += 1


os.register_at_fork(after_in_child=_count_fork)


@cython.final
cdef class Engine:
    """Decide which agent takes which contact and when.

    A new engine stands at time 0, has no contacts, and every agent is offline. Times are integers of microseconds since
    the Unix epoch, 0 to 2⁵³−1. The same configuration, commands and times give the same events on every machine.

    Besides the errors that its own text names, every call but ``close`` of a closed engine can raise: ``EngineClosed``
    after ``close`` or after a failure that could not be undone, ``ForkedEngine`` in a process that did not make it,
    ``ReentrantCall`` from inside another of its calls, ``ConcurrentUse`` while another thread is inside one, and
    ``EngineOutOfMemory``. None of them has moved anything, unless the message says that the engine is closed.

    :param config: checked whole; its content is copied. Building costs O(agents · queues they serve).
    :raises WrongType: ``config`` is no ``Config``.
    :raises ConfigError: the configuration has faults; all of them are told at once.
    """

    def __init__(self, config):
        if type(config) is not Config:
            raise WrongType("config", config, "a Config")
        if self.names is not None or self.is_closed:
            raise EngineClosed("an engine is made once; make another one")
        try:
            self.start(build(config), 0)
        except MemoryError as error:
            raise EngineOutOfMemory("no memory for an engine of this size") from error

    cdef int start(self, Names names, int64_t seq) except -1:
        """Begin with names that were just built."""
        self.names = names
        self.output = Output(names, seq)
        attach_host(names)
        self.forks = FORKS
        self.is_fresh = True
        self.command_ids = {}
        self.command_order = deque()
        self.take_settings()
        return 0

    cdef int take_settings(self) except -1:
        """Go by the settings in force; command ids that there is no room for any more are forgotten, the oldest first."""
        self.jump_max = self.names.config.engine.jump_max_us
        self.command_ids_max = self.names.config.engine.command_ids_max
        while len(self.command_ids) > self.command_ids_max:
            del self.command_ids[self.command_order.popleft()]
        return 0

    # ---- guards ------------------------------------------------------------------------------------------------

    cdef int enter(self) except -1:
        """Begin a call, or say why the engine cannot take one."""
        if self.names is None or self.is_closed:
            raise EngineClosed("the engine is closed")
        if self.forks != FORKS:
            raise ForkedEngine("the engine was made in another process; restore a snapshot here instead")
        if self.is_busy:
            if self.owner == PyThread_get_thread_ident():
                raise ReentrantCall("the engine is inside another call of this thread")
            raise ConcurrentUse("another thread is inside the engine")
        self.owner = PyThread_get_thread_ident()
        self.is_busy = True
        self.is_moving = False
        return 0

    cdef object failed(self, object error):
        """Return the exception to raise for one met inside a call; close the engine if something had moved."""
        # Closed before anything else, as there may be no memory for the words either.
        self.is_closed = self.is_moving
        if self.names is not None and self.names.host_error is not None:
            error = self.names.host_error
        if isinstance(error, MemoryError):
            if self.is_moving:
                return EngineOutOfMemory("memory ran out while the engine was deciding; it is closed, restore a snapshot")
            return EngineOutOfMemory("no memory for this call; nothing has moved")
        # What is no Exception came from outside, as a KeyboardInterrupt does, and stays what it is.
        if self.is_moving and isinstance(error, Exception):
            return EngineBug(f"{type(error).__name__} inside the engine: {error}; it is closed, restore a snapshot")
        return error

    cdef int64_t moment(self, object at_us, str argument, int64_t now, bint allow_jump, bint is_first) except -1:
        """Return the moment a call stands for, never before ``now``."""
        cdef int64_t at = whole(at_us, argument, 0, TIME_MAX)
        if at <= now:
            return now
        if self.jump_max is not None and not is_first and not allow_jump and at - now > self.jump_max:
            raise TimeJump(argument, at_us, f"at most {self.jump_max} µs (jump_max_us) ahead of {now}, or allow_jump=True given")
        return at

    # ---- commands ----------------------------------------------------------------------------------------------

    def handle(self, command, at_us, *, allow_jump=False):
        """Carry out one command at a moment and return what happened, in order.

        The events of timers due up to ``at_us`` come first, each timer at its own deadline; then those of the command;
        then the offers that it made possible. A command that is well formed but comes too late gives one event,
        ``CommandRefused``; one whose ``command_id`` is remembered gives one event, ``CommandRepeated``.

        Cost: O(1) for the command, and per offer O(blocks of 64 classes, or of 64 profiles, with something to compare). The
        first contact of a requirement, queue, channel and cost costs O(agents · parts of the requirement) once; past
        ``classes_max`` different ones with contacts inside, every further contact does.

        :param command: one of ``ccroute.commands``; checked whole before anything moves.
        :param at_us: the host's present, 0 to 2⁵³−1. One that lies behind the engine's present means the engine's present.
        :param allow_jump: take a step of time longer than ``jump_max_us``. The first call of an engine may always.
        :raises WrongType: the command, a field or ``at_us`` has another type than stated; nothing is converted.
        :raises OutOfRange: a number, a length or a count is outside what its field allows.
        :raises InvalidId: an id or text is empty, too long, or holds a control character or a lone surrogate.
        :raises UnknownName: a queue, channel or skill is not in the configuration.
        :raises RequirementError: ``requires`` cannot be read; ``column`` says where.
        :raises TimeJump: ``at_us`` is more than ``jump_max_us`` ahead.
        :raises EngineOutOfMemory: memory ran out; the message says whether the engine is closed.
        :raises EngineBug: a promise of the engine was broken; it is closed.
        """
        cdef int64_t at
        self.enter()
        try:
            check_flag(allow_jump, "allow_jump")
            at = self.moment(at_us, "at_us", self.names.acd.floor.now, allow_jump, self.is_fresh)
            check_command(self.names, command)
            self.names.acd.reserve(1)
            return self.carry_out(command, at)
        except BaseException as error:
            raise self.failed(error)
        finally:
            self.is_busy = False

    def handle_many(self, commands, *, allow_jump=False):
        """Carry out commands in order and return one list of events per command.

        All commands and times are checked before the first one moves anything, so an exception for a bad one means that
        none was carried out. The events of timers that are due before a command are in the list of that command. The
        result is that of calling ``handle`` for one pair after the other, at a lower price per command. An empty list of
        commands does nothing.

        :param commands: a list or tuple of tuples ``(command, at_us)``; times as in ``handle``, each against the one before.
        :param allow_jump: as in ``handle``, for every pair.
        :raises WrongType: ``commands`` or a pair has another type than stated, or as in ``handle``.
        :raises OutOfRange: as in ``handle``.
        :raises InvalidId: as in ``handle``.
        :raises UnknownName: as in ``handle``.
        :raises RequirementError: as in ``handle``.
        :raises TimeJump: a time is more than ``jump_max_us`` ahead of the one before.
        :raises EngineOutOfMemory: memory ran out; the message says whether the engine is closed.
        :raises EngineBug: a promise of the engine was broken; it is closed.
        """
        cdef int64_t now
        cdef list moments = []
        cdef list answers = []
        cdef Py_ssize_t at
        self.enter()
        try:
            check_flag(allow_jump, "allow_jump")
            if type(commands) is not list and type(commands) is not tuple:
                raise WrongType("commands", commands, "a list of (command, at_us) pairs")
            # A copy, so that nobody can change what was checked.
            commands = tuple(commands)
            now = self.names.acd.floor.now
            for at in range(len(commands)):
                pair = commands[at]
                if type(pair) is not tuple or len(pair) != 2:
                    raise WrongType(f"commands[{at}]", pair, "a tuple (command, at_us)")
                now = self.moment(pair[1], "at_us", now, allow_jump, self.is_fresh)
                check_not_configuring(pair[0], at)
                check_command(self.names, pair[0])
                moments.append(now)
            self.names.acd.reserve(1)
            for at in range(len(commands)):
                answers.append(self.carry_out(commands[at][0], moments[at]))
            return answers
        except BaseException as error:
            raise self.failed(error)
        finally:
            self.is_busy = False

    def advance(self, to_us, *, allow_jump=False):
        """Let time pass up to a moment and return what happened on the way.

        Every timer due up to ``to_us`` fires at its own deadline, those of one deadline in the order in which they were
        armed; one decision follows each such moment. How often a host advances changes no event.

        :param to_us: 0 to 2⁵³−1; one that lies behind the engine's present means the engine's present.
        :param allow_jump: take a step of time longer than ``jump_max_us``. The first call of an engine may always.
        :raises WrongType: ``to_us`` is no int, or ``allow_jump`` no bool.
        :raises OutOfRange: ``to_us`` is not from 0 to 2⁵³−1.
        :raises TimeJump: ``to_us`` is more than ``jump_max_us`` ahead.
        :raises EngineOutOfMemory: memory ran out; the message says whether the engine is closed.
        :raises EngineBug: a promise of the engine was broken; it is closed.
        """
        cdef list events = []
        cdef int64_t to
        self.enter()
        try:
            check_flag(allow_jump, "allow_jump")
            to = self.moment(to_us, "to_us", self.names.acd.floor.now, allow_jump, self.is_fresh)
            self.names.acd.reserve(1)
            self.is_moving = True
            self.run_until(to, events)
            return events
        except BaseException as error:
            raise self.failed(error)
        finally:
            self.is_busy = False

    cdef int run_until(self, int64_t to, list events) except -1:
        """Fire what is due up to a moment, and forget what has been kept long enough by then."""
        cdef int64_t at
        self.is_fresh = False
        self.output.begin(events, None, None)
        while self.names.draining:
            # What has drained goes at its own moment.
            at = self.names.acd.next_timer()
            if at < 0 or at > to:
                break
            self.names.acd.run_until(at)
            self.output.drain()
            if self.remove_drained(events):
                self.output.begin(events, None, None)
        self.names.acd.run_until(to)
        if self.names.acd.floor.record_count:
            self.output.drain()
        self.names.forget_due(self.names.acd.floor.now)
        return 0

    cdef list carry_out(self, object command, int64_t at_us):
        """Bring the engine to a moment and carry out a checked command."""
        cdef list events = []
        cdef object cause, known
        cdef int64_t first_seq, now
        cdef int reason
        cdef object command_id = read(command, COMMAND_ID)
        self.is_moving = True
        self.run_until(at_us, events)
        now = self.names.acd.floor.now
        self.commands += 1
        cause = f"command:{self.commands}"
        if command_id is not None:
            known = self.command_ids.get(command_id)
            if known is not None:
                events.append(self.output.repeated(command, cause, now, known[0], known[1]))
                return events
        first_seq = self.output.seq + 1
        self.names.acd.floor.cause = CAUSE_COMMAND
        self.output.begin(events, command, cause)
        reason = apply_command(self.names, command)
        if reason:
            events.append(self.output.refused(command, cause, now, reason))
        else:
            if self.names.told is not None:
                self.names.count_anew()
            self.output.drain()
            if self.names.told is not None:
                self.names.told = None
                self.take_settings()
            if self.names.acd.floor.is_due:
                # A call ends only when no timer is due.
                self.names.acd.floor.is_due = 0
                self.run_until(now, events)
            if self.names.draining:
                self.remove_drained(events)
        if command_id is not None:
            self.note_id(command_id, first_seq, self.output.seq + 1 - first_seq)
        self.names.forget_due(self.names.acd.floor.now)
        return events

    cdef bint remove_drained(self, list events) except -1:
        """Remove what has drained, one after the other; the cause is that of the last event. Say whether there was any."""
        cdef object last
        cdef bint was_any = False
        while remove_drained(self.names):
            was_any = True
            last = events[len(events) - 1]
            self.output.begin(events, None, last.cause)
            self.output.actor = last.actor
            self.output.tell_configured(self.names.told)
            self.names.told = None
            self.take_settings()
            self.names.acd.settle()
            self.output.drain()
        return was_any

    cdef int note_id(self, object command_id, int64_t first_seq, int64_t count) except -1:
        """Remember a command id, in place of the oldest where the window is full."""
        if self.command_ids_max == 0:
            return 0
        if len(self.command_ids) >= self.command_ids_max:
            del self.command_ids[self.command_order.popleft()]
        self.command_ids[command_id] = (first_seq, count)
        self.command_order.append(command_id)
        return 0

    # ---- time and life -----------------------------------------------------------------------------------------

    @property
    def now_us(self):
        """Where the engine stands: the latest moment it was given, microseconds since the Unix epoch; 0 before the first."""
        return self.query(queries.now_us)

    def next_at_us(self):
        """Return when something will happen by itself next, or None where nothing will.

        What happens by itself: offers expire, wrap-ups and cool-downs end, backup agents come in, contacts become overdue,
        leave the park or fall due, steps of plans and limits are reached, preferred agents are waited for no longer,
        callbacks expire, queues open and close, agents are lost and their work goes to others, work that was safe for a time
        may be pre-empted. Call ``advance`` with this moment when it has come.
        O(1); O(timers of one cell of the wheel) after the earliest one was disarmed.
        """
        return self.query(queries.next_at_us)

    def close(self):
        """Give all memory back; every later call raises ``EngineClosed``. Closing a closed engine does nothing."""
        if self.names is None or self.is_closed:
            return
        self.enter()
        self.is_closed = True
        self.is_busy = False
        self.names = None
        self.output = None
        self.command_ids = {}
        self.command_order.clear()

    def snapshot(self):
        """Return the whole state as bytes, from which ``restore`` makes an engine that behaves alike for ever.

        Equal states give equal bytes, whatever led to them. Nothing moves. The configuration is in it, and so are handles and
        remembered command ids. O(contacts + agents + remembered ids), time and bytes.

        :raises EngineOutOfMemory: there is no memory for the bytes; nothing has moved.
        """
        self.enter()
        try:
            return snapshots.save(
                self.names, self.output.seq, self.commands, self.is_fresh,
                [(command_id, *self.command_ids[command_id]) for command_id in self.command_order],
            )
        except MemoryError as error:
            raise EngineOutOfMemory("no memory for a snapshot; nothing has moved") from error
        finally:
            self.is_busy = False

    @staticmethod
    def restore(data):
        """Return an engine in the state of a snapshot; it gives the events that the original would have given.

        :param data: what ``snapshot`` returned, in a release that has the same rules version.
        :raises WrongType: ``data`` is no bytes.
        :raises SnapshotError: the bytes are not a whole snapshot of a rules version that this release restores.
        """
        cdef Engine engine
        try:
            names, state = snapshots.load(data)
            engine = Engine.__new__(Engine)
            engine.start(names, state.seq)
            engine.commands = state.commands
            engine.is_fresh = state.is_fresh
            for command_id, first_seq, count in state.command_ids:
                engine.note_id(command_id, first_seq, count)
            return engine
        except MemoryError as error:
            raise EngineOutOfMemory("no memory for an engine of this size") from error

    # ---- queries -----------------------------------------------------------------------------------------------

    cdef object query(self, question, tuple arguments=(), dict options=None):
        """Answer a question of ``ccroute.engine.queries``."""
        self.enter()
        try:
            return question(self.names, *arguments, **(options or {}))
        except MemoryError as error:
            raise EngineOutOfMemory("no memory for a query; nothing has moved") from error
        finally:
            self.is_busy = False

    def contact(self, contact_id):
        """Return what is known of a contact, or None where it is not inside and not retained either.

        :param contact_id: id or integer handle. An id means the newest contact that has it.
        :raises WrongType: it is neither str nor int.
        :raises OutOfRange: the handle is negative or above 2⁶³−1.
        :raises InvalidId: it cannot be an id.
        """
        return self.query(queries.contact, (contact_id,))

    def agent(self, agent_id):
        """Return what is known of an agent, or None where the configuration has none of this id. O(its legs and offers).

        :param agent_id: id or integer handle.
        :raises WrongType: it is neither str nor int.
        :raises OutOfRange: the handle is negative or above 2⁶³−1.
        :raises InvalidId: it cannot be an id.
        """
        return self.query(queries.agent, (agent_id,))

    def queue(self, queue_id):
        """Return what is known of a queue, or None where the configuration has none of this id. O(1).

        :raises WrongType: ``queue_id`` is no str.
        :raises InvalidId: it cannot be an id.
        """
        return self.query(queries.queue, (queue_id,))

    def offer(self, offer_id):
        """Return what is known of a pending offer, or None where it has ended or was never made. O(1).

        :raises WrongType: ``offer_id`` is no str.
        :raises InvalidId: it cannot be an id.
        """
        return self.query(queries.offer, (offer_id,))

    def contacts(self, *, state=None, queue_id=None, channel=None, where=None, after=None, limit=100):
        """Return a page of contacts, inside or retained, in order of creation. O(contacts · log contacts).

        The next page begins behind the last contact of this one; one that was forgotten in between is an error.

        :param state: only those in this state.
        :param queue_id: only those whose present, or last, queue it is.
        :param channel: only those of this channel.
        :param where: only those for which this expression over ``contact`` and ``queue`` holds.
        :param after: id or handle of the contact behind which the page begins; None: at the first.
        :param limit: most contacts on the page, 1 to 10 000.
        :raises WrongType: an argument has another type than stated.
        :raises OutOfRange: ``limit`` or a handle is outside its range.
        :raises InvalidId: ``after`` cannot be an id.
        :raises UnknownName: the queue or channel is not in the configuration, or ``after`` is a contact no more known.
        :raises RequirementError: ``where`` cannot be read.
        """
        return self.query(
            queries.contacts, (),
            dict(state=state, queue_id=queue_id, channel=channel, where=where, after=after, limit=limit),
        )

    def agents(self, *, presence=None, queue_id=None, channel=None, where=None, after=None, limit=100):
        """Return a page of agents in the order of the configuration. O(agents).

        :param presence: only those whose presence it is.
        :param queue_id: only those that serve this queue.
        :param channel: only those with a leg or a pending offer on this channel.
        :param where: only those for which this expression over ``agent`` holds.
        :param after: id or handle of the agent behind which the page begins; None: at the first.
        :param limit: most agents on the page, 1 to 10 000.
        :raises WrongType: an argument has another type than stated.
        :raises OutOfRange: ``limit`` or a handle is outside its range.
        :raises InvalidId: ``after`` cannot be an id.
        :raises UnknownName: the queue, channel or agent is not in the configuration.
        :raises RequirementError: ``where`` cannot be read.
        """
        return self.query(
            queries.agents, (),
            dict(presence=presence, queue_id=queue_id, channel=channel, where=where, after=after, limit=limit),
        )

    def queues(self, *, paused=None, after=None, limit=100):
        """Return a page of queues in the order of the configuration. O(queues).

        :param paused: only those that are paused, or only those that are not.
        :param after: id of the queue behind which the page begins; None: at the first.
        :param limit: most queues on the page, 1 to 10 000.
        :raises WrongType: an argument has another type than stated.
        :raises OutOfRange: ``limit`` is outside its range.
        :raises UnknownName: ``after`` is not in the configuration.
        """
        return self.query(queries.queues, (), dict(paused=paused, after=after, limit=limit))

    def offers(self, *, agent_id=None, queue_id=None, channel=None, after=None, limit=100):
        """Return a page of pending offers in the order in which they were made. O(offers · log offers).

        :param agent_id: only those made to this agent; id or handle.
        :param queue_id: only those of contacts in this queue.
        :param channel: only those of contacts of this channel.
        :param after: id of the offer behind which the page begins, pending or not; None: at the first.
        :param limit: most offers on the page, 1 to 10 000.
        :raises WrongType: an argument has another type than stated.
        :raises OutOfRange: ``limit`` or a handle is outside its range.
        :raises InvalidId: ``after`` or ``agent_id`` cannot be an id.
        :raises UnknownName: the agent, queue or channel is not in the configuration, or ``after`` is no offer id.
        """
        return self.query(
            queries.offers, (), dict(agent_id=agent_id, queue_id=queue_id, channel=channel, after=after, limit=limit)
        )

    def counters(self):
        """Return how many contacts were created, ended in each way and are inside, over the engine's life. O(1)."""
        return self.query(queries.counters)

    def missed(self, *, after=None, limit=100):
        """Return a page of the callbacks that are still owed, in order of creation. O(contacts · log contacts).

        A callback is owed until it is answered and closed, its customer comes back by another contact, or it is given up.

        :param after: id or handle of the callback behind which the page begins; None: at the first.
        :param limit: most callbacks on the page, 1 to 10 000.
        :raises WrongType: an argument has another type than stated.
        :raises OutOfRange: ``limit`` or a handle is outside its range.
        :raises InvalidId: ``after`` cannot be an id.
        :raises UnknownName: ``after`` is a contact no more known.
        """
        return self.query(missed, (), dict(after=after, limit=limit))

    def statistics(self, *, queue_id=None, channel=None, skill=None, agent_id=None, series=False):
        """Return counts, waits, service levels, handling, occupancy and the present, of what is named or of everything.

        Exact over the engine's life, snapshots included; percentiles are those of a sketch with a stated bound. With
        ``queue_id`` and ``channel`` together: contacts of both. O(contacts + agents · queues they serve), much less for one
        agent.

        :param queue_id: only contacts of this queue.
        :param channel: only contacts of this channel.
        :param skill: the figures of this skill.
        :param agent_id: the figures of this agent; id or handle.
        :param series: tell intervals, too.
        :raises WrongType: an argument has another type than stated.
        :raises OutOfRange: the handle is negative or above 2⁶³−1.
        :raises InvalidId: ``agent_id`` cannot be an id.
        :raises UnknownName: the queue, channel, skill or agent is not in the configuration.
        """
        return self.query(
            reports.statistics, (),
            dict(queue_id=queue_id, channel=channel, skill=skill, agent_id=agent_id, series=series),
        )

    def position(self, contact_id):
        """Return the place in line of a waiting contact, or None where it does not wait.

        The order is that of the decision: tier, overdue, credit, order of creation; ranks, which hang on the agent, count for
        ``outranking`` only. An active contact that looks for a taker or a further agent waits, too.
        O(contacts + agents + classes · profiles), and O(agents) for each contact that excludes agents or is of a slow class.

        :param contact_id: id or integer handle.
        :raises WrongType: it is neither str nor int.
        :raises OutOfRange: the handle is negative or above 2⁶³−1.
        :raises InvalidId: it cannot be an id.
        """
        return self.query(positions.position, (contact_id,))

    def estimate_wait(
        self, contact_id=None, *, queue_id=None, channel=None, requires=None, tier=None, head_start_us=None
    ):
        """Return how long a contact will go on waiting, or None where it does not wait.

        Give a contact, or what a contact might come with: then it is told how long that one would wait if it came now. The
        answer has a mean, an interval and what they rest on; where nothing can be said, it says why. It is a guess, and the
        only answer of the engine that floats have a part in; nothing is decided by it.
        O(contacts + agents + classes · profiles).

        :param contact_id: id or integer handle; None: what follows says what might come.
        :param queue_id: queue it would come to.
        :param channel: channel it would come on.
        :param requires: its own requirement.
        :param tier: its tier; None: the queue's.
        :param head_start_us: its head start; None: the queue's.
        :raises WrongType: an argument has another type than stated, or both a contact and what might come are given.
        :raises OutOfRange: a handle, ``tier`` or ``head_start_us`` is outside its range.
        :raises InvalidId: ``contact_id`` cannot be an id.
        :raises UnknownName: the queue, the channel or a skill is not in the configuration.
        :raises RequirementError: ``requires`` cannot be read.
        """
        return self.query(
            estimates.estimate_wait, (contact_id,),
            dict(queue_id=queue_id, channel=channel, requires=requires, tier=tier, head_start_us=head_start_us),
        )

    def explain(self, contact_id):
        """Return why a contact waits, or None where it is not known. O(agents).

        Per agent: every rule that keeps it from the contact, with the values that make it so and what would have to change, and
        what would give way to the contact there. Also told is to whom the contact itself gave way last, and why. ``str()`` of
        the answer is readable text. A contact that does not wait has a state and no list of agents.

        :param contact_id: id or integer handle.
        :raises WrongType: it is neither str nor int.
        :raises OutOfRange: the handle is negative or above 2⁶³−1.
        :raises InvalidId: it cannot be an id.
        """
        return self.query(explain.explain, (contact_id,))

    def match(
        self, requirement, queue_id, channel, *, tier=None, cost=None, attributes=None, excluded=None, scores=None,
        preferred=None, preferred_wait_us=None, preferred_scope=None, preferred_requires=None, in_queue_us=0,
        readiness=None, after=None, limit=100,
    ):
        """Return which agents could serve a contact that is not there, now or when something changes. O(agents · log agents).

        Agents come in order of readiness; of one readiness, as the decision would choose among them: rank, nothing to set
        aside, the queue's ``select``, idle longest, order of creation. Each tells every rule in the way and what would have to
        change. With ``preferred`` the contact is kept for these as one that enters the queue now; others come later. No agent
        is told of a queue that drains, or is closed and then does otherwise than wait (unless for callbacks, or for who came
        before, ``in_queue_us`` > 0, and the queue does not close on who waits). Other contacts are left out of account, and so
        are plans and limits, and whether the queue is paused, makes no offers of itself, or wants several agents for the first
        offers. The next page begins behind the last agent of this one, in the order of then.

        :param requirement: its own requirement, beside that of the queue; None: none.
        :param queue_id: the queue.
        :param channel: its channel.
        :param tier: its tier; None: the queue's.
        :param cost: its cost; None: that of agent, queue or channel.
        :param attributes: its attributes, where the requirement reads them.
        :param excluded: agents that it excludes.
        :param scores: its scores of agents, where the queue selects by them.
        :param preferred: its preferred agents.
        :param preferred_wait_us: for how long since it came it is kept for them; None: as the queue says.
        :param preferred_scope: whether only those count who serve the queue; None: as the queue says.
        :param preferred_requires: whether the requirement in force must hold for them; None: as the queue says.
        :param in_queue_us: for how long it would have been in the queue, for agents that serve it later.
        :param readiness: only agents of this readiness.
        :param after: id or handle of the agent behind which the page begins; None: at the first.
        :param limit: most agents on the page, 1 to 10 000.
        :raises WrongType: an argument has another type than stated.
        :raises OutOfRange: a number, a length or a count is outside its range.
        :raises InvalidId: ``after`` or an id in ``excluded``, ``scores`` or ``preferred`` cannot be one.
        :raises UnknownName: the queue, the channel, a skill or the agent ``after`` is not in the configuration.
        :raises RequirementError: ``requirement`` cannot be read; ``column`` says where.
        """
        return self.query(
            matching.match, (requirement, queue_id, channel),
            dict(
                tier=tier, cost=cost, attributes=attributes, excluded=excluded, scores=scores, preferred=preferred,
                preferred_wait_us=preferred_wait_us, preferred_scope=preferred_scope,
                preferred_requires=preferred_requires, in_queue_us=in_queue_us, readiness=readiness, after=after, limit=limit,
            ),
        )


# ---- for those who decide once more what was decided before ------------------------------------------------------


def last_seq(Engine engine):
    """Return the seq of the last event that an engine gave."""
    if engine.output is None:
        raise EngineClosed("the engine is closed")
    return engine.output.seq


def config_of(Engine engine):
    """Return the configuration in force."""
    if engine.names is None:
        raise EngineClosed("the engine is closed")
    return engine.names.config


def adopt(Engine engine):
    """Let a process that a fork has made use its copy of an engine, which must not go on by itself: only to be looked at."""
    engine.forks = FORKS


def watch_offer(Engine engine, int64_t offer, told):
    """Have ``told(names, contact, agent, turn)`` called just before an offer is made; see ``ccroute.core.hindsight.Watch``."""
    engine.names.pending = None
    return Watch(engine.names.acd, offer, partial(told, engine.names))

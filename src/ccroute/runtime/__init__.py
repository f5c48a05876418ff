"""Live time: the task that owns an engine, and what it brings together. Needs ``anyio``, under asyncio or trio.

Nothing is imported here, so that ``import ccroute`` loads no event loop: :class:`ccroute.Router` does when it is used.
"""

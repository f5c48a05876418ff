"""Databases: SQLite in a file, PostgreSQL on a server, one port over both, and migrations of their schemas.

Needs the extra ``sqlite`` or ``postgres``; nothing of either is imported before it is used.
"""

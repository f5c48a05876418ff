"""Channels: ways by which contacts come in and are told what becomes of them, as ``ccroute.ports.Channel``."""

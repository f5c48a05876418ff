"""Carrier pigeons as a channel of ccroute."""

from carrier_pigeon.channel import CarrierPigeon, make
from carrier_pigeon.loft import Letter, Loft

__all__ = ["CarrierPigeon", "Letter", "Loft", "make"]

"""AEGIS: market data in PostgreSQL that cannot be lost and is hard to get wrong."""

__version__ = "0.1.0"

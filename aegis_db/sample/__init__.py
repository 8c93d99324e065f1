"""A small excerpt of real KRX days, for the demo and for tests; see PROVENANCE.md beside it."""

from __future__ import annotations

from pathlib import Path


def sample_files() -> list[Path]:
    """Return the files of the excerpt in the order of their days; ``aegis-db load`` reads them."""
    return sorted(Path(__file__).parent.glob("ohlcv_*.json.gz"))

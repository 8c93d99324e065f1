"""Makes the excerpt anew: ``python -m aegis_db.sample.excerpt DIRECTORY``.

DIRECTORY holds the recorded answers named in PROVENANCE.md, as ohlcv_ALL_YYYYMMDD.json.gz. The
bytes it writes are the same each time.
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

MARKETS = {"STK", "KSQ"}
ROWS = {"20201230": None, "20210103": 200, "20210104": None}
"""Day to number of rows taken; None: every KOSPI and KOSDAQ row."""


def excerpt(directory: Path) -> None:
    """Write the excerpt of the answers in ``directory`` beside this module; at most 5,000 rows."""
    for day, most in ROWS.items():
        answer = json.loads(gzip.decompress((directory / f"ohlcv_ALL_{day}.json.gz").read_bytes()))
        answer["OutBlock_1"] = [row for row in answer["OutBlock_1"] if row["MKT_ID"] in MARKETS][
            :most
        ]
        text = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
        target = Path(__file__).parent / f"ohlcv_EXCERPT_{day}.json.gz"
        target.write_bytes(gzip.compress(text.encode(), mtime=0))


if __name__ == "__main__":
    excerpt(Path(sys.argv[1]))

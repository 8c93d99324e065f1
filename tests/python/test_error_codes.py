"""A code that is raised is listed, and a code that is listed is provoked by a test."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = re.compile(r"\bAE[PUTVRLMKZ][0-9]{2}\b")
LIST = ROOT / "sql" / "catalog" / "data" / "error_codes.sql"
# Provoked only by what a test cannot do to this machine; each with its reason.
UNPROVOKED = {
    "AEM07": "needs a foreign rule that appears between two statements of one routine",
    "AEK33": "needs an installation without the project's tests, not a checkout",
    "AEZ01": "an internal fault is one that nobody foresaw",
}


def codes(*tops: str, suffixes: tuple[str, ...] = (".sql", ".py")) -> set[str]:
    files = (path for top in tops for path in (ROOT / top).rglob("*") if path.suffix in suffixes)
    return {
        code for path in files if path != LIST for code in CODE.findall(path.read_text("utf-8"))
    }


def listed() -> set[str]:
    return set(re.findall(r"^\('(AE\w\d\d)'", LIST.read_text("utf-8"), re.MULTILINE))


def test_every_code_in_use_is_listed() -> None:
    assert codes("sql", "procedures", "migrations", "aegis_db") - listed() == set()


def test_every_listed_code_is_in_use() -> None:
    assert listed() - codes("sql", "procedures", "migrations", "aegis_db") == set()


def test_every_listed_code_is_provoked() -> None:
    assert listed() - codes("tests") - UNPROVOKED.keys() == set()

"""The file formats AEGIS reads, recognised by their field names. A new one is one more ``Format``.

A format says where each staged column comes from and judges nothing: every value travels as the
text the file holds, and the server decides whether it is a price. So a rule is written once, in
SQL.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

Fields = Mapping[str, str | None]
Column = str | Callable[[Fields], str | None]
"""A staged column: the name of a field, or a function of all fields of the record."""

_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,4})?")
_GROUPED = re.compile(r"-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of file: its fields, and what they mean in ``table``.

    ``fields`` are the names in the header line (csv) or the keys of a row (JSON). ``file_name`` is
    searched in the file's name; its named groups become fields of every record. ``columns`` fill
    the stage of ``table``; ``master`` fills the stage of ``stocks`` with the latest record of each
    code, if given. ``source`` is a row of ``aegis.data_sources``.
    """

    name: str
    fields: tuple[str, ...]
    source: str
    table: str
    columns: Mapping[str, Column]
    master: Mapping[str, Column] = field(default_factory=dict)
    file_name: re.Pattern[str] | None = None
    file_name_example: str = ""

    @property
    def has_event_time(self) -> bool:
        """Whether the records say themselves when they were true."""
        return "event_at" in self.columns


def always(text: str) -> Column:
    """Return a column that is ``text`` in every row."""

    def value(_: Fields) -> str | None:
        return text

    return value


def plain(name: str) -> Callable[[Fields], str | None]:
    """Return a column of KRX's printed numbers: ``1,234`` is 1234, ``-`` null, all else stays."""

    def value(fields: Fields) -> str | None:
        text = fields[name]
        if text is None or text == "-":
            return None
        return text.replace(",", "") if _GROUPED.fullmatch(text) else text

    return value


def minus(total: Column, part: Column) -> Callable[[Fields], str | None]:
    """Return the column ``total - part``; null unless both are plain numbers, so it never fails."""

    def value(fields: Fields) -> str | None:
        left, right = evaluate(total, fields), evaluate(part, fields)
        if left and right and _NUMBER.fullmatch(left) and _NUMBER.fullmatch(right):
            return str(Decimal(left) - Decimal(right))
        return None

    return value


def close_of(day: Column) -> Callable[[Fields], str | None]:
    """Return the instant at which the regular session of ``day`` ends, in KST.

    It orders master rows among each other; prices take the close of the session from the calendar.
    """

    def value(fields: Fields) -> str | None:
        text = evaluate(day, fields)
        return f"{text}T15:30:00+09:00" if text and _DATE.fullmatch(text) else None

    return value


def compact_date(name: str) -> Callable[[Fields], str | None]:
    """Return ``20210104`` as ``2021-01-04``."""

    def value(fields: Fields) -> str | None:
        text = fields[name] or ""
        return f"{text[:4]}-{text[4:6]}-{text[6:]}"

    return value


def evaluate(column: Column, fields: Fields) -> str | None:
    """Return the text of ``column`` for one record; an empty field is null."""
    return (fields[column] if isinstance(column, str) else column(fields)) or None


DAILY_RAW = Format(
    name="daily_raw",
    fields=(
        "date",
        "code",
        "name",
        "market",
        "dept",
        "open",
        "high",
        "low",
        "close",
        "change",
        "change_code",
        "change_pct",
        "volume",
        "value",
        "marcap",
        "shares",
        "rank",
    ),
    source="krx",
    table="daily_market_data",
    columns={
        "stock_code": "code",
        "trade_date": "date",
        "price_basis": always("raw"),
        "open_price": "open",
        "high_price": "high",
        "low_price": "low",
        "close_price": "close",
        "volume": "volume",
        "trade_value": "value",
        "market_cap": "marcap",
        "listed_shares": "shares",
        "base_price": minus("close", "change"),
    },
    master={
        "stock_code": "code",
        "stock_name": "name",
        "market": "market",
        "section": "dept",
        "listed_shares": "shares",
        "event_at": close_of("date"),
    },
)

DAILY_ADJUSTED = Format(
    name="daily_adjusted",
    fields=(
        "date",
        "code",
        "open",
        "high",
        "low",
        "close",
        "volume",
    ),
    source="naver",
    table="daily_market_data",
    columns={
        "stock_code": "code",
        "trade_date": "date",
        "price_basis": always("adjusted"),
        "open_price": "open",
        "high_price": "high",
        "low_price": "low",
        "close_price": "close",
        "volume": "volume",
    },
)

SNAPSHOTS = Format(
    name="snapshots",
    fields=(
        "file_date",
        "snapshot_at",
        "code",
        "market",
        "open",
        "high",
        "low",
        "close",
        "change",
        "change_code",
        "change_pct",
        "volume",
        "value",
        "shares",
    ),
    source="krx_snapshot",
    table="stock_prices",
    columns={
        "stock_code": "code",
        "trade_date": "file_date",
        "price": "close",
        "volume": "volume",
        "event_at": "snapshot_at",
    },
)
"""The market alone makes no master row: as the latest one it would erase names others brought."""

KRX_DAILY = Format(
    name="krx_daily",
    fields=(
        "ISU_SRT_CD",
        "ISU_CD",
        "ISU_ABBRV",
        "MKT_NM",
        "SECT_TP_NM",
        "TDD_CLSPRC",
        "FLUC_TP_CD",
        "CMPPREVDD_PRC",
        "FLUC_RT",
        "TDD_OPNPRC",
        "TDD_HGPRC",
        "TDD_LWPRC",
        "ACC_TRDVOL",
        "ACC_TRDVAL",
        "MKTCAP",
        "LIST_SHRS",
        "MKT_ID",
    ),
    source="krx",
    table="daily_market_data",
    columns={
        "stock_code": "ISU_SRT_CD",
        "trade_date": compact_date("yyyymmdd"),
        "price_basis": always("raw"),
        "open_price": plain("TDD_OPNPRC"),
        "high_price": plain("TDD_HGPRC"),
        "low_price": plain("TDD_LWPRC"),
        "close_price": plain("TDD_CLSPRC"),
        "volume": plain("ACC_TRDVOL"),
        "trade_value": plain("ACC_TRDVAL"),
        "market_cap": plain("MKTCAP"),
        "listed_shares": plain("LIST_SHRS"),
        "base_price": minus(plain("TDD_CLSPRC"), plain("CMPPREVDD_PRC")),
    },
    master={
        "stock_code": "ISU_SRT_CD",
        "stock_name": "ISU_ABBRV",
        "market": "MKT_NM",
        "section": "SECT_TP_NM",
        "isin": "ISU_CD",
        "listed_shares": plain("LIST_SHRS"),
        "event_at": close_of(compact_date("yyyymmdd")),
    },
    file_name=re.compile(r"ohlcv_[A-Z]+_(?P<yyyymmdd>[0-9]{8})"),
    file_name_example="ohlcv_ALL_20210104.json.gz",
)

MARCAP = Format(
    name="marcap",
    fields=(
        "Code",
        "Name",
        "Market",
        "Dept",
        "Close",
        "ChangeCode",
        "Changes",
        "ChagesRatio",
        "Open",
        "High",
        "Low",
        "Volume",
        "Amount",
        "Marcap",
        "Stocks",
        "MarketId",
        "Rank",
        "Date",
    ),
    source="krx",
    table="daily_market_data",
    columns={
        "stock_code": "Code",
        "trade_date": "Date",
        "price_basis": always("raw"),
        "open_price": "Open",
        "high_price": "High",
        "low_price": "Low",
        "close_price": "Close",
        "volume": "Volume",
        "trade_value": "Amount",
        "market_cap": "Marcap",
        "listed_shares": "Stocks",
        "base_price": minus("Close", "Changes"),
    },
    master={
        "stock_code": "Code",
        "stock_name": "Name",
        "market": "Market",
        "section": "Dept",
        "listed_shares": "Stocks",
        "event_at": close_of("Date"),
    },
)
"""The files of FinanceData/marcap as they are published; ``ChagesRatio`` is how it is spelled."""

FORMATS = (DAILY_RAW, DAILY_ADJUSTED, SNAPSHOTS, KRX_DAILY, MARCAP)


def recognise(names: Sequence[str]) -> Format | None:
    """Return the format with exactly these fields, in whatever order, or None."""
    return next((known for known in FORMATS if sorted(known.fields) == sorted(names)), None)

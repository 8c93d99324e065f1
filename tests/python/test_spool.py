"""The spool: what it has taken is there, whatever ends the process; damage stays with one file."""

from __future__ import annotations

import random
import resource
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path

import pytest

from aegis_db.errors import AegisError
from aegis_db.ingest import Batch, Spool, encode

TYPES = {"stock_code": 25, "price": 1700}


def batch(number: int, size: int = 3) -> Batch:
    rows = [(f"{number:06}", number + row) for row in range(size)]
    return encode("stock_prices", rows, source="krx", columns=list(TYPES), types=TYPES)


def drained(spool: Spool) -> list[Batch]:
    found = []
    while entry := spool.first():
        found.append(entry[1])
        spool.remove(entry[0])
    return found


def test_batches_come_back_in_order_and_byte_for_byte(tmp_path: Path) -> None:
    batches = [batch(number) for number in range(12)]
    with Spool(tmp_path) as spool:
        for one in batches[:6]:
            spool.append(one)
    with Spool(tmp_path) as spool:
        for one in batches[6:]:
            spool.append(one)
        assert len(spool) == 12
        assert spool.size == sum(path.stat().st_size for path in tmp_path.glob("*.batch"))
        assert drained(spool) == batches
        assert (len(spool), spool.size, spool.oldest_at) == (0, 0, None)


def test_what_cannot_be_told_by_its_content_gets_the_same_id(tmp_path: Path) -> None:
    assert batch(1).batch_id == batch(1).batch_id
    assert batch(1).batch_id != batch(2).batch_id


def test_a_spool_in_use_is_refused_to_another_process(tmp_path: Path) -> None:
    program = (
        "from aegis_db.ingest import Spool; from pathlib import Path; "
        f"Spool(Path({str(tmp_path)!r}))"
    )
    with Spool(tmp_path):
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=False
        )
        assert "the spool is used by another process" in done.stderr
        with pytest.raises(AegisError) as refusal:
            Spool(tmp_path)
        assert refusal.value.sqlstate == "AEU50"
    Spool(tmp_path).close()


def test_a_full_spool_refuses_and_keeps_what_it_has(tmp_path: Path) -> None:
    first = batch(1)
    with Spool(tmp_path, limit_bytes=700) as spool:
        spool.append(first)
        with pytest.raises(AegisError) as refusal:
            spool.append(batch(2))
        assert refusal.value.sqlstate == "AEU51"
        assert drained(spool) == [first]
        spool.append(batch(3))


def test_who_waits_for_room_gets_it_when_there_is_some(tmp_path: Path) -> None:
    with Spool(tmp_path, limit_bytes=700) as spool:
        spool.append(batch(1))
        waiting = threading.Thread(target=spool.append, args=(batch(2),), kwargs={"patience": 30})
        waiting.start()
        time.sleep(0.1)
        assert waiting.is_alive()
        assert drained(spool)[0] == batch(1)
        waiting.join(10)
        assert drained(spool) == [batch(2)]
        begun = time.monotonic()
        with pytest.raises(AegisError) as refusal:
            spool.append(batch(4, size=1_000), patience=30)
        assert refusal.value.sqlstate == "AEU51"
        assert time.monotonic() - begun < 10, "no patience makes room for what can never fit"


@pytest.mark.parametrize("place", ["head", "middle", "end", "cut", "empty"])
def test_a_damaged_file_is_set_aside_and_the_others_are_sent(tmp_path: Path, place: str) -> None:
    batches = [batch(number) for number in range(3)]
    with Spool(tmp_path) as spool:
        for one in batches:
            spool.append(one)
    path = sorted(tmp_path.glob("*.batch"))[1]
    content = bytearray(path.read_bytes())
    if place in ("cut", "empty"):
        content = content[: len(content) // 2 if place == "cut" else 0]
    else:
        content[{"head": 3, "middle": len(content) // 2, "end": -1}[place]] ^= 0x01
    path.write_bytes(content)
    with Spool(tmp_path) as spool:
        assert drained(spool) == [batches[0], batches[2]]
        assert spool.set_aside() == {"damaged": 1, "refused": 0}
        assert len(spool) == 0
    assert (tmp_path / "damaged" / path.name).read_bytes() == content


def test_a_disk_that_takes_no_more_loses_nothing(tmp_path: Path) -> None:
    """The limit of the file size stands in for a full disk: the write fails part-way."""
    small, large = batch(1), batch(2, size=5_000)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Spool(tmp_path) as spool:
        spool.append(small)
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
        try:
            with pytest.raises(AegisError) as refusal:
                spool.append(large)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert refusal.value.sqlstate == "AEU52"
        assert [path.suffix for path in tmp_path.iterdir() if path.name != "lock"] == [".batch"]
        spool.append(large)
        assert drained(spool) == [small, large]


CHILD = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_spool import batch
from aegis_db.ingest import Spool
spool, number = Spool(Path(sys.argv[1])), int(sys.argv[3])
while True:
    one = batch(number, size=2_000)
    spool.append(one)
    print(number, flush=True)
    number += 1
"""


def test_a_killed_process_leaves_all_that_it_acknowledged(tmp_path: Path, soak: bool) -> None:
    chance = random.Random(5)
    acknowledged = 0
    for _ in range(60 if soak else 2):
        with subprocess.Popen(
            [
                *(sys.executable, "-c", CHILD, str(tmp_path)),
                *(str(Path(__file__).parent), str(acknowledged)),
            ],
            stdout=subprocess.PIPE,
            text=True,
        ) as child:
            assert child.stdout
            lines = [child.stdout.readline()]
            time.sleep(chance.uniform(0, 0.2))
            child.kill()
            lines += child.stdout.read().splitlines(keepends=True)
        acknowledged = 1 + max(int(line) for line in lines if line.endswith("\n"))
        with Spool(tmp_path) as spool:
            found = len(spool)
            assert found in (acknowledged, acknowledged + 1)
            acknowledged = found
    with Spool(tmp_path) as spool:
        for number, found_batch in enumerate(drained(spool)):
            assert found_batch.batch_id == batch(number, size=2_000).batch_id
        assert spool.set_aside() == {"damaged": 0, "refused": 0}


def test_a_refused_batch_waits_with_its_reason_and_can_be_tried_again(tmp_path: Path) -> None:
    with Spool(tmp_path) as spool:
        spool.append(batch(1))
        spool.append(batch(2))
        entry = spool.first()
        assert entry
        spool.refuse(entry[0], AegisError("42501", "permission denied"))
        assert '"42501"' in (tmp_path / "refused" / entry[0]).with_suffix(".json").read_text()
        assert (len(spool), spool.set_aside()["refused"]) == (1, 1)
        assert spool.retry_refused() == 1
        assert drained(spool) == [batch(1), batch(2)]
        assert spool.set_aside()["refused"] == 0


def test_a_given_id_is_kept() -> None:
    chosen = uuid.uuid4()
    one = encode(
        "stock_prices", [("005930", 1)], source="krx", columns=list(TYPES), types=TYPES,
        batch_id=chosen,
    )  # fmt: skip
    assert one.batch_id == chosen

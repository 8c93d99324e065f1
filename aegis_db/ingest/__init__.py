"""What comes in: file formats and the loader, the writer, its spool."""

from aegis_db.ingest.batch import Batch, BatchResult, encode, encode_texts
from aegis_db.ingest.retry import is_retryable
from aegis_db.ingest.spool import Spool
from aegis_db.ingest.writer import AsyncWriter, Total, Writer, apply_batch

__all__ = [
    "AsyncWriter",
    "Batch",
    "BatchResult",
    "Spool",
    "Total",
    "Writer",
    "apply_batch",
    "encode",
    "encode_texts",
    "is_retryable",
]

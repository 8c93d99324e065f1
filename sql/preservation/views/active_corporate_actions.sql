-- Corporate actions that hold: soft-deleted rows are left out.

CREATE OR REPLACE VIEW aegis.active_corporate_actions AS
SELECT
    t.stock_code,
    t.effective_on,
    t.action_kind,
    t.ratio,
    t.price_factor,
    t.announced_on,
    t.note,
    t.source,
    t.source_rank,
    t.sequence_number,
    t.batch_number,
    t.data_version,
    t.created_at,
    t.last_updated
FROM aegis.corporate_actions AS t
WHERE t.is_active;

COMMENT ON VIEW aegis.active_corporate_actions IS
'Corporate actions that are not soft-deleted; columns as in aegis.corporate_actions.';
COMMENT ON COLUMN aegis.active_corporate_actions.stock_code IS
'KRX short code, text: 005930, 33637L, 0115H0.';
COMMENT ON COLUMN aegis.active_corporate_actions.effective_on IS
'First trading date on the new terms (ex-date, KST).';
COMMENT ON COLUMN aegis.active_corporate_actions.action_kind IS
'bonus_issue (무상증자), rights_issue (유상증자), split, reverse_split, capital_reduction, '
'merger, spin_off, stock_dividend, cash_dividend or other.';
COMMENT ON COLUMN aegis.active_corporate_actions.ratio IS
'New shares for one old share; null where the event has none.';
COMMENT ON COLUMN aegis.active_corporate_actions.price_factor IS
'Factor that brings earlier prices to the new terms (0.02 for a 50:1 split); null when unknown.';
COMMENT ON COLUMN aegis.active_corporate_actions.announced_on IS
'Day of the announcement (KST); null when unknown.';
COMMENT ON COLUMN aegis.active_corporate_actions.note IS
'Remark of the source; null where there is none.';
COMMENT ON COLUMN aegis.active_corporate_actions.source IS
'Source of the current version, a row of aegis.data_sources.';
COMMENT ON COLUMN aegis.active_corporate_actions.source_rank IS
'Rank of that source when the version was written; the higher wins between equal event times.';
COMMENT ON COLUMN aegis.active_corporate_actions.sequence_number IS
'Order within one event time as the source numbers it; 0 where it does not.';
COMMENT ON COLUMN aegis.active_corporate_actions.batch_number IS
'Batch that brought the current version, a row of aegis.ingest_batches.';
COMMENT ON COLUMN aegis.active_corporate_actions.data_version IS
'1 when inserted, one more with each accepted change.';
COMMENT ON COLUMN aegis.active_corporate_actions.created_at IS
'When the row came into the database.';
COMMENT ON COLUMN aegis.active_corporate_actions.last_updated IS
'Event time of the current version at its source; the later wins.';

ALTER VIEW aegis.active_corporate_actions OWNER TO aegis_owner;
GRANT SELECT ON aegis.active_corporate_actions TO aegis_reader;

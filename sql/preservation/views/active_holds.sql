-- Legal holds in force.

CREATE OR REPLACE VIEW aegis.active_holds AS
SELECT
    h.hold_id,
    h.table_names,
    h.stock_codes,
    cardinality(h.subject_hashes) AS subjects,
    h.from_day,
    h.to_day,
    h.reason,
    h.placed_at,
    h.placed_by
FROM aegis.legal_holds AS h
WHERE NOT EXISTS (SELECT FROM aegis.legal_hold_lifts AS l WHERE l.hold_id = h.hold_id);

COMMENT ON VIEW aegis.active_holds IS 'Legal holds in force.';
COMMENT ON COLUMN aegis.active_holds.hold_id IS 'Number of the hold.';
COMMENT ON COLUMN aegis.active_holds.table_names IS 'Tables held; null for all.';
COMMENT ON COLUMN aegis.active_holds.stock_codes IS 'Codes held; null for all.';
COMMENT ON COLUMN aegis.active_holds.subjects IS 'Persons or accounts held, counted; null for all.';
COMMENT ON COLUMN aegis.active_holds.from_day IS 'First day held (KST); null for no beginning.';
COMMENT ON COLUMN aegis.active_holds.to_day IS 'Last day held (KST); null for no end.';
COMMENT ON COLUMN aegis.active_holds.reason IS 'Why, with the reference of the authority.';
COMMENT ON COLUMN aegis.active_holds.placed_at IS 'When it was placed.';
COMMENT ON COLUMN aegis.active_holds.placed_by IS 'Login role that placed it.';

ALTER VIEW aegis.active_holds OWNER TO aegis_guard;
GRANT SELECT ON aegis.active_holds TO aegis_reader;

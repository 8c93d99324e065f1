-- Event trigger function for everything that is dropped, by the whole set of objects and whatever
-- the command was: tables, partitions, columns (also those that go with a type), constraints and
-- guards of protected relations, AEGIS' own routines, views and schemas. In a change window, which
-- is judged when it closes, what could come back by then: tables of the registry, columns, guards and
-- their routines. A guard may go with its table.
--
-- Raises   AEP18  something of a protected table would be dropped
--          AEP22  code of AEGIS would be dropped

CREATE OR REPLACE FUNCTION aegis_guard.check_drop()
RETURNS event_trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_lost record;
BEGIN
    IF aegis_guard._current_window() IS NOT NULL THEN
        SELECT o.object_type, o.object_identity, o.is_code
          INTO v_lost
          FROM (
            SELECT d.*, d.object_type IN ('function', 'procedure') AS is_code,
                   CASE d.object_type
                       WHEN 'table' THEN 'relation'
                       WHEN 'table column' THEN 'column ' || d.address_names[3]
                       WHEN 'trigger' THEN 'guard ' || d.address_names[3]
                       ELSE 'routine ' || replace(d.object_identity, 'pg_catalog.', '')
                   END AS aspect
              FROM pg_event_trigger_dropped_objects() AS d
             WHERE d.object_type IN ('table', 'table column')
                OR d.object_type = 'trigger' AND d.address_names[3] ^@ 'aegis_'
                OR d.object_type IN ('function', 'procedure') AND d.schema_name = 'aegis_guard'
          ) AS o
         CROSS JOIN LATERAL (
            SELECT l.root_name, l.fingerprint
              FROM aegis_guard.baselines AS l
             WHERE l.schema_name = CASE WHEN o.is_code THEN '' ELSE o.address_names[1] END
               AND l.table_name = CASE WHEN o.is_code THEN 'code' ELSE o.address_names[2] END
             ORDER BY l.baseline_id DESC
             LIMIT 1
         ) AS b
         WHERE b.fingerprint ? o.aspect
           AND CASE
                   -- Registered, it is to stay.
                   WHEN o.object_type = 'table'
                       THEN EXISTS (SELECT FROM aegis.protected_tables AS p
                                     WHERE format('%I.%I', p.schema_name, p.table_name) = b.root_name)
                   WHEN o.is_code THEN TRUE
                   ELSE NOT EXISTS (
                            SELECT
                              FROM pg_event_trigger_dropped_objects() AS t
                             WHERE t.object_type = 'table'
                               AND t.address_names[1:2] = o.address_names[1:2]
                        )
               END
           AND NOT aegis_guard._is_approved(
                   CASE WHEN o.is_code THEN 'code' ELSE b.root_name END, o.aspect, b.fingerprint ->> o.aspect, NULL
               )
         LIMIT 1;

        IF FOUND THEN
            PERFORM aegis_guard.record_attempt(NULL, TG_TAG, CASE WHEN v_lost.is_code THEN 'AEP22' ELSE 'AEP18' END);
            RAISE EXCEPTION '% is refused: it drops % %', TG_TAG, v_lost.object_type, v_lost.object_identity
                USING ERRCODE = CASE WHEN v_lost.is_code THEN 'AEP22' ELSE 'AEP18' END,
                      DETAIL = 'Protected tables, their columns and guards stay in a change window too.',
                      HINT = 'Keep them, and add beside them what is new; replace a guard in one statement.';
        END IF;

        RETURN;
    END IF;

    SELECT o.object_type, o.object_identity, o.address_names, o.is_code
      INTO v_lost
      FROM (
        SELECT d.*, d.object_type IN ('function', 'procedure', 'view', 'schema') AS is_code
          FROM pg_event_trigger_dropped_objects() AS d
         WHERE NOT d.is_temporary
           AND d.object_type IN ('table', 'table column', 'table constraint', 'trigger',
                                 'function', 'procedure', 'view', 'schema')
           AND (d.object_type <> 'trigger' OR d.address_names[3] ^@ 'aegis_')
           -- An archived partition is append-only; it has no history to write.
           AND (d.object_type <> 'trigger' OR d.schema_name <> 'aegis_archive' OR d.address_names[3] <> 'aegis_history')
      ) AS o
     WHERE CASE
               WHEN o.is_code
                   THEN (o.schema_name IN ('aegis', 'aegis_guard')
                         OR o.object_type = 'schema' AND o.object_name IN ('aegis', 'aegis_guard', 'aegis_archive'))
                        AND aegis_guard._sealed_state('', 'code') ?| ARRAY[
                            'routine ' || replace(o.object_identity, 'pg_catalog.', ''), 'routine ' || o.object_identity,
                            'view ' || o.object_identity, 'schema ' || o.object_name
                        ]
               ELSE aegis_guard._sealed_state(o.address_names[1], o.address_names[2]) IS NOT NULL
                    -- What DETACH and DROP of a relation take with them, where a ticket permits that.
                    AND NOT EXISTS (
                            SELECT
                              FROM aegis_guard.tickets AS k
                             WHERE k.transaction_id = pg_current_xact_id_if_assigned()
                               AND k.issued_at = transaction_timestamp()
                               AND k.issued_by = SESSION_USER
                               AND k.schema_name = o.address_names[1]
                               AND k.table_name = o.address_names[2]
                               AND (k.operation = 'DROP' OR k.operation = 'ALTER' AND o.object_type <> 'table'
                                    OR k.operation = 'ARCHIVE' AND o.object_type IN ('trigger', 'table constraint'))
                               AND NOT EXISTS (SELECT FROM aegis_guard.ticket_uses AS u WHERE u.ticket_id = k.ticket_id)
                        )
           END
     LIMIT 1;

    IF FOUND THEN
        PERFORM aegis_guard.record_attempt(NULL, TG_TAG, CASE WHEN v_lost.is_code THEN 'AEP22' ELSE 'AEP18' END);
        RAISE EXCEPTION '% is refused: it drops % %', TG_TAG, v_lost.object_type, v_lost.object_identity
            USING ERRCODE = CASE WHEN v_lost.is_code THEN 'AEP22' ELSE 'AEP18' END,
                  DETAIL = 'It belongs to what AEGIS protects, or to AEGIS itself.',
                  HINT = 'Retention lets partitions go; a constraint goes in a change window: aegis_guard.open_change.';
    END IF;

    IF EXISTS (SELECT FROM pg_event_trigger_dropped_objects() AS d WHERE d.object_type = 'table' AND NOT d.is_temporary)
    THEN
        PERFORM aegis_guard.settle_departures();
    END IF;
END;
$function$;

COMMENT ON FUNCTION aegis_guard.check_drop() IS
'Refuses drops that reach protected tables or AEGIS itself, however they are brought about; raises AEP18 or AEP22.';

ALTER FUNCTION aegis_guard.check_drop() OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard.check_drop() FROM PUBLIC;

-- Event trigger function after each DDL command, after aegis_arm_partitions: compares whatever the
-- command touched with its baseline and refuses what is weaker. Judges state, not commands. What is
-- harmless (a partition, a column more, a constraint) is sealed as the new baseline. In a change
-- window, which is judged when it closes, only guards, columns and names.
--
-- Raises   AEP20  a protected relation is weaker than its baseline
--          AEP21  it is not where its baseline says
--          AEP22  code of AEGIS was replaced

CREATE OR REPLACE FUNCTION aegis_guard.check_change()
RETURNS event_trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    -- Commands that move code elsewhere name the schema it has come to.
    v_is_moving CONSTANT boolean := TG_TAG IN ('ALTER FUNCTION', 'ALTER PROCEDURE', 'ALTER ROUTINE');
    v_is_code boolean;
    v_relations oid [];
    v_touched record;
    v_fault record;
    v_changed record;
    v_gone text;
    v_code text;
BEGIN
    -- Most DDL has nothing to do with AEGIS, and a comment changes nothing.
    IF TG_TAG = 'COMMENT' THEN
        RETURN;
    ELSIF TG_TAG NOT IN ('ALTER SCHEMA', 'REASSIGN OWNED', 'GRANT', 'REVOKE', 'ALTER DEFAULT PRIVILEGES')
        AND NOT v_is_moving
        AND NOT EXISTS (
            SELECT
              FROM pg_event_trigger_ddl_commands() AS d
             WHERE d.schema_name IN ('aegis', 'aegis_guard', 'aegis_archive')
                OR d.classid IN ('pg_trigger'::regclass, 'pg_rewrite'::regclass, 'pg_policy'::regclass)
                OR d.classid = 'pg_class'::regclass
                   AND EXISTS (SELECT
                                 FROM pg_trigger AS t
                                WHERE t.tgrelid IN (d.objid, pg_partition_root(d.objid)) AND t.tgname ^@ 'aegis_')
        )
    THEN
        RETURN;
    END IF;

    IF to_regclass('aegis.protected_tables') IS NULL OR to_regclass('aegis_guard.tickets') IS NULL THEN
        PERFORM aegis_guard.record_attempt(NULL, TG_TAG, 'AEP21');
        RAISE EXCEPTION '% is refused: the schemas of AEGIS would not be where they belong', TG_TAG
            USING ERRCODE = 'AEP21',
                  HINT = 'Leave the names of aegis, aegis_guard and aegis_archive as they are.';
    END IF;

    v_relations := ARRAY(
        SELECT DISTINCT CASE d.classid
                   WHEN 'pg_class'::regclass THEN d.objid
                   WHEN 'pg_trigger'::regclass THEN (SELECT t.tgrelid FROM pg_trigger AS t WHERE t.oid = d.objid)
                   WHEN 'pg_rewrite'::regclass THEN (SELECT r.ev_class FROM pg_rewrite AS r WHERE r.oid = d.objid)
                   WHEN 'pg_policy'::regclass THEN (SELECT y.polrelid FROM pg_policy AS y WHERE y.oid = d.objid)
                   WHEN 'pg_constraint'::regclass THEN (SELECT k.conrelid FROM pg_constraint AS k WHERE k.oid = d.objid)
               END
          FROM pg_event_trigger_ddl_commands() AS d
    );
    v_is_code := EXISTS (
        SELECT
          FROM pg_event_trigger_ddl_commands() AS d
          JOIN pg_proc AS p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
         WHERE d.schema_name = 'aegis_guard'
            OR v_is_moving AND aegis_guard._sealed_state('', 'code') ? ('routine aegis_guard.' || substr(p.oid::regprocedure::text, length(quote_ident(d.schema_name)) + 2))
    );

    IF TG_TAG = 'ALTER TABLE' THEN
        PERFORM aegis_guard.extend_history(v_relations);
    END IF;

    -- A window is judged as a whole when it closes; but not for what could come back by then.
    IF aegis_guard._current_window() IS NOT NULL THEN
        SELECT l.*
          INTO v_fault
          FROM aegis_guard._lost_aspect(v_relations, TG_TAG IN ('ALTER SCHEMA', 'ALTER TABLE'), v_is_code) AS l;

        IF FOUND THEN
            v_code := CASE WHEN v_fault.relation = 'code' THEN 'AEP22' WHEN v_fault.becomes IS NULL AND v_fault.aspect = 'relation' THEN 'AEP21'
                          ELSE 'AEP20' END;
            PERFORM aegis_guard.record_attempt(NULL, TG_TAG, v_code);
            RAISE EXCEPTION '% is refused: guards, columns and names stay in a change window too', TG_TAG
                USING ERRCODE = v_code,
                      DETAIL = jsonb_build_array(to_jsonb(v_fault)),
                      HINT = 'A guard of another form needs two persons: SELECT aegis.request_change(reason, the detail above); '
                             'another calls aegis.approve_change(number); then aegis_guard.open_change(reason, number).';
        END IF;

        RETURN;
    END IF;

    FOR v_touched IN
        SELECT c.oid::regclass AS relation, coalesce(pg_partition_root(c.oid), c.oid)::regclass AS root,
               r.relname, rn.nspname,
               rn.nspname = 'aegis_archive'
               OR EXISTS (SELECT FROM aegis.protected_tables AS p
                           WHERE p.schema_name = rn.nspname AND p.table_name = r.relname) AS is_registered
          FROM unnest(v_relations) AS t (relation)
          JOIN pg_class AS c ON c.oid = t.relation AND c.relkind IN ('r', 'p')
          JOIN pg_class AS r ON r.oid = coalesce(pg_partition_root(c.oid), c.oid)
          JOIN pg_namespace AS rn ON rn.oid = r.relnamespace
         WHERE rn.nspname = 'aegis_archive'
            OR EXISTS (SELECT FROM aegis.protected_tables AS p
                        WHERE p.schema_name = rn.nspname AND p.table_name = r.relname)
            OR EXISTS (SELECT
                         FROM pg_trigger AS t
                         JOIN pg_proc AS p ON p.oid = t.tgfoid AND p.proname = 'refuse_removal'
                        WHERE t.tgrelid = c.oid AND p.pronamespace = 'aegis_guard'::regnamespace)
    LOOP
        -- A relation with guards that nobody registered: being protected just now, or renamed away.
        IF NOT v_touched.is_registered OR v_touched.nspname = 'aegis_archive' THEN
            PERFORM aegis_guard.settle_departures();
            IF NOT v_touched.is_registered THEN
                CONTINUE;
            END IF;
        END IF;

        -- A guard for a relation that has no baseline yet weakens nothing.
        IF TG_TAG = 'CREATE TRIGGER'
            AND (
                SELECT aegis_guard._sealed_state(n.nspname, c.relname)
                  FROM pg_class AS c
                  JOIN pg_namespace AS n ON n.oid = c.relnamespace
                 WHERE c.oid = v_touched.relation
            ) IS NULL
            AND NOT EXISTS (
                SELECT
                  FROM pg_event_trigger_ddl_commands() AS d
                  JOIN pg_trigger AS t ON d.classid = 'pg_trigger'::regclass AND t.oid = d.objid
                  JOIN pg_proc AS p ON p.oid = t.tgfoid
                 WHERE p.pronamespace <> 'aegis_guard'::regnamespace
            )
        THEN
            CONTINUE;
        END IF;

        -- What is weaker comes first: it refuses the whole.
        FOR v_changed IN
            SELECT d.schema_name, d.table_name, d.root_name, (array_agg(d.fingerprint))[1] AS fingerprint,
                   array_agg(format('%s: %s -> %s', d.aspect, coalesce(d.was, 'nothing'), coalesce(d.is_now, 'nothing'))
                             ORDER BY d.aspect) AS changes,
                   bool_or(d.aspect ^@ 'guard ') AS is_arming,
                   (array_agg(format('%s was %s, would be %s.', d.aspect, coalesce(d.was, 'absent'), coalesce(d.is_now, 'gone'))
                              ORDER BY d.is_now IS NULL DESC, d.aspect) FILTER (WHERE d.is_weaker))[1] AS fault
              FROM aegis_guard.compare_state(v_touched.root, v_touched.relation) AS d
             GROUP BY d.schema_name, d.table_name, d.root_name
             ORDER BY bool_or(d.is_weaker) DESC, (array_agg(d.fingerprint))[1] IS NOT NULL, d.schema_name, d.table_name
        LOOP
            IF v_changed.fault IS NOT NULL AND NOT EXISTS (
                SELECT
                  FROM aegis_guard.tickets AS k
                 WHERE k.transaction_id = pg_current_xact_id_if_assigned()
                   AND k.issued_at = transaction_timestamp()
                   AND k.issued_by = SESSION_USER
                   AND k.operation IN ('ARCHIVE', 'DROP', 'ALTER')
                   AND k.schema_name = v_changed.schema_name
                   AND k.table_name = v_changed.table_name
                   AND NOT EXISTS (SELECT FROM aegis_guard.ticket_uses AS u WHERE u.ticket_id = k.ticket_id)
            ) THEN
                PERFORM aegis_guard.record_attempt(v_touched.relation, TG_TAG, CASE WHEN v_changed.fingerprint IS NULL THEN 'AEP21' ELSE 'AEP20' END);
                RAISE EXCEPTION '% is refused: it changes %.%', TG_TAG, quote_ident(v_changed.schema_name), quote_ident(v_changed.table_name)
                    USING ERRCODE = CASE WHEN v_changed.fingerprint IS NULL THEN 'AEP21' ELSE 'AEP20' END,
                          SCHEMA = v_changed.schema_name, TABLE = v_changed.table_name,
                          DETAIL = v_changed.fault,
                          HINT = 'What weakens protection needs a change window and two persons: SELECT aegis_guard.open_change(reason) '
                                 'in the same transaction, as a superuser or member of aegis_guard, tells what to request.';
            END IF;

            -- While a relation is being armed, the last step of it seals all.
            IF v_changed.fingerprint IS NOT NULL AND (TG_TAG <> 'CREATE TRIGGER' OR NOT v_changed.is_arming) THEN
                PERFORM aegis_guard._seal_state(
                    v_changed.schema_name, v_changed.table_name, v_changed.root_name, v_changed.fingerprint,
                    v_changed.changes, TG_TAG
                );
            END IF;
        END LOOP;
    END LOOP;

    -- Commands that say nothing of what they touch, and those on schemas.
    IF TG_TAG IN ('ALTER SCHEMA', 'REASSIGN OWNED') THEN
        PERFORM aegis_guard.settle_departures();
    END IF;

    IF TG_TAG IN ('ALTER SCHEMA', 'REASSIGN OWNED', 'GRANT', 'REVOKE', 'ALTER DEFAULT PRIVILEGES')
        OR v_is_code
        OR EXISTS (
            SELECT
              FROM pg_event_trigger_ddl_commands() AS d
             WHERE d.schema_name IN ('aegis', 'aegis_guard')
               AND (d.classid = 'pg_proc'::regclass
                    OR d.object_type IN ('view', 'event trigger'))
        )
    THEN
        SELECT d.key AS aspect, d.value AS was, c.value AS is_now
          INTO v_fault
          FROM jsonb_each_text(aegis_guard._sealed_state('', 'code')) AS d
          FULL JOIN jsonb_each_text(aegis_guard.code_fingerprint()) AS c ON c.key = d.key
         WHERE d.value IS DISTINCT FROM c.value
           AND (d.value IS NOT NULL OR c.key ^@ 'right ')
           AND NOT (c.value IS NULL AND d.key ^@ 'right ')
         LIMIT 1;

        IF FOUND THEN
            PERFORM aegis_guard.record_attempt('aegis_guard.baselines', TG_TAG, 'AEP22');
            RAISE EXCEPTION '% is refused: it changes code of AEGIS', TG_TAG
                USING ERRCODE = 'AEP22',
                      DETAIL = format('%s was %s, would be %s.', coalesce(v_fault.aspect, 'a right on what belongs to aegis_guard'),
                                      coalesce(v_fault.was, 'absent'), coalesce(v_fault.is_now, 'gone')),
                      HINT = 'AEGIS is changed by its revisions; for a repair: SELECT aegis_guard.open_change(reason), '
                             'in the same transaction, as a superuser or member of aegis_guard.';
        END IF;

        SELECT format('%s on %s to PUBLIC', a.privilege_type, c.oid::regclass)
          INTO v_gone
          FROM aegis.protected_tables AS p
          JOIN pg_namespace AS n ON n.nspname = p.schema_name
          JOIN pg_class AS r ON r.relnamespace = n.oid AND r.relname = p.table_name
          LEFT JOIN LATERAL pg_partition_tree(r.oid) AS t ON TRUE
          JOIN pg_class AS c ON c.oid = coalesce(t.relid::oid, r.oid)
         CROSS JOIN aclexplode(c.relacl) AS a
         WHERE TG_TAG = 'GRANT' AND a.grantee = 0 AND a.privilege_type NOT IN ('SELECT', 'REFERENCES')
         LIMIT 1;

        IF FOUND THEN
            PERFORM aegis_guard.record_attempt('aegis_guard.baselines', TG_TAG, 'AEP20');
            RAISE EXCEPTION 'GRANT is refused: %', v_gone
                USING ERRCODE = 'AEP20',
                      HINT = 'Grant it to a role.';
        END IF;
    END IF;
END;
$function$;

COMMENT ON FUNCTION aegis_guard.check_change() IS
'Compares what a DDL command touched with its baseline; raises AEP20, AEP21, AEP22.';

ALTER FUNCTION aegis_guard.check_change() OWNER TO aegis_guard;
REVOKE ALL ON FUNCTION aegis_guard.check_change() FROM PUBLIC;

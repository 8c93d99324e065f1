-- Group roles. They own rights, not people: nobody logs in as one of them, and none
-- is ever dropped, because roles belong to the cluster and other databases use them.

DO $roles$
DECLARE
    v_role text;
BEGIN
    FOREACH v_role IN ARRAY ARRAY[
        'aegis_owner', 'aegis_guard', 'aegis_app', 'aegis_ingest', 'aegis_operator', 'aegis_approver',
        'aegis_privacy_officer', 'aegis_auditor', 'aegis_reader'
    ]
    LOOP
        IF to_regrole(v_role) IS NULL THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', v_role);
            EXCEPTION
                -- Another database of this cluster was installed in the same moment.
                WHEN duplicate_object OR unique_violation THEN NULL;
            END;
        END IF;
    END LOOP;

    -- An installer without superuser hands its objects to these roles and must be able to act as
    -- them. From PostgreSQL 16 on the creator of a role holds only the right to grant itself that.
    FOREACH v_role IN ARRAY ARRAY['aegis_owner', 'aegis_guard'] LOOP
        IF NOT pg_has_role(CURRENT_USER, v_role, 'USAGE') THEN
            EXECUTE format('GRANT %I TO %I', v_role, CURRENT_USER);
        END IF;
    END LOOP;

    -- The guards and the legal ways past them may do what the owner may; the owner may not be them.
    IF NOT pg_has_role('aegis_guard', 'aegis_owner', 'USAGE') THEN
        BEGIN
            GRANT aegis_owner TO aegis_guard;
        EXCEPTION
            WHEN unique_violation THEN NULL;
        END;
    END IF;

    -- Whoever writes or supervises may also read.
    FOREACH v_role IN ARRAY ARRAY[
        'aegis_app', 'aegis_ingest', 'aegis_operator', 'aegis_auditor', 'aegis_privacy_officer',
        'aegis_approver'
    ]
    LOOP
        IF NOT pg_has_role(v_role, 'aegis_reader', 'USAGE') THEN
            BEGIN
                EXECUTE format('GRANT aegis_reader TO %I', v_role);
            EXCEPTION
                WHEN unique_violation THEN NULL;
            END;
        END IF;
    END LOOP;
END
$roles$;

-- active_priorities: rules of which priorities run now, or were to run for a batch.
--
-- Call     SELECT * FROM aegis.validation_rules AS r WHERE r.priority <@ aegis.active_priorities();
-- Role     aegis_reader
-- Locks    none
-- Raises   nothing
-- Repeat   changes nothing
--
-- With a batch it tells what was decided for that batch, once and for all: [1,101) for one that was spared nothing.
-- In PL/pgSQL, as others that every batch asks once, for the plan that a session keeps.

CREATE OR REPLACE FUNCTION aegis.active_priorities(p_batch_number bigint DEFAULT NULL)
RETURNS int4range
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF p_batch_number IS NULL THEN
        RETURN int4range(1, aegis._priorities_through(aegis.load_level()), '[]');
    END IF;

    RETURN int4range(
        1,
        coalesce((SELECT min(d.priorities_through) FROM aegis.deferred_checks AS d WHERE d.batch_number = p_batch_number), 100),
        '[]'
    );
END;
$function$;

COMMENT ON FUNCTION aegis.active_priorities(bigint) IS -- noqa: LT01
'Range of priorities whose rules run at the load of now, or ran for a batch.';

ALTER FUNCTION aegis.active_priorities(bigint) OWNER TO aegis_owner;
REVOKE ALL ON FUNCTION aegis.active_priorities(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aegis.active_priorities(bigint) TO aegis_reader;

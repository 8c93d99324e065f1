-- Takes back 0003_partition: the partitions it made go, the default partitions stay.

-- Each one is locked before its rows are counted: whoever is writing now comes first, and is counted.

DO $partitions$
DECLARE
    v_partition regclass;
    v_has_rows boolean;
BEGIN
    FOR v_partition IN
        SELECT i.inhrelid::regclass
          FROM aegis.partition_policies AS p
          JOIN pg_inherits AS i ON i.inhparent = to_regclass(format('aegis.%I', p.table_name))
          JOIN pg_class AS c ON c.oid = i.inhrelid
         WHERE pg_get_expr(c.relpartbound, c.oid) <> 'DEFAULT'
    LOOP
        EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', v_partition);
        EXECUTE format('SELECT EXISTS (SELECT FROM %s)', v_partition) INTO v_has_rows;
        IF v_has_rows AND current_setting('aegis.allow_data_loss', TRUE) IS DISTINCT FROM 'on' THEN
            RAISE EXCEPTION 'going back from 0003_partition loses the rows of %', v_partition
                USING ERRCODE = 'AEK90', HINT = 'SET aegis.allow_data_loss = ''on'' if that is meant.';
        END IF;
        EXECUTE format('DROP TABLE %s', v_partition);
    END LOOP;
END
$partitions$;

DROP PROCEDURE aegis.maintain_partitions;
DROP FUNCTION aegis.tune_partitions;
DROP FUNCTION aegis.ensure_partitions;
DROP VIEW aegis.partition_health;
DROP FUNCTION aegis.default_partition_periods;
DROP FUNCTION aegis._create_partition;
DROP FUNCTION aegis._take_partition_turn;
DROP FUNCTION aegis._missing_partitions;
DROP FUNCTION aegis.partition_bounds;
DROP FUNCTION aegis._partition_policy;
DROP TABLE aegis.partition_policies;

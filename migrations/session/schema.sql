-- The schema of the version table comes before the first revision. A version table that a downgrade to base has
-- left empty makes way: Alembic creates it anew, and a script of --sql does so without asking.

DO $schema$
DECLARE
    v_is_used boolean;
BEGIN
    IF to_regnamespace('aegis') IS NULL THEN
        CREATE SCHEMA aegis;
    ELSIF to_regclass('aegis.alembic_version') IS NOT NULL THEN
        SELECT EXISTS (SELECT FROM aegis.alembic_version) INTO v_is_used;
        IF NOT v_is_used THEN
            DROP TABLE aegis.alembic_version;
        END IF;
    END IF;
END
$schema$;

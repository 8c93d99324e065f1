-- Upsert: a table of the user's takes batches once nothing of it can run somebody else's code.
BEGIN;
SELECT plan(9);

CREATE TABLE public.orders (
    order_id text COLLATE "C" NOT NULL PRIMARY KEY, price numeric(15, 2) NOT NULL CHECK (price > 0), note text,
    last_updated timestamptz NOT NULL, sequence_number bigint NOT NULL, source text NOT NULL, source_rank smallint NOT NULL,
    batch_number bigint NOT NULL, data_version integer NOT NULL DEFAULT 1
);
CREATE TABLE public.orders_history (LIKE public.orders, superseded_at timestamptz NOT NULL, superseded_by text NOT NULL);
CREATE TYPE public.order_input AS (order_id text, price numeric, note text, event_at timestamptz, sequence_number bigint);
SELECT throws_ok(
    $$CALL aegis.register_ingest_target('orders', 'public.orders', 'public.order_input', '{price,note}')$$, 'AEU12', NULL,
    'a table of somebody else is refused'
);
ALTER TABLE public.orders OWNER TO aegis_owner;
ALTER TABLE public.orders_history OWNER TO aegis_owner;
GRANT USAGE ON SCHEMA public TO aegis_owner;
CALL aegis.protect_table('public.orders', 'test', 'public.orders_history');
SELECT throws_ok(
    $$CALL aegis.register_ingest_target('orders', 'public.orders', 'public.order_input', '{price,note}')$$, 'AEU12', NULL,
    'so is an input type of somebody else'
);
ALTER TYPE public.order_input OWNER TO aegis_owner;
CREATE FUNCTION public.mine() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END$$;
GRANT TRIGGER ON public.orders TO aegis_app;
SELECT throws_ok(
    $$CALL aegis.register_ingest_target('orders', 'public.orders', 'public.order_input', '{price,note}')$$, 'AEU12', NULL,
    'a table on which others may make triggers is refused'
);
REVOKE TRIGGER ON public.orders FROM aegis_app;
SELECT throws_ok(
    $$CALL aegis.register_ingest_target('orders', 'public.orders', 'public.order_input', '{price,order_id}')$$, 'AEU12', NULL,
    'a payload column is no key'
);
SELECT throws_ok(
    $$CALL aegis.register_ingest_target('x; DROP', 'public.orders', 'public.order_input', '{price,note}')$$, 'AEU12', NULL,
    'a name is plain'
);
SELECT lives_ok(
    $$CALL aegis.register_ingest_target('orders', 'public.orders', 'public.order_input', '{price,note}')$$, 'what is sound is registered'
);
SELECT results_eq(
    $$SELECT r.inserted, r.duplicate, r.quarantined, r.rejected FROM aegis.upsert_rows('orders', ARRAY[
        ROW('a', 1, 'x', '2025-01-02 10:00+09', NULL), ROW('a', 2, NULL, '2025-01-02 11:00+09', NULL),
        ROW('b', -1, NULL, '2025-01-02 11:00+09', NULL), ROW(NULL, 1, NULL, '2025-01-02 11:00+09', NULL),
        ROW('c', 1, NULL, '2099-01-02 11:00+09', NULL)
    ]::public.order_input [], 'manual', gen_random_uuid()) AS r$$,
    $$VALUES (1, 1, 1, 2)$$, 'and takes batches with verdicts'
);
SELECT bag_eq(
    $$SELECT sqlstate FROM aegis.dead_letters WHERE reason = 'refused_by_table'$$, $$VALUES ('23514'), ('23502')$$,
    'what its own checks refuse goes alone'
);
SELECT throws_ok(
    $$CALL aegis.register_ingest_target('orders', 'public.orders', 'public.order_input', '{note,price}')$$, 'AEU12', NULL,
    'another definition under the same name is refused'
);

SELECT * FROM finish();
ROLLBACK;

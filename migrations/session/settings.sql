-- What every migration may rely on, whatever the server, the role and the client are set to.

SET client_encoding = 'UTF8';
SET client_min_messages = 'warning';
SET search_path = pg_catalog, pg_temp;
SET standard_conforming_strings = on;
SET TimeZone = 'UTC';
SET DateStyle = 'ISO';
SET IntervalStyle = 'postgres';
SET check_function_bodies = on;
SET lock_timeout = '5s';
SET statement_timeout = '15min';

DO $server$
BEGIN
    IF current_setting('server_version_num')::integer < 150000 THEN
        RAISE EXCEPTION 'AEGIS needs PostgreSQL 15 or newer, this is %', current_setting('server_version')
            USING ERRCODE = 'AEK01', HINT = 'Upgrade the server, or connect to another one.';
    ELSIF current_setting('server_encoding') <> 'UTF8' THEN
        RAISE EXCEPTION 'AEGIS needs a database in UTF8, this is in %', current_setting('server_encoding')
            USING ERRCODE = 'AEK01', HINT = 'CREATE DATABASE ... ENCODING ''UTF8'' TEMPLATE template0.';
    END IF;
END
$server$;

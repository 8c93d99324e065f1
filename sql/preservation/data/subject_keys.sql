-- The key is made here and now, of 488 random bits; it is in no file and leaves in no answer.

DO $subject_keys$
DECLARE
    v_key bytea := sha256(convert_to(gen_random_uuid()::text || gen_random_uuid() || gen_random_uuid() || gen_random_uuid(),
                                     'UTF8'));
    v_inner bytea := decode(repeat('36', 64), 'hex');
    v_outer bytea := decode(repeat('5c', 64), 'hex');
BEGIN
    FOR v_byte IN 0 .. 31 LOOP
        v_inner := set_byte(v_inner, v_byte, get_byte(v_key, v_byte) # 54);
        v_outer := set_byte(v_outer, v_byte, get_byte(v_key, v_byte) # 92);
    END LOOP;

    INSERT INTO aegis_guard.subject_keys (inner_block, outer_block)
    VALUES (v_inner, v_outer)
    ON CONFLICT (key_id) DO NOTHING;
END
$subject_keys$;

-- The one row of aegis.load_state.

INSERT INTO aegis.load_state (level) VALUES (0)
ON CONFLICT (load_state_id) DO NOTHING;

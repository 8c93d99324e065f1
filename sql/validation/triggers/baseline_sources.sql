-- What baselines rest on, changed outside of ingest: a batch tells which rows it brings by itself (aegis._judge_batch,
-- aegis._outdate_baselines), and ingest changes these columns of known rows rarely.

CREATE OR REPLACE TRIGGER daily_market_data_20_outdate
AFTER UPDATE OF deleted_at ON aegis.daily_market_data
FOR EACH ROW
WHEN ((old.deleted_at IS NULL) <> (new.deleted_at IS NULL))
EXECUTE FUNCTION aegis._outdate_row_baselines();

CREATE OR REPLACE TRIGGER market_events_20_outdate
AFTER UPDATE OF deleted_at ON aegis.market_events
FOR EACH ROW
WHEN ((old.deleted_at IS NULL) <> (new.deleted_at IS NULL))
EXECUTE FUNCTION aegis._outdate_row_baselines();

CREATE OR REPLACE TRIGGER corporate_actions_20_outdate
AFTER UPDATE OF deleted_at ON aegis.corporate_actions
FOR EACH ROW
WHEN ((old.deleted_at IS NULL) <> (new.deleted_at IS NULL))
EXECUTE FUNCTION aegis._outdate_row_baselines();

CREATE OR REPLACE TRIGGER stocks_20_outdate
AFTER UPDATE OF market, listed_on, delisted_on ON aegis.stocks
FOR EACH ROW
WHEN ((old.market, old.listed_on, old.delisted_on) IS DISTINCT FROM (new.market, new.listed_on, new.delisted_on))
EXECUTE FUNCTION aegis._outdate_row_baselines();

CREATE OR REPLACE TRIGGER trading_calendar_20_outdate
AFTER UPDATE OF is_open ON aegis.trading_calendar
FOR EACH ROW
WHEN (old.is_open IS DISTINCT FROM new.is_open)
EXECUTE FUNCTION aegis._outdate_row_baselines();

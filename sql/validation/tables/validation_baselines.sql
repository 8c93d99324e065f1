-- What the bars of a day will be judged by, computed at the close of the day before. Derived: it can be computed again at
-- any time, so it has no history. What every bar is asked stands first: to reach a late column takes time.

CREATE TABLE aegis.validation_baselines (
    trade_date date NOT NULL,
    price_basis text COLLATE "C" NOT NULL,
    stock_code text COLLATE "C" NOT NULL,
    is_stale boolean NOT NULL DEFAULT FALSE,
    quiet_version bigint NOT NULL,
    lowest_quiet_price numeric(15,2),
    highest_quiet_price numeric(15,2),
    lowest_quiet_close numeric(15,2),
    highest_quiet_close numeric(15,2),
    lowest_quiet_volume bigint,
    highest_quiet_volume bigint,
    lowest_quiet_last_price numeric(15,2),
    highest_quiet_last_price numeric(15,2),
    lowest_quiet_volume_so_far bigint,
    highest_quiet_volume_so_far bigint,
    tick_size numeric(15,2),
    previous_close numeric(15,2),
    previous_volume bigint,
    previous_shares bigint,
    previous_date date,
    previous_open numeric(15,2),
    previous_high numeric(15,2),
    previous_low numeric(15,2),
    observations integer NOT NULL,
    mean_volume double precision,
    sd_volume double precision,
    volume_quartiles double precision [],
    minimum_volume double precision,
    return_observations integer NOT NULL,
    mean_return double precision,
    sd_return double precision,
    return_quartiles double precision [],
    market text,
    listing_state text,
    is_first_day boolean NOT NULL,
    offer_price numeric(15,2),
    leverage numeric(6,2) NOT NULL,
    is_liquidation boolean NOT NULL,
    is_halted boolean NOT NULL,
    actions text [],
    action_factor double precision,
    previous_session date,
    lookback_rows integer NOT NULL,
    computed_at timestamptz NOT NULL DEFAULT clock_timestamp(),

    CONSTRAINT validation_baselines_pk PRIMARY KEY (trade_date, price_basis, stock_code)
);

CREATE INDEX validation_baselines_stock_code_ix ON aegis.validation_baselines (stock_code, trade_date);

COMMENT ON TABLE aegis.validation_baselines IS
'Statistics and facts by code and day that bars are judged by; made by aegis.refresh_baselines.';
COMMENT ON COLUMN aegis.validation_baselines.trade_date IS 'Trading date (KST) of the bars that are judged by it.';
COMMENT ON COLUMN aegis.validation_baselines.price_basis IS 'raw or adjusted.';
COMMENT ON COLUMN aegis.validation_baselines.stock_code IS 'KRX short code, text.';
COMMENT ON COLUMN aegis.validation_baselines.is_stale IS
'Whether an earlier bar or a fact changed since; such a baseline is not used.';
COMMENT ON COLUMN aegis.validation_baselines.quiet_version IS
'Version of the rules that the quiet ranges and the tick rest on, see aegis._quiet_version.';
COMMENT ON COLUMN aegis.validation_baselines.lowest_quiet_price IS
'No rule speaks of a bar whose prices (KRW) lie between this and highest_quiet_price, close and volume likewise, unless by its quiet_when;
null: it must be asked.';
COMMENT ON COLUMN aegis.validation_baselines.highest_quiet_price IS 'KRW; see lowest_quiet_price.';
COMMENT ON COLUMN aegis.validation_baselines.lowest_quiet_close IS 'KRW; see lowest_quiet_price.';
COMMENT ON COLUMN aegis.validation_baselines.highest_quiet_close IS 'KRW; see lowest_quiet_price.';
COMMENT ON COLUMN aegis.validation_baselines.lowest_quiet_volume IS 'Shares; see lowest_quiet_price.';
COMMENT ON COLUMN aegis.validation_baselines.highest_quiet_volume IS 'Shares; see lowest_quiet_price.';
COMMENT ON COLUMN aegis.validation_baselines.lowest_quiet_last_price IS
'KRW: lowest price of aegis.stock_prices of which no rule about them would speak; null: none.';
COMMENT ON COLUMN aegis.validation_baselines.highest_quiet_last_price IS 'KRW; see lowest_quiet_last_price.';
COMMENT ON COLUMN aegis.validation_baselines.lowest_quiet_volume_so_far IS
'Shares traded since the session opened, as aegis.stock_prices has them; see lowest_quiet_last_price.';
COMMENT ON COLUMN aegis.validation_baselines.highest_quiet_volume_so_far IS 'Shares; see lowest_quiet_volume_so_far.';
COMMENT ON COLUMN aegis.validation_baselines.tick_size IS 'Tick size at the base price, KRW; null: unknown.';
COMMENT ON COLUMN aegis.validation_baselines.previous_close IS 'Close of the bar before, KRW.';
COMMENT ON COLUMN aegis.validation_baselines.previous_volume IS 'Volume of the bar before.';
COMMENT ON COLUMN aegis.validation_baselines.previous_shares IS 'Listed shares on the day of the bar before.';
COMMENT ON COLUMN aegis.validation_baselines.previous_date IS
'Day of the bar before; null: there is none within the look-back.';
COMMENT ON COLUMN aegis.validation_baselines.previous_open IS 'Open of the bar before, KRW.';
COMMENT ON COLUMN aegis.validation_baselines.previous_high IS 'High of the bar before, KRW.';
COMMENT ON COLUMN aegis.validation_baselines.previous_low IS 'Low of the bar before, KRW.';
COMMENT ON COLUMN aegis.validation_baselines.observations IS 'Preceding bars the volume statistics rest on.';
COMMENT ON COLUMN aegis.validation_baselines.mean_volume IS 'Mean volume of these bars.';
COMMENT ON COLUMN aegis.validation_baselines.sd_volume IS 'Sample standard deviation of their volume.';
COMMENT ON COLUMN aegis.validation_baselines.volume_quartiles IS 'First and third quartile of their volume, linear.';
COMMENT ON COLUMN aegis.validation_baselines.minimum_volume IS 'Smallest volume among them.';
COMMENT ON COLUMN aegis.validation_baselines.return_observations IS 'Returns the return statistics rest on.';
COMMENT ON COLUMN aegis.validation_baselines.mean_return IS
'Mean return against the base price, else the close before.';
COMMENT ON COLUMN aegis.validation_baselines.sd_return IS
'Sample standard deviation of these returns; 0 in a window of halts.';
COMMENT ON COLUMN aegis.validation_baselines.return_quartiles IS 'First and third quartile of these returns, linear.';
COMMENT ON COLUMN aegis.validation_baselines.market IS 'Market whose rules apply; null: unknown.';
COMMENT ON COLUMN aegis.validation_baselines.listing_state IS
'listed, before_listing, after_delisting; null: unknown.';
COMMENT ON COLUMN aegis.validation_baselines.is_first_day IS 'Whether it is the first listing day of a new stock.';
COMMENT ON COLUMN aegis.validation_baselines.offer_price IS 'Offer price of a first listing day, KRW.';
COMMENT ON COLUMN aegis.validation_baselines.leverage IS 'Multiple of the daily price limit.';
COMMENT ON COLUMN aegis.validation_baselines.is_liquidation IS 'Whether it is in liquidation trading.';
COMMENT ON COLUMN aegis.validation_baselines.is_halted IS 'Whether trading is halted.';
COMMENT ON COLUMN aegis.validation_baselines.actions IS
'Corporate actions effective since the bar before; null: none.';
COMMENT ON COLUMN aegis.validation_baselines.action_factor IS 'Product of their price factors; null: none is known.';
COMMENT ON COLUMN aegis.validation_baselines.previous_session IS
'Session of the calendar before; null: the calendar does not know.';
COMMENT ON COLUMN aegis.validation_baselines.lookback_rows IS 'Preceding bars that were asked for.';
COMMENT ON COLUMN aegis.validation_baselines.computed_at IS 'When it was computed.';

ALTER TABLE aegis.validation_baselines OWNER TO aegis_owner;
GRANT SELECT ON aegis.validation_baselines TO aegis_reader;

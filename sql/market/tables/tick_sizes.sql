-- Tick sizes (호가가격단위) by market, period and price band.

CREATE TABLE aegis.tick_sizes (
    market text COLLATE "C" NOT NULL,
    valid_from date NOT NULL DEFAULT '-infinity',
    valid_to date NOT NULL DEFAULT 'infinity',
    price_from numeric(15,2) NOT NULL,
    price_below numeric(15,2),
    tick_size numeric(15,2) NOT NULL,
    mark text NOT NULL,
    source text NOT NULL,

    CONSTRAINT tick_sizes_pk PRIMARY KEY (market, valid_from, price_from),
    CONSTRAINT tick_sizes_market_ck
    CHECK (market IN ('KOSPI', 'KOSDAQ', 'KONEX', 'ETF', 'ETN', 'ELW', 'NXT')),
    CONSTRAINT tick_sizes_band_ck CHECK (price_from >= 0 AND price_from < price_below),
    CONSTRAINT tick_sizes_tick_ck CHECK (tick_size > 0),
    CONSTRAINT tick_sizes_validity_ck CHECK (valid_from <= valid_to),
    CONSTRAINT tick_sizes_mark_ck CHECK (mark IN ('doc', 'observed', 'unverified'))
);

COMMENT ON TABLE aegis.tick_sizes IS
'Tick sizes by market, period and price band; inclusive days.';
COMMENT ON COLUMN aegis.tick_sizes.market IS 'KOSPI, KOSDAQ, KONEX, ETF, ETN, ELW or NXT.';
COMMENT ON COLUMN aegis.tick_sizes.valid_from IS
'First trading date (KST) it holds on; -infinity: no first one is known.';
COMMENT ON COLUMN aegis.tick_sizes.valid_to IS 'Last trading date (KST) it holds on; infinity: still in force.';
COMMENT ON COLUMN aegis.tick_sizes.price_from IS 'Lowest price of the band, KRW.';
COMMENT ON COLUMN aegis.tick_sizes.price_below IS 'Price at which the next band begins, KRW; null: there is none.';
COMMENT ON COLUMN aegis.tick_sizes.tick_size IS 'Prices of the band are multiples of this, KRW.';
COMMENT ON COLUMN aegis.tick_sizes.mark IS
'doc (published), observed (computed from real data) or unverified (a warning may rest on it, no more).';
COMMENT ON COLUMN aegis.tick_sizes.source IS 'Where it comes from.';

ALTER TABLE aegis.tick_sizes OWNER TO aegis_owner;
GRANT SELECT ON aegis.tick_sizes TO aegis_reader;

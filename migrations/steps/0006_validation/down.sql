-- Takes back 0006_validation. No rows are lost: a view keeps none.

DROP VIEW aegis.data_quality_daily_report;

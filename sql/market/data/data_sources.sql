-- The sources AEGIS knows. Only those that publish the list of codes introduce new ones.

INSERT INTO aegis.data_sources (source, source_rank, kind, introduces_codes, clock_skew, description)
VALUES
('manual', 110, 'person', FALSE, '1 minute', 'corrections that a person enters'),
('krx', 100, 'exchange', TRUE, '5 minutes', 'KRX: daily files and disclosure'),
('broker', 100, 'broker', FALSE, '1 minute', 'execution system of the broker'),
('kis_websocket', 90, 'vendor', FALSE, '10 seconds', 'KIS API, real-time quotes by WebSocket'),
('krx_snapshot', 80, 'exchange', TRUE, '5 minutes', 'KRX: whole-market quote snapshots of the day'),
('kis_rest', 70, 'vendor', FALSE, '30 seconds', 'KIS API, quotations by REST'),
('naver', 50, 'website', TRUE, '5 minutes', 'Naver Finance: daily bars, back-adjusted'),
('application', 10, 'application', FALSE, '1 minute', 'own applications: logs of activities and requests')
ON CONFLICT (source) DO NOTHING;

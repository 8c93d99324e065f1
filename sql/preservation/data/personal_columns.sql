-- Logs lose the person; trades keep a pseudonym, because the law wants them kept and the sums of
-- an account must stay computable.

INSERT INTO aegis.personal_columns (schema_name, table_name, column_name, is_subject, treatment, reason)
VALUES
('aegis', 'user_activity_logs', 'user_id', TRUE, 'erase', 'names the user'),
('aegis', 'user_activity_logs', 'detail', FALSE, 'erase', 'may hold anything about the user'),
('aegis', 'user_activity_logs', 'client_address', FALSE, 'erase', 'locates the user'),
('aegis', 'api_request_logs', 'user_id', TRUE, 'erase', 'names the user'),
('aegis', 'api_request_logs', 'path', FALSE, 'erase', 'may hold the names of users and accounts'),
('aegis', 'api_request_logs', 'detail', FALSE, 'erase', 'may hold anything about the user'),
('aegis', 'api_request_logs', 'client_address', FALSE, 'erase', 'locates the user'),
('aegis', 'stock_transactions', 'account_id', TRUE, 'pseudonymise', 'trades are kept for seven years'),
('aegis', 'option_trades', 'account_id', TRUE, 'pseudonymise', 'trades are kept for seven years')
ON CONFLICT (schema_name, table_name, column_name) DO NOTHING;

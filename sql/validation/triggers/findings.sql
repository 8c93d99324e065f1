-- Findings are followed up in the transaction that writes them, whichever way they come.

CREATE OR REPLACE TRIGGER findings_10_follow
AFTER INSERT ON aegis.findings
REFERENCING NEW TABLE AS new_findings
FOR EACH STATEMENT EXECUTE FUNCTION aegis._follow_findings();

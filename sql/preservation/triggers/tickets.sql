-- A change window is judged when its transaction commits.

DROP TRIGGER IF EXISTS aegis_close_change ON aegis_guard.tickets;
CREATE CONSTRAINT TRIGGER aegis_close_change
AFTER INSERT ON aegis_guard.tickets
DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW
WHEN (new.operation = 'ALTER' AND new.table_name = '*')
EXECUTE FUNCTION aegis_guard.close_change();
ALTER TABLE aegis_guard.tickets ENABLE ALWAYS TRIGGER aegis_close_change;

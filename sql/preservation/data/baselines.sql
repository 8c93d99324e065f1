-- The first baseline: what this revision has made is good.

SELECT count(*) AS aspects_sealed FROM aegis_guard.reseal('installation');

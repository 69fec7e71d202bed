CREATE TABLE word (text TEXT PRIMARY KEY, count INTEGER NOT NULL);
INSERT INTO word VALUES ('quick', 2), ('the', 2), ('fox', 1);
BEGIN; DELETE FROM word; ROLLBACK;
SELECT count, group_concat(text, ' ') FROM word GROUP BY count ORDER BY count;
SELECT sqlite_version();

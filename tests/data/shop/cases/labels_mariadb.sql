-- Names that MariaDB keeps in three-byte UTF-8, and oracle-like labels.

-- error: 1300
SELECT id AS `😀` FROM tags WHERE id = 1;
SELECT '😀', CONCAT('😀', label) AS smile FROM tags WHERE id = 1;
SELECT id AS `UPPER`, id AS `Upper` FROM tags WHERE id = 1;

-- 0x72756e73, the letters "runs".
PRAGMA application_id = 1920298611

-- Upkeep of search: everything that derives from names is looked at again and again, and mended.

-- The version of fold(), and of what entries of the index derive from it. A migration that changes what
-- fold() returns for any text, or what an entry holds, raises it; upkeep then makes everything anew, in the
-- background and in small batches.
CREATE FUNCTION public.fold_version() RETURNS integer
LANGUAGE sql
IMMUTABLE PARALLEL SAFE
RETURN 1;

-- How far upkeep has come: one row, that only upkeep writes, a batch at a time.
CREATE TABLE search_upkeep (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    stage text NOT NULL CHECK (
        stage IN ('genres', 'artists', 'credits', 'albums', 'titles', 'entries', 'words')
    ),
    position text NOT NULL,
    is_rebuild boolean NOT NULL DEFAULT false,
    looked_at bigint NOT NULL DEFAULT 0,
    mended bigint NOT NULL DEFAULT 0,
    fold_version integer NOT NULL,
    round_fold_version integer NOT NULL,
    round_ended_at timestamptz
);

COMMENT ON COLUMN search_upkeep.position IS 'The last row of the stage that was looked at.';
COMMENT ON COLUMN search_upkeep.looked_at IS 'Rows looked at in this round.';
COMMENT ON COLUMN search_upkeep.mended IS 'Faults found and mended in this round.';
COMMENT ON COLUMN search_upkeep.fold_version IS 'The fold by which everything has been folded.';
COMMENT ON COLUMN search_upkeep.round_fold_version IS 'The fold by which this round folds.';
COMMENT ON COLUMN search_upkeep.round_ended_at IS 'When everything had last been looked at.';

INSERT INTO search_upkeep (stage, position, fold_version, round_fold_version)
VALUES ('genres', '0', fold_version(), fold_version());

-- The words of all names of a credit: as credited, of the artists themselves, and their aliases.
CREATE FUNCTION public.credit_words(credit_id uuid) RETURNS tsvector
LANGUAGE sql
STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT weighted_words(string_agg(k.words, ' '), 'B')
    FROM (
        SELECT
            fold(n.name) || ' ' || a.name_key || coalesce(
                (
                    SELECT ' ' || string_agg(s.name_key, ' ')
                    FROM artist_alias AS s
                    WHERE s.artist_id = n.artist_id
                ),
                ''
            ) AS words
        FROM artist_credit_name AS n
        JOIN artist AS a ON a.id = n.artist_id
        WHERE n.credit_id = credit_words.credit_id
    ) AS k;
END;

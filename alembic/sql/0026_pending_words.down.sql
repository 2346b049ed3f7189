CREATE OR REPLACE FUNCTION public.tracks_are_popular() RETURNS trigger
LANGUAGE plpgsql
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
BEGIN
    WITH heard AS MATERIALIZED (
        SELECT t.id, t.credit_id, t.album_id, n.popularity
        FROM new_rows AS n
        JOIN track AS t ON t.id = n.track_id
        WHERE n.popularity >= 1
    ),

    best AS MATERIALIZED (
        SELECT s.subject, max(s.popularity) AS popularity
        FROM (
            SELECT n.artist_id AS subject, h.popularity
            FROM heard AS h
            JOIN artist_credit_name AS n ON n.credit_id = h.credit_id
            UNION ALL
            SELECT h.album_id, h.popularity FROM heard AS h
            UNION ALL
            SELECT genre_subject(g.genre_id), h.popularity
            FROM heard AS h
            JOIN track_genre AS g ON g.track_id = h.id
        ) AS s
        GROUP BY s.subject
    ),

    risen AS MATERIALIZED (
        SELECT n.subject, n.position, b.popularity
        FROM best AS b
        JOIN name_search AS n ON n.subject = b.subject AND n.popularity < b.popularity
        FOR NO KEY UPDATE OF n SKIP LOCKED
    )

    UPDATE name_search AS n
    SET popularity = r.popularity
    FROM risen AS r
    WHERE n.subject = r.subject AND n.position = r.position;
    RETURN NULL;
END
$$;

ALTER INDEX track_search_words_tier_2_idx RESET (gin_pending_list_limit);
ALTER INDEX track_search_words_tier_1_idx RESET (gin_pending_list_limit);
ALTER INDEX track_search_words_tier_0_idx RESET (gin_pending_list_limit);
ALTER INDEX track_search_words_idx RESET (gin_pending_list_limit);
ALTER INDEX search_word_trigram_idx RESET (gin_pending_list_limit);
ALTER INDEX search_word_deletions_idx RESET (gin_pending_list_limit);

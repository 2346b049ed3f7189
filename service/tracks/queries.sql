-- name: get_document
-- One track, deleted ones included; for a merged one that which it became. Primary key.
SELECT
    CASE
        WHEN t.merged_into IS NULL THEN t.document
        ELSE (SELECT s.document FROM track AS s WHERE s.id = t.merged_into)
    END AS document
FROM track AS t
WHERE t.id = %(id)s::uuid;

-- name: get_documents
-- Many tracks by the ids asked for, in the same way. Primary key.
SELECT
    t.id,
    CASE
        WHEN t.merged_into IS NULL THEN t.document
        ELSE (SELECT s.document FROM track AS s WHERE s.id = t.merged_into)
    END AS document
FROM track AS t
WHERE t.id = ANY(%(ids)s::uuid[]);

-- name: lock_documents
-- Tracks that are about to change, in the order of their ids, so that two writers never wait for each
-- other in a circle. Primary key.
SELECT id, document, deleted_at IS NOT NULL AS is_deleted, merged_into
FROM track
WHERE id = ANY(%(ids)s::uuid[])
ORDER BY id
FOR UPDATE;

-- name: hold_tracks
-- Keeps tracks from being merged or deleted until the transaction ends, and tells where their ids lead.
-- Primary key.
SELECT id, coalesce(merged_into, id) AS leads_to
FROM track
WHERE id = ANY(%(ids)s::uuid[])
ORDER BY id
FOR KEY SHARE;

-- name: begin_saving
-- When the transaction began, and which libraries there are of those that new tracks come into; these are
-- held against deletion until it ends. Lets the statements that follow be planned once and for all values,
-- too: to plan how one track is indexed takes as long as to index it, and the primary keys are right for any
-- number of tracks. Primary key of library.
SELECT
    now() AS began_at,
    ARRAY(SELECT id FROM library WHERE id = ANY(%(library_ids)s::uuid[]) FOR KEY SHARE) AS library_ids,
    set_config('plan_cache_mode', 'force_generic_plan', true) AS plan_cache_mode;

-- name: begin_changing
-- The same for a track that there is, which it locks as lock_documents does. Primary key.
SELECT
    now() AS began_at,
    set_config('plan_cache_mode', 'force_generic_plan', true) AS plan_cache_mode,
    id,
    document,
    deleted_at IS NOT NULL AS is_deleted,
    merged_into
FROM track
WHERE id = %(id)s::uuid
FOR UPDATE;

-- name: transaction_time
-- What now() is in this transaction: the times that triggers and defaults write.
SELECT now();

-- name: library_exists
-- Whether there is such a library. Held against deletion until the transaction ends. Primary key.
SELECT id FROM library WHERE id = %(id)s::uuid FOR KEY SHARE;

-- name: find_albums
-- The albums that ids or MusicBrainz ids lead to, by these, held against changes: a track that joins one
-- shows what it is. Primary keys of album and album_merge, album_mbid_key, album_merge_mbid_idx.
SELECT g.wanted_id, g.wanted_mbid, a.id, a.title, a.credit_id, a.mbid
FROM (
    SELECT w.id AS wanted_id, NULL::uuid AS wanted_mbid, leading_album(w.id) AS leads_to
    FROM unnest(%(ids)s::uuid[]) AS w (id)
    UNION ALL
    SELECT
        NULL,
        w.mbid,
        coalesce(
            (SELECT s.id FROM album AS s WHERE s.mbid = w.mbid),
            (
                SELECT m.leads_to
                FROM album_merge AS m
                WHERE m.mbid = w.mbid
                ORDER BY m.merged_at DESC, m.album_id
                LIMIT 1
            )
        )
    FROM unnest(%(mbids)s::uuid[]) AS w (mbid)
) AS g
JOIN album AS a ON a.id = g.leads_to
ORDER BY a.id
FOR KEY SHARE OF a;

-- name: find_albums_by_title
-- The albums that titles and artists mean, by their grouping keys or those of albums that were merged into
-- them; of several albums for one title and artist, the one that it means first of all is the last. Held like
-- those above. album_grouping_key, album_merge_grouping_idx, artist_merge_leads_to_idx.
SELECT g.title AS wanted_title, g.artist_id AS wanted_artist_id, a.id, a.title, a.credit_id, a.mbid
FROM unnest(%(titles)s::text[], %(artist_ids)s::uuid[]) AS g (title, artist_id)
CROSS JOIN LATERAL unnest(grouping_keys(left(fold(g.title), 300), g.artist_id))
    WITH ORDINALITY AS k (key, place)
CROSS JOIN LATERAL (
    SELECT coalesce(
        (SELECT s.id FROM album AS s WHERE s.grouping_key = k.key),
        (
            SELECT m.leads_to
            FROM album_merge AS m
            WHERE m.grouping_key = k.key
            ORDER BY m.merged_at DESC, m.album_id
            LIMIT 1
        )
    ) AS id
    OFFSET 0 -- made once for each key
) AS meant
JOIN album AS a ON a.id = meant.id
ORDER BY k.place DESC, a.id
FOR KEY SHARE OF a;

-- name: add_albums
-- New albums, in the order of their grouping keys. One that somebody else has just added is left to them.
-- Returns those that were added. album_grouping_key, album_mbid_key.
INSERT INTO album (id, title, credit_id, mbid, grouping_key)
SELECT
    g.id,
    g.title,
    g.credit_id,
    g.mbid,
    coalesce(
        'mbid:' || g.mbid::text,
        left(fold(g.title), 300) || '|' || coalesce(g.artist_id::text, '')
    ) AS grouping_key
FROM unnest(
    %(ids)s::uuid[],
    %(titles)s::text[],
    %(credit_ids)s::uuid[],
    %(artist_ids)s::uuid[],
    %(mbids)s::uuid[]
) AS g (id, title, credit_id, artist_id, mbid)
ORDER BY grouping_key
ON CONFLICT DO NOTHING
RETURNING id;

-- name: find_album_folders
-- The keys of folders with the titles and artists of albums, in the order given; with the album if that is
-- known, and whether its artist is only that of its first files, and `performer` is another one. Primary
-- keys of album_folder, album and artist_credit_name.
SELECT
    k.key,
    f.album_id,
    coalesce(f.is_implied AND fold(n.name) <> fold(k.performer), false) AS is_mixed
FROM (
    SELECT
        g.number,
        g.performer,
        md5(concat_ws(chr(10), g.folder, fold(g.title), fold(g.artist))) AS key
    FROM unnest(
        %(folders)s::text[], %(titles)s::text[], %(artists)s::text[], %(performers)s::text[]
    ) WITH ORDINALITY AS g (folder, title, artist, performer, number)
) AS k
LEFT JOIN album_folder AS f ON f.key = k.key
LEFT JOIN album AS a ON a.id = f.album_id
LEFT JOIN artist_credit_name AS n ON n.credit_id = a.credit_id AND n.position = 0
ORDER BY k.number;

-- name: adopt_albums
-- Albums that no folder has, by title and first artist, or all artists, however these are split; with the
-- places of these. album_title_key_idx, primary keys of artist_credit and artist_credit_name,
-- album_folder_album_idx.
SELECT g.number, a.id
FROM
    unnest(%(titles)s::text[], %(artists)s::text[], %(displays)s::text[])
    WITH ORDINALITY AS g (title, artist, display, number)
JOIN album AS a ON a.title_key = left(fold(g.title), 300) AND a.mbid IS NULL
LEFT JOIN artist_credit AS c ON c.id = a.credit_id
LEFT JOIN artist_credit_name AS n ON n.credit_id = a.credit_id AND n.position = 0
WHERE (fold(coalesce(n.name, '')) = fold(g.artist) OR c.names_key = left(fold(g.display), 300))
    AND NOT EXISTS (SELECT FROM album_folder AS f WHERE f.album_id = a.id)
ORDER BY g.number, a.id;

-- name: rejoin_albums
-- The places of titles and artists that are those of albums without a folder that were merged, with the
-- albums that these became. album_merge_grouping_idx, artist_merge_leads_to_idx, primary key of
-- album_merge_folder.
SELECT DISTINCT ON (g.number) g.number, m.leads_to
FROM unnest(%(titles)s::text[], %(artist_ids)s::uuid[])
    WITH ORDINALITY AS g (title, artist_id, number)
CROSS JOIN LATERAL unnest(grouping_keys(left(fold(g.title), 300), g.artist_id))
    WITH ORDINALITY AS k (key, place)
JOIN album_merge AS m ON m.grouping_key = k.key
WHERE NOT EXISTS (SELECT FROM album_merge_folder AS f WHERE f.album_id = m.album_id)
ORDER BY g.number, k.place, m.merged_at DESC, m.album_id;

-- name: add_albums_of_folders
-- New albums; those of various artists are compilations. The first one of a title and artist has the
-- grouping key of these, unless it was that of a merged album; where another one has it, nothing is added,
-- and further ones have none. album_grouping_key, album_merge_grouping_idx.
INSERT INTO album (id, title, credit_id, type, grouping_key)
SELECT
    g.id,
    g.title,
    g.credit_id,
    CASE WHEN g.credit_id IS NULL THEN 'COMPILATION' ELSE 'UNSPECIFIED' END AS type,
    CASE
        WHEN
            %(is_first)s::boolean
            AND NOT EXISTS (SELECT FROM album_merge AS m WHERE m.grouping_key = k.key)
            THEN k.key
    END AS grouping_key
FROM unnest(
    %(ids)s::uuid[], %(titles)s::text[], %(credit_ids)s::uuid[], %(artist_ids)s::uuid[]
) AS g (id, title, credit_id, artist_id)
CROSS JOIN LATERAL (
    SELECT left(fold(g.title), 300) || '|' || coalesce(g.artist_id::text, '') AS key
    OFFSET 0 -- made once for each album
) AS k
ORDER BY grouping_key, g.id
ON CONFLICT (grouping_key) WHERE grouping_key IS NOT NULL DO NOTHING
RETURNING id;

-- name: add_album_folders
-- Remembers the albums of folders. Primary key of album_folder.
INSERT INTO album_folder (key, album_id, is_implied)
SELECT g.key, g.album_id, g.is_implied
FROM unnest(%(keys)s::text[], %(album_ids)s::uuid[], %(implied)s::boolean[])
    AS g (key, album_id, is_implied)
ORDER BY g.key
ON CONFLICT (key) DO NOTHING;

-- name: mix_albums
-- Takes the artist from albums that nobody has changed; returns them. Primary key of album.
UPDATE album AS a
SET credit_id = NULL, type = 'COMPILATION', grouping_key = NULL, revision = a.revision + 1
WHERE a.id = ANY(%(ids)s::uuid[]) AND a.revision = 1 AND a.credit_id IS NOT NULL
RETURNING a.id;

-- name: missing_references
-- Which of these ids lead to no artist or album. Primary keys of artist, artist_merge, album and album_merge.
SELECT g.id, 'artist' AS kind
FROM unnest(%(artist_ids)s::uuid[]) AS g (id)
WHERE NOT EXISTS (SELECT FROM artist AS a WHERE a.id = leading_artist(g.id))
UNION ALL
SELECT g.id, 'album'
FROM unnest(%(album_ids)s::uuid[]) AS g (id)
WHERE NOT EXISTS (SELECT FROM album AS a WHERE a.id = leading_album(g.id));

-- name: get_credits
-- The names of credits, in order. Primary key of artist_credit_name.
SELECT credit_id, artist_id, name, join_phrase, role
FROM artist_credit_name
WHERE credit_id = ANY(%(ids)s::uuid[])
ORDER BY credit_id, position;

-- name: find_genres
-- The genre of each name. genre_name_key.
SELECT g.name AS wanted, genre.id, genre.name
FROM unnest(%(names)s::text[]) AS g (name)
JOIN genre ON genre.name_key = left(fold(g.name), 300);

-- name: add_genres
-- New genres, in the order of their keys. One that somebody else has just added is left to them.
-- genre_name_key.
INSERT INTO genre (name)
SELECT name FROM unnest(%(names)s::text[]) AS g (name)
ORDER BY left(fold(name), 300)
ON CONFLICT (name_key) DO NOTHING;

-- name: copy_tracks
-- New tracks. The columns of this and the other COPY statements are in the order of the rows that
-- service/tracks/rows.py makes.
COPY track (
    library_id, title, disc_number, disc_total, track_number, track_total, release_date,
    original_release_date, duration_ms, isrc, mbid, lyrics, language, explicit, popularity,
    status, label, comment, tempo_bpm, key, mode, time_signature, loudness_lufs, energy,
    danceability, valence, acousticness, instrumentalness, liveness, speechiness, id,
    failure_reason, created_at, credit_id, album_id, document, origin_kind, origin_name
) FROM STDIN (FORMAT BINARY);

-- name: insert_tracks
-- The same as parameters, for a few tracks: these travel with the statements that follow.
INSERT INTO track (
    library_id, title, disc_number, disc_total, track_number, track_total, release_date,
    original_release_date, duration_ms, isrc, mbid, lyrics, language, explicit, popularity, status,
    label, comment, tempo_bpm, key, mode, time_signature, loudness_lufs, energy, danceability,
    valence, acousticness, instrumentalness, liveness, speechiness, id, failure_reason, created_at,
    credit_id, album_id, document, origin_kind, origin_name
)
SELECT
    g.library_id, g.title, g.disc_number, g.disc_total, g.track_number, g.track_total,
    g.release_date, g.original_release_date, g.duration_ms, g.isrc, g.mbid, g.lyrics, g.language,
    g.explicit, g.popularity, g.status, g.label, g.comment, g.tempo_bpm, g.key, g.mode,
    g.time_signature, g.loudness_lufs, g.energy, g.danceability, g.valence, g.acousticness,
    g.instrumentalness, g.liveness, g.speechiness, g.id, g.failure_reason, g.created_at,
    g.credit_id, g.album_id, g.document, g.origin_kind, g.origin_name
FROM unnest(
    %(library_id)s::uuid[], %(title)s::text[], %(disc_number)s::smallint[],
    %(disc_total)s::smallint[], %(track_number)s::smallint[], %(track_total)s::smallint[],
    %(release_date)s::text[], %(original_release_date)s::text[], %(duration_ms)s::integer[],
    %(isrc)s::text[], %(mbid)s::uuid[], %(lyrics)s::text[], %(language)s::text[],
    %(explicit)s::boolean[], %(popularity)s::double precision[], %(status)s::text[],
    %(label)s::text[], %(comment)s::text[], %(tempo_bpm)s::double precision[], %(key)s::smallint[],
    %(mode)s::text[], %(time_signature)s::smallint[], %(loudness_lufs)s::double precision[],
    %(energy)s::double precision[], %(danceability)s::double precision[],
    %(valence)s::double precision[], %(acousticness)s::double precision[],
    %(instrumentalness)s::double precision[], %(liveness)s::double precision[],
    %(speechiness)s::double precision[], %(id)s::uuid[], %(failure_reason)s::text[],
    %(created_at)s::timestamptz[], %(credit_id)s::uuid[], %(album_id)s::uuid[],
    %(document)s::bytea[], %(origin_kind)s::text[], %(origin_name)s::text[]
) AS g (
    library_id, title, disc_number, disc_total, track_number, track_total, release_date,
    original_release_date, duration_ms, isrc, mbid, lyrics, language, explicit, popularity, status,
    label, comment, tempo_bpm, key, mode, time_signature, loudness_lufs, energy, danceability,
    valence, acousticness, instrumentalness, liveness, speechiness, id, failure_reason, created_at,
    credit_id, album_id, document, origin_kind, origin_name
);

-- name: insert_track
-- The same for one track.
INSERT INTO track (
    library_id, title, disc_number, disc_total, track_number, track_total, release_date,
    original_release_date, duration_ms, isrc, mbid, lyrics, language, explicit, popularity, status,
    label, comment, tempo_bpm, key, mode, time_signature, loudness_lufs, energy, danceability,
    valence, acousticness, instrumentalness, liveness, speechiness, id, failure_reason, created_at,
    credit_id, album_id, document, origin_kind, origin_name
)
VALUES (
    %(library_id)s::uuid, %(title)s::text, %(disc_number)s::smallint, %(disc_total)s::smallint,
    %(track_number)s::smallint, %(track_total)s::smallint, %(release_date)s::text,
    %(original_release_date)s::text, %(duration_ms)s::integer, %(isrc)s::text, %(mbid)s::uuid,
    %(lyrics)s::text, %(language)s::text, %(explicit)s::boolean, %(popularity)s::double precision,
    %(status)s::text, %(label)s::text, %(comment)s::text, %(tempo_bpm)s::double precision,
    %(key)s::smallint, %(mode)s::text, %(time_signature)s::smallint,
    %(loudness_lufs)s::double precision, %(energy)s::double precision,
    %(danceability)s::double precision, %(valence)s::double precision,
    %(acousticness)s::double precision, %(instrumentalness)s::double precision,
    %(liveness)s::double precision, %(speechiness)s::double precision, %(id)s::uuid,
    %(failure_reason)s::text, %(created_at)s::timestamptz, %(credit_id)s::uuid, %(album_id)s::uuid,
    %(document)s::bytea, %(origin_kind)s::text, %(origin_name)s::text
);

-- name: update_tracks
-- New values for locked tracks. Primary key.
UPDATE track AS t
SET
    title = g.title,
    credit_id = g.credit_id,
    album_id = g.album_id,
    disc_number = g.disc_number,
    disc_total = g.disc_total,
    track_number = g.track_number,
    track_total = g.track_total,
    release_date = g.release_date,
    original_release_date = g.original_release_date,
    duration_ms = g.duration_ms,
    isrc = g.isrc,
    mbid = g.mbid,
    lyrics = g.lyrics,
    language = g.language,
    explicit = g.explicit,
    tempo_bpm = g.tempo_bpm,
    key = g.key,
    mode = g.mode,
    time_signature = g.time_signature,
    loudness_lufs = g.loudness_lufs,
    energy = g.energy,
    danceability = g.danceability,
    valence = g.valence,
    acousticness = g.acousticness,
    instrumentalness = g.instrumentalness,
    liveness = g.liveness,
    speechiness = g.speechiness,
    popularity = g.popularity,
    status = g.status,
    failure_reason = g.failure_reason,
    label = g.label,
    comment = g.comment,
    document = g.document,
    revision = t.revision + 1
FROM unnest(
    %(id)s::uuid[], %(title)s::text[], %(credit_id)s::uuid[], %(album_id)s::uuid[],
    %(disc_number)s::smallint[], %(disc_total)s::smallint[], %(track_number)s::smallint[],
    %(track_total)s::smallint[], %(release_date)s::text[], %(original_release_date)s::text[],
    %(duration_ms)s::integer[], %(isrc)s::text[], %(mbid)s::uuid[], %(lyrics)s::text[],
    %(language)s::text[], %(explicit)s::boolean[], %(tempo_bpm)s::double precision[],
    %(key)s::smallint[], %(mode)s::text[], %(time_signature)s::smallint[],
    %(loudness_lufs)s::double precision[], %(energy)s::double precision[],
    %(danceability)s::double precision[], %(valence)s::double precision[],
    %(acousticness)s::double precision[], %(instrumentalness)s::double precision[],
    %(liveness)s::double precision[], %(speechiness)s::double precision[],
    %(popularity)s::double precision[], %(status)s::text[], %(failure_reason)s::text[],
    %(label)s::text[], %(comment)s::text[], %(document)s::bytea[]
) AS g (
    id, title, credit_id, album_id, disc_number, disc_total, track_number, track_total,
    release_date, original_release_date, duration_ms, isrc, mbid, lyrics, language, explicit,
    tempo_bpm, key, mode, time_signature, loudness_lufs, energy, danceability, valence,
    acousticness, instrumentalness, liveness, speechiness, popularity, status, failure_reason,
    label, comment, document
)
WHERE t.id = g.id;

-- name: update_track
-- The same for one track. Primary key.
UPDATE track AS t
SET
    title = %(title)s::text,
    credit_id = %(credit_id)s::uuid,
    album_id = %(album_id)s::uuid,
    disc_number = %(disc_number)s::smallint,
    disc_total = %(disc_total)s::smallint,
    track_number = %(track_number)s::smallint,
    track_total = %(track_total)s::smallint,
    release_date = %(release_date)s::text,
    original_release_date = %(original_release_date)s::text,
    duration_ms = %(duration_ms)s::integer,
    isrc = %(isrc)s::text,
    mbid = %(mbid)s::uuid,
    lyrics = %(lyrics)s::text,
    language = %(language)s::text,
    explicit = %(explicit)s::boolean,
    tempo_bpm = %(tempo_bpm)s::double precision,
    key = %(key)s::smallint,
    mode = %(mode)s::text,
    time_signature = %(time_signature)s::smallint,
    loudness_lufs = %(loudness_lufs)s::double precision,
    energy = %(energy)s::double precision,
    danceability = %(danceability)s::double precision,
    valence = %(valence)s::double precision,
    acousticness = %(acousticness)s::double precision,
    instrumentalness = %(instrumentalness)s::double precision,
    liveness = %(liveness)s::double precision,
    speechiness = %(speechiness)s::double precision,
    popularity = %(popularity)s::double precision,
    status = %(status)s::text,
    failure_reason = %(failure_reason)s::text,
    label = %(label)s::text,
    comment = %(comment)s::text,
    document = %(document)s::bytea,
    revision = t.revision + 1
WHERE t.id = %(id)s::uuid;

-- name: clear_children
-- What belongs to tracks that are about to be saved again; returns what imports said about them. Primary
-- keys of the child tables, audio_file_position_key.
WITH
genres AS (DELETE FROM track_genre WHERE track_id = ANY(%(ids)s::uuid[])),
files AS (DELETE FROM audio_file WHERE track_id = ANY(%(ids)s::uuid[])),
attributes AS (DELETE FROM track_attribute WHERE track_id = ANY(%(ids)s::uuid[]))

DELETE FROM track_source
WHERE track_id = ANY(%(ids)s::uuid[])
RETURNING track_id, type, external_id, fingerprint;

-- name: copy_track_genres
-- Genres of tracks.
COPY track_genre (
    track_id, position, genre_id
) FROM STDIN (FORMAT BINARY);

-- name: insert_track_genres
-- The same as parameters, for a few tracks.
INSERT INTO track_genre (
    track_id, position, genre_id
)
SELECT
    g.track_id, g.position, g.genre_id
FROM unnest(
    %(track_id)s::uuid[], %(position)s::smallint[], %(genre_id)s::integer[]
) AS g (
    track_id, position, genre_id
);

-- name: copy_track_sources
-- Places of tracks in other systems. track_source_external_key refuses what another live track has.
COPY track_source (
    track_id, position, library_id, type, external_id, uri, unavailable, synced_at, fingerprint
) FROM STDIN (FORMAT BINARY);

-- name: insert_track_sources
-- The same as parameters, for a few tracks.
INSERT INTO track_source (
    track_id, position, library_id, type, external_id, uri, unavailable, synced_at, fingerprint
)
SELECT
    g.track_id, g.position, g.library_id, g.type, g.external_id, g.uri, g.unavailable, g.synced_at,
    g.fingerprint
FROM unnest(
    %(track_id)s::uuid[], %(position)s::smallint[], %(library_id)s::uuid[], %(type)s::text[],
    %(id)s::text[], %(uri)s::text[], %(unavailable)s::boolean[], %(synced_at)s::timestamptz[],
    %(fingerprint)s::bytea[]
) AS g (
    track_id, position, library_id, type, external_id, uri, unavailable, synced_at, fingerprint
);

-- name: copy_audio_files
-- Files of tracks. audio_file_uri_key refuses what another live track has and is not missing.
COPY audio_file (
    track_id, position, library_id, id, uri, size_bytes, mime_type, format, codec, duration_ms,
    sample_rate_hz, channels, bit_depth, bitrate_bps, modified_at, content_hash, audio_hash,
    missing_at
) FROM STDIN (FORMAT BINARY);

-- name: insert_audio_files
-- The same as parameters, for a few tracks.
INSERT INTO audio_file (
    track_id, position, library_id, id, uri, size_bytes, mime_type, format, codec, duration_ms,
    sample_rate_hz, channels, bit_depth, bitrate_bps, modified_at, content_hash, audio_hash,
    missing_at
)
SELECT
    g.track_id, g.position, g.library_id, g.id, g.uri, g.size_bytes, g.mime_type, g.format, g.codec,
    g.duration_ms, g.sample_rate_hz, g.channels, g.bit_depth, g.bitrate_bps, g.modified_at,
    g.content_hash, g.audio_hash, g.missing_at
FROM unnest(
    %(track_id)s::uuid[], %(position)s::smallint[], %(library_id)s::uuid[], %(id)s::uuid[],
    %(uri)s::text[], %(size_bytes)s::bigint[], %(mime_type)s::text[], %(format)s::text[],
    %(codec)s::text[], %(duration_ms)s::integer[], %(sample_rate_hz)s::integer[],
    %(channels)s::smallint[], %(bit_depth)s::smallint[], %(bitrate_bps)s::bigint[],
    %(modified_at)s::timestamptz[], %(content_hash)s::text[], %(audio_hash)s::text[],
    %(missing_at)s::timestamptz[]
) AS g (
    track_id, position, library_id, id, uri, size_bytes, mime_type, format, codec, duration_ms,
    sample_rate_hz, channels, bit_depth, bitrate_bps, modified_at, content_hash, audio_hash,
    missing_at
);

-- name: copy_track_attributes
-- Other facts about tracks.
COPY track_attribute (
    track_id, position, key, text_value, number_value, integer_value, flag_value, time_value,
    source, confidence
) FROM STDIN (FORMAT BINARY);

-- name: insert_track_attributes
-- The same as parameters, for a few tracks.
INSERT INTO track_attribute (
    track_id, position, key, text_value, number_value, integer_value, flag_value, time_value,
    source, confidence
)
SELECT
    g.track_id, g.position, g.key, g.text_value, g.number_value, g.integer_value, g.flag_value,
    g.time_value, g.source, g.confidence
FROM unnest(
    %(track_id)s::uuid[], %(position)s::smallint[], %(key)s::text[], %(text_value)s::text[],
    %(number_value)s::double precision[], %(integer_value)s::bigint[], %(flag_value)s::boolean[],
    %(time_value)s::timestamptz[], %(source)s::text[], %(confidence)s::double precision[]
) AS g (
    track_id, position, key, text_value, number_value, integer_value, flag_value, time_value,
    source, confidence
);

-- name: find_tracks_by_source
-- Which live tracks have these places in other systems. track_source_external_key.
SELECT s.type, s.external_id, s.track_id, s.fingerprint
FROM unnest(%(types)s::text[], %(external_ids)s::text[]) AS g (type, external_id)
JOIN track_source AS s
    ON s.external_id = g.external_id
    AND s.type = g.type
    AND s.library_id = %(library_id)s::uuid
    AND s.is_live;

-- name: find_tracks_by_file
-- Which live tracks have files at these addresses; a missing file has given its address up. One by one,
-- for a join of many addresses would read the whole table. audio_file_uri_key.
SELECT g.uri, holder.track_id
FROM unnest(%(uris)s::text[]) AS g (uri)
CROSS JOIN LATERAL (
    SELECT f.track_id
    FROM audio_file AS f
    WHERE md5(f.uri) = md5(g.uri)
        AND f.library_id = %(library_id)s::uuid
        AND f.is_live
        AND f.missing_at IS NULL
        AND f.uri = g.uri
    LIMIT 1
) AS holder;

-- name: find_known_files
-- Files of live tracks that may be some that arrive: of the same audio or bytes (the first 1,000 of each
-- hash, missing ones before the others), at the same address, or missing from an address that differs in
-- the suffix only. One by one, for joins of many would read the whole table. audio_file_audio_hash_idx, audio_file_content_hash_idx, audio_file_uri_key,
-- audio_file_missing_idx.
WITH found AS (
    SELECT heard.id
    FROM unnest(%(audio_hashes)s::text[]) AS g (hash)
    CROSS JOIN LATERAL (
        SELECT f.id
        FROM audio_file AS f
        WHERE f.audio_hash = g.hash AND f.library_id = %(library_id)s::uuid AND f.is_live
        ORDER BY f.missing_at IS NULL, f.id
        LIMIT 1000
    ) AS heard
    UNION
    SELECT read.id
    FROM unnest(%(content_hashes)s::text[]) AS g (hash)
    CROSS JOIN LATERAL (
        SELECT f.id
        FROM audio_file AS f
        WHERE f.content_hash = g.hash AND f.library_id = %(library_id)s::uuid AND f.is_live
        ORDER BY f.missing_at IS NULL, f.id
        LIMIT 1000
    ) AS read
    UNION
    SELECT there.id
    FROM unnest(%(uris)s::text[]) AS g (uri)
    CROSS JOIN LATERAL (
        SELECT f.id
        FROM audio_file AS f
        WHERE md5(f.uri) = md5(g.uri)
            AND f.library_id = %(library_id)s::uuid
            AND f.is_live
            AND f.missing_at IS NULL
            AND f.uri = g.uri
        LIMIT 1
    ) AS there
    UNION
    SELECT gone.id
    FROM unnest(%(uris)s::text[]) AS g (uri)
    CROSS JOIN LATERAL (
        SELECT f.id
        FROM audio_file AS f
        WHERE left(f.uri, 500) COLLATE "C" = left(g.uri, 500) COLLATE "C"
            AND f.library_id = %(library_id)s::uuid
            AND f.is_live
            AND f.missing_at IS NOT NULL
            AND f.uri = g.uri
        ORDER BY f.missing_at DESC, f.id
        LIMIT 100
    ) AS gone
    UNION
    SELECT gone.id
    FROM unnest(%(stems)s::text[]) AS g (stem)
    CROSS JOIN LATERAL (
        SELECT f.id
        FROM audio_file AS f
        -- "/" is the character after "."
        WHERE left(f.uri, 500) COLLATE "C" >= (left(g.stem, 500) || '.') COLLATE "C"
            AND left(f.uri, 500) COLLATE "C" < (left(g.stem, 500) || '/') COLLATE "C"
            AND f.library_id = %(library_id)s::uuid
            AND f.is_live
            AND f.missing_at IS NOT NULL
        ORDER BY left(f.uri, 500) COLLATE "C", f.id
        LIMIT 100
    ) AS gone
)

SELECT
    f.id, f.track_id, f.uri, f.content_hash, f.audio_hash, f.duration_ms,
    f.missing_at IS NOT NULL AS is_missing,
    t.title_key AS title, left(fold(a.title), 300) AS album, t.disc_number, t.track_number
FROM found
JOIN audio_file AS f ON f.id = found.id
JOIN track AS t ON t.id = f.track_id
LEFT JOIN album AS a ON a.id = t.album_id
ORDER BY f.track_id, f.id;

-- name: fold_songs
-- Titles and albums as names are compared, in the order given.
SELECT left(fold(g.title), 300), left(fold(g.album), 300)
FROM unnest(%(titles)s::text[], %(albums)s::text[]) WITH ORDINALITY AS g (title, album, number)
ORDER BY g.number;

-- name: set_fingerprints
-- What the last import said, for tracks that it did not change. track_source_external_key.
UPDATE track_source AS s
SET fingerprint = g.fingerprint
FROM unnest(
    %(track_ids)s::uuid[], %(types)s::text[], %(external_ids)s::text[], %(fingerprints)s::bytea[]
) AS g (track_id, type, external_id, fingerprint)
WHERE
    s.track_id = g.track_id
    AND s.type = g.type
    AND s.external_id = g.external_id
    AND s.is_live;

-- name: wait_without_limit
-- Lifts the limits on waiting for a lock in this transaction: the deadline of the call is limit enough.
SELECT
    set_config('lock_timeout', '0', true) AS lock_timeout,
    set_config('statement_timeout', '0', true) AS statement_timeout;

-- name: wait_as_usual
-- Puts the limits back to those of the session.
SELECT set_config(name, reset_val, true)
FROM pg_settings
WHERE name IN ('lock_timeout', 'statement_timeout');

-- name: import_lock
-- One import at a time, until the transaction ends.
SELECT pg_advisory_xact_lock(hashtext('fonoteca import'));

-- name: try_import_lock
-- The same at once or not at all: false while an import runs.
SELECT pg_try_advisory_xact_lock(hashtext('fonoteca import'));

-- name: set_documents
-- New documents for locked tracks of which nothing but a name they show has changed. Primary key.
UPDATE track AS t
SET document = g.document, revision = t.revision + 1
FROM unnest(%(ids)s::uuid[], %(documents)s::bytea[]) AS g (id, document)
WHERE t.id = g.id;

-- name: set_credits
-- Other credits for locked tracks, and the documents that show them, or those of their albums. Primary key.
UPDATE track AS t
SET
    credit_id = coalesce(g.credit_id, t.credit_id),
    document = g.document,
    revision = t.revision + 1
FROM unnest(%(ids)s::uuid[], %(credit_ids)s::uuid[], %(documents)s::bytea[])
    AS g (id, credit_id, document)
WHERE t.id = g.id;

-- name: tracks_of_albums
-- The tracks that show albums, deleted ones included. track_album_idx.
SELECT id FROM track WHERE album_id = ANY(%(album_ids)s::uuid[]);

-- name: delete_track
-- Hides a locked track. Its sources and files stand aside. Primary keys, audio_file_position_key.
WITH
sources AS (UPDATE track_source SET is_live = false WHERE track_id = %(id)s::uuid),
files AS (UPDATE audio_file SET is_live = false WHERE track_id = %(id)s::uuid),
task AS (DELETE FROM track_task WHERE track_id = %(id)s::uuid)

UPDATE track
SET deleted_at = now(), revision = revision + 1, document = %(document)s::bytea
WHERE id = %(id)s::uuid;

-- name: undelete_track
-- Brings a locked track back, with its sources and files, and into the queue when it was on its way.
-- Primary keys, audio_file_position_key.
WITH
sources AS (UPDATE track_source SET is_live = true WHERE track_id = %(id)s::uuid),
files AS (UPDATE audio_file SET is_live = true WHERE track_id = %(id)s::uuid),
task AS (
    INSERT INTO track_task (track_id, library_id)
    SELECT id, library_id FROM track
    WHERE id = %(id)s::uuid AND status IN ('PENDING', 'PROCESSING')
)

UPDATE track
SET deleted_at = NULL, revision = revision + 1, document = %(document)s::bytea
WHERE id = %(id)s::uuid;

-- name: enqueue_tracks
-- Lets workers claim tracks. Primary key of track_task.
INSERT INTO track_task (track_id, library_id)
SELECT track_id, library_id
FROM unnest(%(track_ids)s::uuid[], %(library_ids)s::uuid[]) AS g (track_id, library_id)
ON CONFLICT (track_id) DO NOTHING;

-- name: claim_tasks
-- Hands out the oldest tasks that nobody has, or whose lease has ended. Materialized, for a join that ran
-- it twice would hand out twice as many. track_task_library_idx.
WITH free AS MATERIALIZED (
    SELECT track_id
    FROM track_task
    WHERE
        library_id = %(library_id)s::uuid
        AND available_at <= now()
        AND attempts < %(max_attempts)s::smallint
    ORDER BY available_at, track_id
    LIMIT %(limit)s::integer
    FOR UPDATE SKIP LOCKED
)

UPDATE track_task AS task
SET
    attempts = task.attempts + 1,
    lease_id = %(lease_id)s::uuid,
    available_at = now() + %(lease)s::interval
FROM free
WHERE task.track_id = free.track_id
RETURNING task.track_id, task.attempts, task.lease_id, task.available_at;

-- name: claim_tasks_anywhere
-- The same for all libraries. track_task_available_idx.
WITH free AS MATERIALIZED (
    SELECT track_id
    FROM track_task
    WHERE available_at <= now() AND attempts < %(max_attempts)s::smallint
    ORDER BY available_at, track_id
    LIMIT %(limit)s::integer
    FOR UPDATE SKIP LOCKED
)

UPDATE track_task AS task
SET
    attempts = task.attempts + 1,
    lease_id = %(lease_id)s::uuid,
    available_at = now() + %(lease)s::interval
FROM free
WHERE task.track_id = free.track_id
RETURNING task.track_id, task.attempts, task.lease_id, task.available_at;

-- name: spent_tasks
-- Tasks whose last lease has ended without an answer. track_task_available_idx.
SELECT track_id
FROM track_task
WHERE available_at <= now() AND attempts >= %(max_attempts)s::smallint
ORDER BY available_at, track_id
LIMIT 100
FOR UPDATE SKIP LOCKED;

-- name: lock_task
-- The task of one track. Primary key.
SELECT track_id, attempts, lease_id, available_at
FROM track_task
WHERE track_id = %(id)s::uuid
FOR UPDATE;

-- name: release_task
-- Gives a task back to the queue. Primary key.
UPDATE track_task SET lease_id = NULL, available_at = now() WHERE track_id = %(id)s::uuid;

-- name: end_tasks
-- Tasks that are done or given up. Primary key.
DELETE FROM track_task WHERE track_id = ANY(%(ids)s::uuid[]);

-- name: set_status
-- The status of locked tracks, with their documents. Primary key.
UPDATE track AS t
SET
    status = %(status)s::text,
    failure_reason = %(failure_reason)s::text,
    document = g.document,
    revision = t.revision + 1
FROM unnest(%(ids)s::uuid[], %(documents)s::bytea[]) AS g (id, document)
WHERE t.id = g.id;

-- name: retire_tracks
-- Hides locked tracks that become another one, and lets the ids that led to them lead there; returns what
-- imports said about them. Primary keys, audio_file_position_key, track_merged_into_idx.
WITH
files AS (DELETE FROM audio_file WHERE track_id = ANY(%(ids)s::uuid[])),
task AS (DELETE FROM track_task WHERE track_id = ANY(%(ids)s::uuid[])),
earlier AS (
    UPDATE track
    SET merged_into = %(survivor_id)s::uuid
    WHERE merged_into = ANY(%(ids)s::uuid[])
),
retired AS (
    UPDATE track
    SET deleted_at = now(), merged_into = %(survivor_id)s::uuid
    WHERE id = ANY(%(ids)s::uuid[])
)

DELETE FROM track_source
WHERE track_id = ANY(%(ids)s::uuid[])
RETURNING type, external_id, fingerprint;

-- name: add_merges
-- Remembers what a track got from those that became it.
INSERT INTO track_merge (track_id, survivor_id, given)
SELECT g.track_id, %(survivor_id)s::uuid, g.given
FROM unnest(%(ids)s::uuid[], %(given)s::bytea[]) AS g (track_id, given);

-- name: lock_merge
-- The merge of a track, held until the transaction ends. Primary key.
SELECT survivor_id, given FROM track_merge WHERE track_id = %(id)s::uuid FOR UPDATE;

-- name: reinstate_track
-- Brings a locked track back that was merged, with the tracks that had become it before, and into the queue
-- when it was on its way. Primary keys, track_merge_survivor_idx.
WITH RECURSIVE earlier AS (
    SELECT m.track_id FROM track_merge AS m WHERE m.survivor_id = %(id)s::uuid
    UNION ALL
    SELECT m.track_id
    FROM earlier AS e
    JOIN track_merge AS m ON m.survivor_id = e.track_id
),

redirected AS (
    UPDATE track
    SET merged_into = %(id)s::uuid
    WHERE id IN (SELECT e.track_id FROM earlier AS e)
),

forgotten AS (DELETE FROM track_merge WHERE track_id = %(id)s::uuid),

task AS (
    INSERT INTO track_task (track_id, library_id)
    SELECT id, library_id FROM track
    WHERE id = %(id)s::uuid AND status IN ('PENDING', 'PROCESSING')
)

UPDATE track SET deleted_at = NULL, merged_into = NULL WHERE id = %(id)s::uuid;

-- name: source_fingerprints
-- What imports said about a track. Primary key of track_source.
SELECT type, external_id, fingerprint FROM track_source WHERE track_id = %(id)s::uuid;

-- name: list_merged_tracks
-- A page of the tracks whose ids lead to one, in the order of their ids. track_merged_into_idx, primary keys;
-- the order is made by a sort of these tracks.
SELECT t.document, m.survivor_id, m.merged_at
FROM track AS wanted
JOIN track AS t ON t.merged_into = coalesce(wanted.merged_into, wanted.id)
JOIN track_merge AS m ON m.track_id = t.id
WHERE wanted.id = %(id)s::uuid AND t.id > %(after)s::uuid
ORDER BY t.id
LIMIT %(limit)s::integer;

-- name: titles_by_artist
-- The tracks in search of the artists between two names, in their order. track_search_artist_idx, primary
-- key of track.
SELECT s.artist_key, s.library_id, s.track_id AS id, t.title, s.title_key, t.duration_ms
FROM track_search AS s
JOIN track AS t ON t.id = s.track_id
WHERE s.artist_key BETWEEN %(first)s::text AND %(last)s::text
    AND s.artist_key <> ''
    AND (%(library_id)s::uuid IS NULL OR s.library_id = %(library_id)s::uuid)
ORDER BY s.artist_key, s.library_id, s.track_id
LIMIT %(limit)s::integer;

-- name: describe_duplicates
-- Tracks as they are shown, with their names as compared. Primary keys.
SELECT t.id, t.document, t.title_key, coalesce(c.names_key, '') AS artist_key
FROM track AS t
LEFT JOIN artist_credit AS c ON c.id = t.credit_id
WHERE t.id = ANY(%(ids)s::uuid[])

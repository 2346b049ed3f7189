-- How names are compared: one fold, in the database, for index, query, import and duplicate detection.

CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;
CREATE EXTENSION IF NOT EXISTS unaccent WITH SCHEMA public;
CREATE EXTENSION IF NOT EXISTS fuzzystrmatch WITH SCHEMA public;
CREATE EXTENSION IF NOT EXISTS btree_gin WITH SCHEMA public;

-- Lower case by Unicode's rules, whatever the locale of the database is. PostgreSQL 17 and later have
-- them built in; before that they come from ICU.
DO $$
BEGIN
    IF current_setting('server_version_num')::integer >= 170000 THEN
        CREATE COLLATION public.unicode_case (provider = builtin, locale = 'C.UTF-8');
    ELSE
        CREATE COLLATION public.unicode_case (provider = icu, locale = 'und');
    END IF;
END
$$;

-- The form in which two names are equal when people would call them equal: words in lower case without
-- accents, one space between them.
--
-- Compatibility forms are unified (full-width letters, ligatures); accents go, and letters such as "ø",
-- "æ" and "ß" become plain ones; "&" is "and"; apostrophes vanish ("don't" = "dont"), as do the points
-- of "R.E.M."; "$" beside a letter is "s" and "!" between letters is "i" ("A$AP", "P!nk"); other
-- punctuation separates words; katakana is hiragana; each Chinese or Japanese character is a word of its
-- own, so that any part of a title can be found. Text of punctuation alone ("!!!") stays as it is, so
-- that it can be found too.
--
-- Idempotent. The result never contains ' : \ , which the text form of tsvector reserves. A migration that
-- changes what fold returns raises fold_version(), for what was folded before must be folded anew.
CREATE FUNCTION public.fold(input text) RETURNS text
LANGUAGE plpgsql
IMMUTABLE PARALLEL SAFE STRICT
AS $$
DECLARE
    plain text := input;
    folded text;
BEGIN
    IF octet_length(plain) = char_length(plain) THEN
        plain := lower(plain COLLATE "C"); -- ASCII, as four of five names are: nothing else to do
    ELSE
        plain := lower(translate(plain, '´`', '''''') COLLATE public.unicode_case);
        -- Invisible marks: soft hyphen, zero-width, direction. Gone before unaccent sees a hyphen.
        plain := regexp_replace(plain, '[\u00AD\u200B-\u200F\u202A-\u202E\u2060\uFEFF]+', '', 'g');
        plain := public.unaccent('public.unaccent'::regdictionary, normalize(plain, NFKC));
        plain := lower(plain COLLATE public.unicode_case);
        plain := replace(plain, 'ς', 'σ');
        IF plain ~ '[\u30A1-\u30F4]' THEN
            plain := translate(
                plain,
                'ァアィイゥウェエォオカガキギクグケゲコゴサザシジスズセゼソゾタダチヂッツヅテデトドナニヌネノハバパヒビピフブプヘベペホボポマミムメモャヤュユョヨラリルレロヮワヰヱヲンヴ',
                'ぁあぃいぅうぇえぉおかがきぎくぐけげこごさざしじすずせぜそぞただちぢっつづてでとどなにぬねのはばぱひびぴふぶぷへべぺほぼぽまみむめもゃやゅゆょよらりるれろゎわゐゑをんゔ'
            );
        END IF;
        IF plain ~ '[\u3041-\u30FF\u3400-\u9FFF\uF900-\uFAFF\U00020000-\U0003FFFF]' THEN
            plain := regexp_replace(
                plain,
                '([\u3041-\u30FF\u3400-\u9FFF\uF900-\uFAFF\U00020000-\U0003FFFF])',
                ' \1 ',
                'g'
            );
        END IF;
    END IF;
    plain := replace(plain, '&', ' and ');
    IF plain LIKE '%._.%' THEN
        plain := regexp_replace(
            plain COLLATE public.unicode_case,
            '\m([[:alpha:]])\.(?=[[:alpha:]]\M)',
            '\1',
            'g'
        );
    END IF;
    IF position('$' IN plain) > 0 OR position('!' IN plain) > 0 THEN
        plain := regexp_replace(
            plain COLLATE public.unicode_case,
            '\$(?=[[:alpha:]])|(?<=[[:alpha:]])\$',
            's',
            'g'
        );
        plain := regexp_replace(
            plain COLLATE public.unicode_case,
            '(?<=[[:alpha:]])!(?=[[:alpha:]])',
            'i',
            'g'
        );
    END IF;
    folded := regexp_replace(
        replace(plain, '''', ''),
        '[][ !"#$%()*+,./:;<=>?@\\^_`{|}~\u0001-\u001F\u007F-\u00A0\u00A7\u00B6\u00B7\u2016\u1680\u2020-\u2029\u203B\u2236\u3000-\u303F\u30FB-]+',
        ' ',
        'g'
    );
    folded := btrim(folded);
    IF folded = '' THEN
        folded := btrim(regexp_replace(translate(plain, ''':\', '’∶＼'), '[\s[:cntrl:]]+', ' ', 'g'));
    END IF;
    RETURN folded;
END
$$;

-- The words of folded text as a tsvector, each with the weight A, B, C or D.
--
-- All words get the position 1: only the weight is used, and so the text form of tsvector can be made by
-- replacing spaces, ten times faster than by to_tsvector, whose parser would also drop words such as
-- "!!!". A word is cut after 250 characters, below the limit of tsvector.
CREATE FUNCTION public.weighted_words(folded text, weight text) RETURNS tsvector
LANGUAGE sql
IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN folded IS NULL OR folded = '' THEN ''::tsvector
    ELSE (
        replace(
            CASE
                WHEN octet_length(folded) > 2000
                THEN regexp_replace(folded, '(\S{250})\S+', '\1', 'g')
                ELSE folded
            END,
            ' ',
            ':1' || weight || ' '
        ) || ':1' || weight
    )::tsvector
END;

-- Keeps updated_at true, whoever writes. Upkeep only derives anew what was derived from the same values.
CREATE FUNCTION public.touch_updated_at() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    IF current_setting('fonoteca.upkeep', true) IS DISTINCT FROM 'on' THEN
        NEW.updated_at := now();
    END IF;
    RETURN NEW;
END
$$;

-- "1999", "1999-03" or "1999-03-08": the part of a date that is known. Sorts by time.
CREATE DOMAIN public.partial_date AS text COLLATE "C"
CONSTRAINT partial_date_form CHECK (
    VALUE ~ '^(?!0000)[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?$'
);

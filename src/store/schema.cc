#include <array>

#include "store/migrations.h"

// The tables of the reference (its names, columns, types and sort keys, so that queries and tools
// written for it keep working) and Millrace's own columns:
//   _partition, _offset                 the row's record in its topic; load tells by them what is
//   there _source_partition, _source_offset   (events) the accepted record in `captured`
// Differences, all on purpose: the reference's servers run in UTC, so every time says 'UTC' here;
// `groups` takes the topic's offset as the version, because two changes can share one second.
// Every table syncs a part and its folder before an insert returns, and merged parts too; parts
// below 128 MiB keep all columns in one file, because each file of a part costs a sync.

namespace mr::store {

namespace {

constexpr std::string_view events_table = R"sql(CREATE TABLE IF NOT EXISTS events
(
    uuid UUID,
    event String,
    properties String CODEC(ZSTD(3)),
    timestamp DateTime64(6, 'UTC'),
    team_id Int64,
    distinct_id String,
    elements_chain String,
    created_at DateTime64(6, 'UTC'),
    person_id UUID,
    person_created_at DateTime64(3, 'UTC'),
    person_properties String CODEC(ZSTD(3)),
    group0_properties String CODEC(ZSTD(3)),
    group1_properties String CODEC(ZSTD(3)),
    group2_properties String CODEC(ZSTD(3)),
    group3_properties String CODEC(ZSTD(3)),
    group4_properties String CODEC(ZSTD(3)),
    group0_created_at DateTime64(3, 'UTC'),
    group1_created_at DateTime64(3, 'UTC'),
    group2_created_at DateTime64(3, 'UTC'),
    group3_created_at DateTime64(3, 'UTC'),
    group4_created_at DateTime64(3, 'UTC'),
    person_mode Enum8('full' = 0, 'propertyless' = 1, 'force_upgrade' = 2),
    historical_migration Bool,
    dmat_string_0 Nullable(String),
    dmat_string_1 Nullable(String),
    dmat_string_2 Nullable(String),
    dmat_string_3 Nullable(String),
    dmat_string_4 Nullable(String),
    dmat_string_5 Nullable(String),
    dmat_string_6 Nullable(String),
    dmat_string_7 Nullable(String),
    dmat_string_8 Nullable(String),
    dmat_string_9 Nullable(String),
    `$group_0` String MATERIALIZED trim(BOTH '"' FROM JSONExtractRaw(properties, '$group_0')),
    `$group_1` String MATERIALIZED trim(BOTH '"' FROM JSONExtractRaw(properties, '$group_1')),
    `$group_2` String MATERIALIZED trim(BOTH '"' FROM JSONExtractRaw(properties, '$group_2')),
    `$group_3` String MATERIALIZED trim(BOTH '"' FROM JSONExtractRaw(properties, '$group_3')),
    `$group_4` String MATERIALIZED trim(BOTH '"' FROM JSONExtractRaw(properties, '$group_4')),
    `$window_id` String MATERIALIZED trim(BOTH '"' FROM JSONExtractRaw(properties, '$window_id')),
    `$session_id` String MATERIALIZED trim(BOTH '"' FROM JSONExtractRaw(properties, '$session_id')),
    `$session_id_uuid` Nullable(UInt128) MATERIALIZED toUInt128(toUUIDOrNull(`$session_id`)),
    elements_chain_href String MATERIALIZED extract(elements_chain, '[:"]href="(.*?)"'),
    elements_chain_texts Array(String)
        MATERIALIZED arrayDistinct(extractAll(elements_chain, '[:"]text="(.*?)"')),
    elements_chain_ids Array(String)
        MATERIALIZED arrayDistinct(extractAll(elements_chain, '[:"]attr_id="(.*?)"')),
    elements_chain_elements Array(Enum8('a' = 1, 'button' = 2, 'form' = 3, 'input' = 4,
                                        'select' = 5, 'textarea' = 6, 'label' = 7))
        MATERIALIZED arrayDistinct(extractAll(elements_chain,
            '(?:^|;)(a|button|form|input|select|textarea|label)(?:[.:])')),
    _timestamp DateTime('UTC') DEFAULT now(),
    _offset UInt64,
    _partition UInt64,
    _source_partition UInt64,
    _source_offset UInt64,
    inserted_at Nullable(DateTime64(6, 'UTC')) DEFAULT now64(6),
    consumer_breadcrumbs Array(String),
    INDEX `minmax_$group_0` `$group_0` TYPE minmax GRANULARITY 1,
    INDEX `minmax_$group_1` `$group_1` TYPE minmax GRANULARITY 1,
    INDEX `minmax_$group_2` `$group_2` TYPE minmax GRANULARITY 1,
    INDEX `minmax_$group_3` `$group_3` TYPE minmax GRANULARITY 1,
    INDEX `minmax_$group_4` `$group_4` TYPE minmax GRANULARITY 1,
    INDEX `minmax_$window_id` `$window_id` TYPE minmax GRANULARITY 1,
    INDEX `minmax_$session_id` `$session_id` TYPE minmax GRANULARITY 1,
    INDEX kafka_timestamp_minmax _timestamp TYPE minmax GRANULARITY 3,
    INDEX offset_minmax _offset TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(_timestamp)
PARTITION BY toYYYYMM(timestamp)
ORDER BY (team_id, toDate(timestamp), event, cityHash64(distinct_id), cityHash64(uuid))
SAMPLE BY cityHash64(distinct_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,
    min_bytes_for_wide_part = 134217728
)sql";

constexpr std::string_view state_tables = R"sql(CREATE TABLE IF NOT EXISTS person
(
    id UUID,
    created_at DateTime64(3, 'UTC'),
    team_id Int64,
    properties String CODEC(ZSTD(3)),
    is_identified Int8,
    is_deleted Int8,
    version UInt64,
    last_seen_at Nullable(DateTime64(3, 'UTC')),
    _timestamp DateTime('UTC') DEFAULT now(),
    _offset UInt64,
    _partition UInt64,
    INDEX offset_minmax _offset TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (team_id, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,
    min_bytes_for_wide_part = 134217728
--;
CREATE TABLE IF NOT EXISTS person_distinct_id2
(
    team_id Int64,
    distinct_id String,
    person_id UUID,
    is_deleted Int8,
    version Int64,
    _timestamp DateTime('UTC') DEFAULT now(),
    _offset UInt64,
    _partition UInt64,
    INDEX offset_minmax _offset TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (team_id, distinct_id)
SETTINGS index_granularity = 512, fsync_after_insert = 1, fsync_part_directory = 1,
    min_rows_to_fsync_after_merge = 1, min_bytes_for_wide_part = 134217728
--;
CREATE TABLE IF NOT EXISTS groups
(
    group_type_index UInt8,
    group_key String,
    created_at DateTime64(3, 'UTC'),
    team_id Int64,
    group_properties String CODEC(ZSTD(3)),
    _timestamp DateTime('UTC') DEFAULT now(),
    _offset UInt64,
    _partition UInt64,
    INDEX offset_minmax _offset TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(_offset)
ORDER BY (team_id, group_type_index, group_key)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,
    min_bytes_for_wide_part = 134217728
)sql";

// The latest state as one expects to read it. A person is gone when any row says so; a mapping is
// gone when its latest row says so. person_overrides names the persons that merges moved distinct
// ids to after their first events were stored (version above 0).
constexpr std::string_view state_views = R"sql(CREATE VIEW IF NOT EXISTS persons AS
SELECT
    p.team_id AS team_id,
    p.id AS id,
    argMax(p.created_at, p.version) AS created_at,
    argMax(p.properties, p.version) AS properties,
    argMax(p.is_identified, p.version) AS is_identified,
    max(p.version) AS version,
    argMax(p.last_seen_at, p.version) AS last_seen_at
FROM person AS p
GROUP BY p.team_id, p.id
HAVING max(p.is_deleted) = 0
--;
CREATE VIEW IF NOT EXISTS person_distinct_ids AS
SELECT
    d.team_id AS team_id,
    d.distinct_id AS distinct_id,
    argMax(d.person_id, d.version) AS person_id,
    max(d.version) AS version
FROM person_distinct_id2 AS d
GROUP BY d.team_id, d.distinct_id
HAVING argMax(d.is_deleted, d.version) = 0
--;
CREATE VIEW IF NOT EXISTS person_overrides AS
SELECT team_id, distinct_id, person_id, version FROM person_distinct_ids WHERE version > 0
)sql";

constexpr std::array all = {
    Migration{1, "events", events_table},
    Migration{2, "persons_and_groups", state_tables},
    Migration{3, "latest_state_views", state_views},
};

}  // namespace

std::span<const Migration> migrations() {
  return all;
}

}  // namespace mr::store

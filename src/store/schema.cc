#include <array>

#include "store/migrations.h"

// The tables of the reference (its names, columns, types and sort keys, so that queries and tools
// written for it keep working) and Millrace's own columns:
//   _partition, _offset                 the row's record in its topic; load tells by them what is
//   there _source_topic, _source_partition, _source_offset   (events) the accepted record
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

// One row for each request that brought a recording: `block_url` says where in the log it lies, and
// so do the source columns. A request that its client repeats has the same uuid, and the first one
// counts.
// Months are those of arrival: the clocks of clients are wrong. Below it, sessions as the reference
// has them, one row each.
constexpr std::string_view session_replay = R"sql(CREATE TABLE IF NOT EXISTS session_replay_blocks
(
    uuid UUID,
    session_id String,
    team_id Int64,
    distinct_id String,
    first_timestamp DateTime64(6, 'UTC'),
    last_timestamp DateTime64(6, 'UTC'),
    block_url Nullable(String),
    first_url Nullable(String),
    urls Array(String),
    click_count Int64,
    keypress_count Int64,
    mouse_activity_count Int64,
    active_milliseconds Int64,
    console_log_count Int64,
    console_warn_count Int64,
    console_error_count Int64,
    size Int64,
    event_count Int64,
    message_count Int64,
    snapshot_source LowCardinality(String),
    snapshot_library Nullable(String),
    retention_period_days Nullable(Int64),
    _timestamp DateTime('UTC') DEFAULT now(),
    _offset UInt64,
    _partition UInt64,
    _source_partition UInt64,
    _source_offset UInt64,
    _earlier UInt64 MATERIALIZED 18446744073709551615 - _source_offset,
    INDEX offset_minmax _offset TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(_earlier)
PARTITION BY toYYYYMM(_timestamp)
ORDER BY (team_id, session_id, uuid)
SETTINGS index_granularity = 512, fsync_after_insert = 1, fsync_part_directory = 1,
    min_rows_to_fsync_after_merge = 1, min_bytes_for_wide_part = 134217728
--;
CREATE VIEW IF NOT EXISTS session_replay_events AS
SELECT
    b.team_id AS team_id,
    b.session_id AS session_id,
    argMin(b.distinct_id, b._source_offset) AS distinct_id,
    min(b.first_timestamp) AS min_first_timestamp,
    max(b.last_timestamp) AS max_last_timestamp,
    arraySort(groupArray((b._source_partition, b._source_offset, b.first_timestamp,
                          b.last_timestamp, assumeNotNull(b.block_url)))) AS blocks,
    blocks.3 AS block_first_timestamps,
    blocks.4 AS block_last_timestamps,
    blocks.5 AS block_urls,
    argMin(b.first_url, b.first_timestamp) AS first_url,
    groupUniqArrayArray(b.urls) AS all_urls,
    sum(b.click_count) AS click_count,
    sum(b.keypress_count) AS keypress_count,
    sum(b.mouse_activity_count) AS mouse_activity_count,
    sum(b.active_milliseconds) AS active_milliseconds,
    sum(b.console_log_count) AS console_log_count,
    sum(b.console_warn_count) AS console_warn_count,
    sum(b.console_error_count) AS console_error_count,
    sum(b.size) AS size,
    sum(b.message_count) AS message_count,
    sum(b.event_count) AS event_count,
    argMin(b.snapshot_source, b.first_timestamp) AS snapshot_source,
    argMin(b.snapshot_library, b.first_timestamp) AS snapshot_library,
    max(b.retention_period_days) AS retention_period_days,
    max(b._timestamp) AS _timestamp
FROM session_replay_blocks AS b FINAL
GROUP BY b.team_id, b.session_id
)sql";

// Each lane of captured events is a topic of its own.
constexpr std::string_view source_topic =
    "ALTER TABLE events ADD COLUMN IF NOT EXISTS _source_topic LowCardinality(String) "
    "DEFAULT 'captured' AFTER _partition";

// What ingest and capture warn a project's owners of.
constexpr std::string_view ingestion_warnings =
    R"sql(CREATE TABLE IF NOT EXISTS ingestion_warnings
(
    team_id Int64,
    source LowCardinality(String),
    type String,
    details String CODEC(ZSTD(3)),
    timestamp DateTime64(6, 'UTC'),
    _timestamp DateTime('UTC') DEFAULT now(),
    _offset UInt64,
    _partition UInt64,
    INDEX offset_minmax _offset TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(timestamp)
ORDER BY (team_id, toHour(timestamp), type, source, timestamp)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,
    min_bytes_for_wide_part = 134217728
)sql";

constexpr std::array all = {
    Migration{1, "events", events_table},
    Migration{2, "persons_and_groups", state_tables},
    Migration{3, "latest_state_views", state_views},
    Migration{4, "session_replay", session_replay},
    Migration{5, "source_topic", source_topic},
    Migration{6, "ingestion_warnings", ingestion_warnings},
};

}  // namespace

std::span<const Migration> migrations() {
  return all;
}

}  // namespace mr::store

#include "store/engine_options.h"

#include <unistd.h>

#include <algorithm>

namespace mr::store {

namespace {

uint64_t machine_memory_bytes() {
  const long pages = ::sysconf(_SC_PHYS_PAGES);
  const long page_bytes = ::sysconf(_SC_PAGESIZE);
  if (pages <= 0 || page_bytes <= 0) return uint64_t{4} << 30;
  return static_cast<uint64_t>(pages) * static_cast<uint64_t>(page_bytes);
}

}  // namespace

std::string engine_config_xml(const io::Path& users_file) {
  return R"(<clickhouse>
  <users_config>)" +
         users_file + R"(</users_config>
  <max_server_memory_usage_to_ram_ratio>0.5</max_server_memory_usage_to_ram_ratio>
  <mark_cache_size>67108864</mark_cache_size>
  <primary_index_cache_size>67108864</primary_index_cache_size>
  <index_mark_cache_size>16777216</index_mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <index_uncompressed_cache_size>0</index_uncompressed_cache_size>
  <mmap_cache_size>128</mmap_cache_size>
  <compiled_expression_cache_size>16777216</compiled_expression_cache_size>
  <vector_similarity_index_cache_size>0</vector_similarity_index_cache_size>
  <iceberg_metadata_files_cache_size>0</iceberg_metadata_files_cache_size>
  <parquet_metadata_cache_size>0</parquet_metadata_cache_size>
  <text_index_tokens_cache_size>0</text_index_tokens_cache_size>
  <text_index_header_cache_size>0</text_index_header_cache_size>
  <text_index_postings_cache_size>0</text_index_postings_cache_size>
  <background_pool_size>2</background_pool_size>
  <max_thread_pool_free_size>16</max_thread_pool_free_size>
</clickhouse>
)";
}

std::string engine_users_xml() {
  return R"(<clickhouse>
  <profiles><default/></profiles>
  <quotas><default/></quotas>
  <roles>
    <writer><grants><query>GRANT ALL ON *.*</query></grants></writer>
  </roles>
  <users>
    <default>
      <password></password>
      <networks><ip>::/0</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <grants>
        <query>GRANT SELECT ON millrace.*</query>
        <query>GRANT writer</query>
      </grants>
    </default>
  </users>
</clickhouse>
)";
}

std::string insert_session_settings() {
  // An insert has to be on disk when it returns, so it is not gathered with others (async_insert
  // is on by default in this version), and a month more or less in a block is no reason to refuse.
  return "SET session_timezone = 'UTC', async_insert = 0, max_partitions_per_insert_block = 0, "
         "input_format_skip_unknown_fields = 1, date_time_input_format = 'best_effort', "
         "max_query_size = 1048576";
}

std::string query_session_settings(const QueryLimits& limits) {
  const uint64_t memory = std::min(limits.memory_bytes_max, machine_memory_bytes() / 4);
  const auto number = [](uint64_t value) { return std::to_string(value); };
  std::string seconds = std::to_string(limits.time_max.count / 1000) + "." +
                        std::to_string(limits.time_max.count % 1000 / 100);
  // Canonical text can be a few times as long as what was written, hence the factor.
  return "SET session_timezone = 'UTC', max_execution_time = " + seconds +
         ", timeout_overflow_mode = 'throw', max_memory_usage = " + number(memory) +
         ", max_temporary_data_on_disk_size_for_query = " + number(limits.spill_bytes_max) +
         ", max_result_rows = " + number(limits.result_rows_max) +
         ", max_result_bytes = " + number(limits.result_bytes_max) +
         ", result_overflow_mode = 'throw', max_query_size = " + number(limits.sql_bytes_max * 4) +
         ", output_format_pretty_row_numbers = 0, output_format_pretty_color = 0, readonly = 1";
}

}  // namespace mr::store

#include "log/scenario_sim.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace mr::log {

namespace {

constexpr const char* scenarios_folder = MR_SOURCE_DIR "/tests/sim";
constexpr const char* scenario_ending = ".scenario";

struct Key {
  const char* name;
  int Scenario::* value;
};
constexpr Key keys[] = {
    {"producers", &Scenario::producers},
    {"appends", &Scenario::appends},
    {"records_max", &Scenario::records_max},
    {"value_bytes_max", &Scenario::value_bytes_max},
    {"rounds", &Scenario::rounds},
    {"direct", &Scenario::direct},
    {"publish", &Scenario::publish},
    {"full_disk", &Scenario::full_disk},
    {"retention_bytes", &Scenario::retention_bytes},
    {"sync_interval", &Scenario::sync_interval},
    {"consumers", &Scenario::consumers},
    {"compression", &Scenario::compression},
    {"commit_bytes", &Scenario::commit_bytes},
    {"queue_bytes", &Scenario::queue_bytes},
    {"rot", &Scenario::rot},
    {"page_lies", &Scenario::page_lies},
};

[[noreturn]] void refuse(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::abort();
}

}  // namespace

const std::vector<PlantedBug>& planted_bugs() {
  static const std::vector<PlantedBug> bugs{
      {"acknowledge_before_write",
       "an append is answered before it is written",
       "log_direct",
       {.log = {.acknowledge_before_write = true}}},
      {"acknowledge_before_sync",
       "an append is answered before it is synced",
       "log_buffered",
       {.log = {.skip_sync = true}}},
      {"no_folder_sync",
       "a new segment's name is not synced",
       "log_direct",
       {.ignore_folder_syncs = true}},
      {"retry_failed_sync",
       "a failed sync is done again and believed",
       "log_buffered",
       {.log = {.believe_second_sync = true}}},
      {"no_checksum",
       "recovery does not check checksums",
       "log_direct",
       {.log = {.skip_checksum = true}}},
      {"keep_torn_tail",
       "recovery does not cut a torn tail",
       "log_direct",
       {.log = {.keep_torn_tail = true}}},
      {"ignore_short_write",
       "what a short write left out is forgotten",
       "log_direct",
       {.ignore_short_writes = true}},
      {"serve_unsynced_tail",
       "a recovered tail is served before it is synced",
       "log_direct",
       {.log = {.serve_tail_unflushed = true}}},
      {"overwrite_position",
       "a consumer's position is overwritten in place",
       "log_consumers",
       {.overwrite_checkpoints = true}},
      {"trust_page_cache",
       "recovery believes the page cache after a failed sync",
       "log_buffered",
       {.log = {.trust_page_cache = true}}},
      {"repair_in_place",
       "a repair rewrites acknowledged bytes in place",
       "log_buffered",
       {.log = {.repair_in_place = true}}},
      {"write_while_read",
       "a batch made ahead overwrites what the device reads",
       "log_full_commits",
       {.log = {.write_while_read = true}}},
      {"ignore_epoch",
       "stale batches of a file that is used again count",
       "log_retention",
       {.log = {.ignore_epoch = true}}},
      {"keep_uncommitted",
       "records that were not committed are not cut",
       "log_published",
       {.log = {.accept_beyond_cut = true}}},
  };
  return bugs;
}

std::vector<std::string> all_scenarios() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(scenarios_folder)) {
    if (entry.path().extension() == scenario_ending) names.push_back(entry.path().stem());
  }
  std::sort(names.begin(), names.end());
  return names;
}

Scenario load_scenario(const std::string& name) {
  Scenario scenario;
  scenario.name = name;
  const std::string path = std::string(scenarios_folder) + "/" + name + scenario_ending;
  std::ifstream file(path);
  if (!file.is_open()) refuse("cannot open " + path);
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.starts_with("#")) continue;
    std::istringstream words(line);
    std::string key;
    int value = 0;
    const bool parsed = static_cast<bool>(words >> key >> value);
    const auto* const known =
        std::find_if(std::begin(keys), std::end(keys), [&](const Key& k) { return key == k.name; });
    if (!parsed || known == std::end(keys)) refuse(path + ": " + line);
    scenario.*known->value = value;
  }
  return scenario;
}

std::vector<Regression> load_regressions() {
  std::vector<Regression> found;
  const std::string path = std::string(scenarios_folder) + "/regressions.txt";
  std::ifstream file(path);
  if (!file.is_open()) refuse("cannot open " + path);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    Regression regression;
    if (line.starts_with("#") || !(words >> regression.scenario >> regression.seed)) continue;
    found.push_back(regression);
  }
  return found;
}

}  // namespace mr::log

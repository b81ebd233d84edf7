#include <cstdio>
#include <filesystem>

#include "codec/json_object.h"
#include "io/real_world.h"
#include "log/log_benchmark.h"
#include "main/commands.h"
#include "main/log_commands.h"
#include "main/text_table.h"

namespace mr::main {

namespace {

using Figures = std::vector<log::BenchmarkFigure>;

std::string rounded(double number) {
  char text[32];
  std::snprintf(text, sizeof(text), number < 100 ? "%.2f" : "%.0f", number);
  return text;
}

std::string to_json(const Figures& figures) {
  std::string items;
  for (const log::BenchmarkFigure& figure : figures) {
    json::Object one;
    one.set_text("name", figure.name.substr(figure.name.find_first_not_of(' ')));
    one.set("value", rounded(figure.value));
    one.set_text("unit", figure.unit);
    if (figure.ratio > 0) one.set("ratio", rounded(figure.ratio));
    if (figure.goal > 0) {
      one.set(figure.at_least ? "at_least" : "at_most", rounded(figure.goal));
      one.set("met", figure.met() ? "true" : "false");
    }
    items += (items.empty() ? "" : ",") + one.to_json();
  }
  return R"({"figures":[)" + items + "]}\n";
}

std::string to_table(const Figures& figures) {
  TextTable table({"figure", "value", "unit", "to the bare disk", "goal"});
  for (const log::BenchmarkFigure& figure : figures) {
    const std::string goal = figure.goal == 0
                                 ? ""
                                 : (figure.at_least ? ">= " : "<= ") + rounded(figure.goal) +
                                       (figure.met() ? "" : "  missed");
    table.add({figure.name, rounded(figure.value), figure.unit,
               figure.ratio > 0 ? rounded(figure.ratio) : "", goal});
  }
  return table.render();
}

}  // namespace

int run_log_bench(const Command& command) {
  // Beside the log, so that it is the disk that matters; on another name, so that nothing reads it.
  log::BenchmarkOptions options;
  options.folder = command.server.data + "/log-bench";
  options.duration = Millis{command.log.seconds * 1000};
  std::error_code ignored;
  if (std::filesystem::exists(options.folder, ignored)) {
    return report(
        Error(ErrorCode::already_exists,
              options.folder + " exists: another bench runs, or one was killed; remove it"));
  }
  io::RealWorld real;
  const Result<Figures> figures = real.result_of(log::run_benchmark(real.world(), options));
  std::filesystem::remove_all(options.folder, ignored);
  if (!figures) return report(figures.error());
  const std::string text = command.json ? to_json(*figures) : to_table(*figures);
  std::fwrite(text.data(), 1, text.size(), stdout);
  return 0;
}

}  // namespace mr::main

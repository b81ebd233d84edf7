#include "capture/static_files.h"

#include <gtest/gtest.h>

#include "capture/test_support.h"
#include "sim/sim_world.h"

namespace mr::capture {
namespace {

using io::Task;

TEST(StaticFiles, OnlyScriptsWithPlainNamesAreAskedFor) {
  for (const char* path : {"/static/lazy-recorder.js", "/static/1.449.2/posthog-recorder.js"}) {
    EXPECT_TRUE(StaticFiles::is_path(path)) << path;
  }
  for (const char* path :
       {"/static/", "/static/.js", "/static/a.css", "/static/../a.js", "/static/a/../b.js",
        "/static/a/b/c.js", "/static/.git/a.js", "/static//a.js", "/static/a%2fb.js", "/a.js"}) {
    EXPECT_FALSE(StaticFiles::is_path(path)) << path;
  }
}

CaptureRules with_scripts() {
  CaptureRules rules{{"unix:/nowhere/api.sock"}};
  rules.static_folder = "scripts";
  rules.recorded_tokens = {"phc_known"};
  return rules;
}

Task<std::string> get(ServiceFixture* f, std::string target, std::string header = "") {
  const auto response = co_await f->ask(
      "GET " + target + " HTTP/1.1\r\nHost: a\r\nOrigin: https://a\r\n" + header + "\r\n", "");
  co_return std::to_string(response.status) + "\n" + response.header_lines() + response.body;
}

Task<bool> serves_scripts(ServiceFixture* f) {
  EXPECT_TRUE(co_await f->world.disk.make_folders("scripts/2.0"));
  const auto put = [f](std::string path, std::string_view text) {
    return io::replace_file(f->world.disk, std::move(path), Bytes(text.begin(), text.end()));
  };
  EXPECT_TRUE(co_await put("scripts/a.js", "one"));
  EXPECT_TRUE(co_await put("scripts/2.0/a.js", "two"));

  const std::string one = co_await get(f, "/static/a.js?v=1.0");
  EXPECT_TRUE(one.starts_with("200\n") && one.ends_with("one")) << one;
  EXPECT_TRUE(one.contains("content-type: application/javascript; charset=utf-8\r\n")) << one;
  EXPECT_TRUE(one.contains("access-control-allow-origin: https://a\r\n")) << one;
  EXPECT_TRUE((co_await get(f, "/static/2.0/a.js")).ends_with("two"));
  EXPECT_TRUE((co_await get(f, "/static/3.0/a.js")).ends_with("one"));
  EXPECT_TRUE((co_await get(f, "/static/b.js")).starts_with("404\n"));

  const size_t begin = one.find("etag: ") + 6;
  const std::string tag = one.substr(begin, one.find('\r', begin) - begin);
  const std::string again = co_await get(f, "/static/a.js", "If-None-Match: " + tag + "\r\n");
  EXPECT_TRUE(again.starts_with("304\n") && !again.contains("one")) << again;
  co_return true;
}
TEST(StaticFiles, AreServedToOtherSitesWithATag) {
  sim::SimWorld world(1);
  ServiceFixture fixture(world.world(), with_scripts());
  EXPECT_TRUE(world.run(serves_scripts(&fixture)).value_or(false));
}

Task<bool> tells_to_record(ServiceFixture* f) {
  const std::string on = R"("sessionRecording":{"endpoint":"/s/"})";
  const std::string off = R"("sessionRecording":false)";
  EXPECT_TRUE((co_await get(f, "/array/phc_known/config")).contains(on));
  EXPECT_TRUE((co_await get(f, "/array/phc_known/config.js")).contains(on));
  EXPECT_TRUE((co_await get(f, "/array/phc_other/config")).contains(off));
  const auto flags =
      co_await f->post("/flags/?v=2&config=true", R"({"token":"phc_known","distinct_id":"d"})");
  EXPECT_TRUE(flags.body.contains(on)) << flags.body;
  co_return true;
}
TEST(ClientSettings, OnlyProjectsThatTheOperatorNamesAreRecorded) {
  sim::SimWorld world(1);
  ServiceFixture fixture(world.world(), with_scripts());
  EXPECT_TRUE(world.run(tells_to_record(&fixture)).value_or(false));
}

}  // namespace
}  // namespace mr::capture

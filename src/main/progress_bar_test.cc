#include "main/progress_bar.h"

#include <gtest/gtest.h>

namespace mr::main {
namespace {

TEST(ProgressBar, ShowsShareAndSize) {
  EXPECT_EQ(render_bar("verifying", 0, 2048),
            "verifying [                              ] 0 % of 2.0 KiB");
  EXPECT_EQ(render_bar("verifying", 1024, 2048),
            "verifying [###############               ] 50 % of 2.0 KiB");
  EXPECT_EQ(render_bar("verifying", 4096, 2048),
            "verifying [##############################] 100 % of 2.0 KiB");
}

}  // namespace
}  // namespace mr::main

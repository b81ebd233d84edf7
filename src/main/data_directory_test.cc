#include "main/data_directory.h"

#include <gtest/gtest.h>

#include <fstream>

#include "io/test_support.h"

namespace mr::main {
namespace {

class DataDirectoryTest : public ::testing::Test {
 protected:
  Result<std::unique_ptr<io::DiskLock>> open(const std::string& path) {
    return io::run_in(real_, open_data_directory(real_.world().disk, DataDirectory(path)));
  }
  void write(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

  io::RealWorld real_;
  io::TemporaryFolder folder_;
};

TEST_F(DataDirectoryTest, IsMadeAndOpenedAgain) {
  EXPECT_TRUE(open(folder_.at("a/b")));
  EXPECT_TRUE(open(folder_.at("a/b")));
}

TEST_F(DataDirectoryTest, ASecondServerIsRefused) {
  const auto first = open(folder_.at("d"));
  ASSERT_TRUE(first);
  const auto second = open(folder_.at("d"));
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message().find("another millrace serve is running"), std::string::npos);
}

TEST_F(DataDirectoryTest, ANewerVersionIsRefusedByName) {
  ASSERT_TRUE(open(folder_.at("d")));
  write(folder_.at("d/VERSION"), "millrace data 2\n");
  const auto opened = open(folder_.at("d"));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), ErrorCode::unsupported);
  EXPECT_NE(opened.error().message().find("newer Millrace (data 2;"), std::string::npos);
  write(folder_.at("d/VERSION"), "something else");
  EXPECT_EQ(open(folder_.at("d")).error().code(), ErrorCode::corrupt);
}

TEST_F(DataDirectoryTest, TheEngineOfItsLogStays) {
  const auto check = [this](const std::string& name, const char* engine) {
    return io::run_in(real_,
                      check_engine(real_.world().disk, DataDirectory(folder_.at(name)), engine));
  };
  ASSERT_TRUE(open(folder_.at("new")));
  EXPECT_TRUE(check("new", "kafka"));
  EXPECT_TRUE(check("new", "kafka"));
  const auto other = check("new", "embedded");
  ASSERT_FALSE(other);
  EXPECT_NE(other.error().message().find("is kafka"), std::string::npos);
  ASSERT_TRUE(open(folder_.at("old")));
  write(folder_.at("old/catalog.db"), "from before there was a choice");
  EXPECT_FALSE(check("old", "kafka"));
  EXPECT_TRUE(check("old", "embedded"));
}

TEST_F(DataDirectoryTest, AFileInItsPlaceAndATooLongPathAreRefused) {
  write(folder_.at("file"), "x");
  EXPECT_FALSE(open(folder_.at("file")));
  EXPECT_FALSE(open(folder_.at(std::string(100, 'x'))));
}

}  // namespace
}  // namespace mr::main

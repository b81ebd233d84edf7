#include "store/chdb_library.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "store/chdb_session.h"
#include "store/test_support.h"

namespace mr::store {
namespace {

TEST(ChdbLibrary, AMissingLibrarySaysWhereItLookedAndWhatToDo) {
  const auto opened = open_chdb_library("/nowhere/libchdb.so");
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code(), ErrorCode::not_found);
  EXPECT_NE(opened.error().message().find("/nowhere/libchdb.so"), std::string::npos);
  EXPECT_NE(opened.error().message().find("make build"), std::string::npos);
}

TEST(ChdbLibrary, AFileThatIsNoLibraryIsRefusedByName) {
  io::TemporaryFolder folder;
  std::ofstream(folder.at("libchdb.so")) << "not a library";
  const auto opened = open_chdb_library(folder.at("libchdb.so"));
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code(), ErrorCode::unsupported);
  EXPECT_NE(opened.error().message().find(folder.at("libchdb.so")), std::string::npos);
}

TEST(ChdbLibrary, TheFetchedVersionIsTheOneThatTheProgramNames) {
  std::ifstream script(MR_SOURCE_DIR "/tools/fetch_libchdb.sh");
  const std::string text((std::istreambuf_iterator<char>(script)), {});
  EXPECT_NE(text.find("\nversion=" + std::string(chdb_version) + "\n"), std::string::npos);
}

TEST(ChdbLibrary, HasEveryFunctionThatWeDeclare) {
  MR_NEEDS_ENGINE();
  const auto opened = open_chdb_library("");
  ASSERT_TRUE(opened.has_value()) << opened.error().message();
}

TEST(EngineErrors, CarryTheEnginesTextWithoutItsWrapping) {
  const Error timeout = error_from_engine(
      "Code: 159. DB::Exception: Timeout exceeded: elapsed 2002 ms, maximum: 2000 ms. "
      "(TIMEOUT_EXCEEDED)");
  EXPECT_EQ(timeout.code(), ErrorCode::timed_out);
  EXPECT_EQ(timeout.message(),
            "Timeout exceeded: elapsed 2002 ms, maximum: 2000 ms. (TIMEOUT_EXCEEDED)");
  const Error wrapped = error_from_engine(
      "Code: 164. DB::Exception: Code: 164. DB::Exception: Cannot modify 'readonly' setting in "
      "readonly mode. (READONLY) (version 26.5.1.1). (READONLY)");
  EXPECT_EQ(wrapped.code(), ErrorCode::unauthorized);
  EXPECT_EQ(wrapped.message(), "Cannot modify 'readonly' setting in readonly mode. (READONLY)");
  const Error full = error_from_engine(
      "Code: 75. DB::ErrnoException: Cannot write to file /x: errno: 28, strerror: No space left "
      "on device. (CANNOT_WRITE_TO_FILE_DESCRIPTOR)");
  EXPECT_EQ(full.code(), ErrorCode::no_space);
  EXPECT_EQ(error_from_engine("something else").code(), ErrorCode::failed);
}

TEST(SqlLiteral, KeepsEveryByteOfTheText) {
  EXPECT_EQ(sql_literal("it's a \\ b"), "'it\\'s a \\\\ b'");
  EXPECT_EQ(sql_literal(std::string_view("a\0b", 3)), "'a\\0b'");
}

}  // namespace
}  // namespace mr::store

#include "stream/late_appender.h"

#include <gtest/gtest.h>

#include "sim/sim_world.h"

namespace mr::stream {
namespace {

class Taking final : public Appender {
 public:
  io::Task<Result<AppendedRange>> append(std::vector<RecordView>) override {
    co_return AppendedRange{Offset(7), Offset(7)};
  }
  Offset next_offset() const override { return Offset(8); }
  void publish(Offset) override {}
  io::Task<Result<void>> close() override { co_return Result<void>{}; }
  AppenderStatus status() const override { return {}; }
};

// Its partition opens at the n-th attempt.
class SlowLog final : public Log {
 public:
  explicit SlowLog(int failures) : failures_(failures) {}
  io::Task<Result<std::unique_ptr<Appender>>> open_appender(TopicPartition,
                                                            AppendOptions) override {
    if (failures_-- > 0) co_return fail(ErrorCode::corrupt, "the manifest is damaged");
    co_return std::make_unique<Taking>();
  }
  io::Task<Result<std::vector<TopicPartition>>> list() override {
    co_return fail(ErrorCode::unsupported, "");
  }
  io::Task<Result<std::unique_ptr<Reader>>> open_reader(TopicPartition) override {
    co_return fail(ErrorCode::unsupported, "");
  }
  io::Task<Result<std::unique_ptr<Consumer>>> register_consumer(TopicPartition, std::string,
                                                                Offset) override {
    co_return fail(ErrorCode::unsupported, "");
  }
  bool cuts_uncommitted() const override { return true; }

 private:
  int failures_;
};

// What happens to appends, one a second; where it opened, "open" comes first.
io::Task<std::string> append_for(io::World world, Log& log, int seconds) {
  std::string why;
  const auto appender = co_await LateAppender::open(world, log, {"captured", 0}, {}, &why);
  std::string told = why.empty() ? "open" : why;
  for (int i = 0; i < seconds; ++i) {
    const auto appended = co_await appender->append({});
    told += appended ? " kept" : " refused";
    EXPECT_EQ(appender->status().opened, appended.has_value());
    if (!appended) {
      EXPECT_EQ(appended.error().message(), "the manifest is damaged");
    }
    co_await world.clock.sleep(Millis{1'000});
  }
  EXPECT_TRUE(co_await appender->close());
  co_return told;
}

TEST(LateAppender, RefusesWithTheReasonUntilThePartitionOpens) {
  sim::SimWorld world(1);
  SlowLog log(2);  // the second attempt comes after five seconds, the third after ten
  std::string expected = "the manifest is damaged";
  for (int second = 0; second < 12; ++second) expected += second < 10 ? " refused" : " kept";
  EXPECT_EQ(world.run(append_for(world.world(), log, 12)).value(), expected);
}

TEST(LateAppender, IsThePartitionItselfWhenItOpensAtOnce) {
  sim::SimWorld world(1);
  SlowLog log(0);
  EXPECT_EQ(world.run(append_for(world.world(), log, 1)).value(), "open kept");
}

TEST(LateAppender, ClosesWhileItIsTrying) {
  sim::SimWorld world(1);
  SlowLog log(1000);
  EXPECT_EQ(world.run(append_for(world.world(), log, 1)).value(),
            "the manifest is damaged refused");
}

}  // namespace
}  // namespace mr::stream

#include "kafka/partition_appender.h"

#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>

#include "io/test_support.h"

namespace mr::kafka {
namespace {

constexpr Millis patience{10'000};

io::Task<void> wait_for_failure(Producer& producer, std::string& said, io::Signal& done) {
  said = (co_await producer.failed()).message();
  done.notify();
}

// Yields what failed() says of a producer that librdkafka gives up.
io::Task<std::string> failure_of_a_fatal_error(io::RealWorld& real) {
  const auto logger = telemetry::Logger::to_memory();
  Options options;
  options.brokers = "127.0.0.1:1";  // nobody is needed
  const auto producer = *Producer::create(real.world(), real.loop(), options, *logger);
  std::string said;
  io::Signal done(real.loop());
  io::TaskGroup tasks(real.loop());
  tasks.spawn(wait_for_failure(*producer, said, done));
  rd_kafka_test_fatal_error(producer->handle().get(),
                            RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "provoked");
  co_await done.wait_until(real.loop(), real.loop().now() + patience);
  co_return said;
}

TEST(KafkaProducer, SaysWhenLibrdkafkaHasGivenItUp) {
  io::RealWorld real;
  const std::string said = io::run_in(real, failure_of_a_fatal_error(real));
  EXPECT_NE(said.find("provoked"), std::string::npos) << said;
}

io::Task<bool> make_and_leave(io::RealWorld& real, io::TaskGroup& watching, std::string& said,
                              io::Signal& done) {
  const auto logger = telemetry::Logger::to_memory();
  Options options;
  options.brokers = "127.0.0.1:1";
  const auto producer = *Producer::create(real.world(), real.loop(), options, *logger);
  watching.spawn(wait_for_failure(*producer, said, done));
  co_await real.world().clock.sleep(Millis{1});
  co_return true;
}

TEST(KafkaProducer, MayGoWhileATaskStillWaitsForItsFailure) {
  io::RealWorld real;
  std::string said;
  io::Signal done(real.loop());
  io::TaskGroup watching(real.loop());
  EXPECT_TRUE(io::run_in(real, make_and_leave(real, watching, said, done)));
  EXPECT_EQ(said, "");
}

}  // namespace
}  // namespace mr::kafka

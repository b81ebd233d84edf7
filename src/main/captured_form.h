#pragma once

#include "kafka/record_form.h"

namespace mr::main {

// Captured records on Kafka: the captured-message JSON and headers that consumers of the reference
// know (docs/formats/captured.md). A record without our envelope header is passed as it is, and so
// is a message of another writer that is no captured message: ingest dead-letters that one.
class CapturedForm final : public kafka::RecordForm {
 public:
  Result<kafka::FormedRecord> to_brokers(const stream::RecordView& record) const override;
  Result<kafka::FormedRecord> from_brokers(const stream::Record& record) const override;
};

}  // namespace mr::main

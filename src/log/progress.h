#pragma once

#include <cstdint>

namespace mr::log {

// Is told how a long piece of work goes on.
class Progress {
 public:
  virtual ~Progress() = default;
  // Bytes that were worked on since the last call.
  virtual void advanced(uint64_t bytes) = 0;
};

}  // namespace mr::log

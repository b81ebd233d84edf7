#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "hog/program.h"
#include "hog/value.h"

namespace mr::hog {

struct Context;

// What a program may ask of the world. The machine itself knows no clock, no chance and no files.
// It outlives the machines that use it.
class Host {
 public:
  virtual ~Host() = default;

  // Milliseconds since 1970, for now() and today().
  virtual double wall_clock_millis() = 0;
  // Milliseconds from anywhere, never going back: what the time limit is measured by.
  virtual double steady_millis() = 0;
  // 64 random bits.
  virtual uint64_t random_bits() = 0;
  // The contents of a time zone's file (RFC 8536) by its IANA name; nothing for an unknown one.
  // Asked once for each name and machine.
  virtual std::optional<std::string> time_zone(std::string_view name) = 0;
  // What print() was given.
  virtual void print(Context& context, std::span<const Value> values) = 0;

  // Whether the host answers calls of this name later: such a call suspends the program.
  virtual bool is_async(std::string_view name) { return false; }
  // A function of the host's own that answers at once.
  using Function = Result<Value> (*)(Context& context, std::span<const Value> arguments);
  virtual Function function(std::string_view name) { return nullptr; }
  // The bytecode of a chunk for import(); nullptr when there is none. It lives as long as the host.
  virtual const Program* chunk(std::string_view name) { return nullptr; }
};

}  // namespace mr::hog

#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "store/chdb_session.h"
#include "store/query_guard.h"

// Any text: the guard answers, and never allows a text in which a refused name stands bare.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const mr::store::QueryGuard guard({"file", "url", "numbers"});
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const mr::store::GuardVerdict verdict = guard.judge(text);
  MR_ASSERT((verdict.refusal == mr::store::GuardRefusal::none) == verdict.message.empty());
  const auto attack = guard.judge("SELECT 1, " + std::string(text) + " , file(x)");
  // Only an open quote could hide the name, and then the text is unreadable or it is a quoted name.
  if (text.find('\'') == text.npos && text.find('`') == text.npos) {
    MR_ASSERT(attack.refusal != mr::store::GuardRefusal::none);
  }
  (void)mr::store::error_from_engine(text);
  (void)mr::store::sql_literal(text);
  return 0;
}

#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "base/bytes.h"
#include "hog/compiler.h"
#include "hog/disassembler.h"
#include "hog/formatter.h"

// Whatever the bytes: no crash, no endless work, bytecode that its JSON form keeps, and a formatted
// source that compiles to the same. The first byte chooses the form.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace mr::hog;
  if (size == 0) return 0;
  const std::string_view source = mr::as_text({data + 1, size - 1});
  const auto form = static_cast<SourceForm>(data[0] % 4);
  const auto compiled = compile(source, form);
  if (!compiled) {
    const std::string text = render(source, "source", compiled.error());
    MR_ASSERT(!text.empty());
    return 0;
  }
  const auto again = mr::hog::read_program(write_program(compiled->program));
  MR_ASSERT(again.has_value());
  MR_ASSERT(*again == compiled->program);
  MR_ASSERT(!disassemble(compiled->program).empty());

  const auto formatted = format(source, form);
  MR_ASSERT(formatted.has_value());
  const auto same = compile(*formatted, form);
  // Formatting may make a source longer than a source may be.
  if (!same && same.error().kind == CompileErrorKind::limit) return 0;
  MR_ASSERT(same.has_value());
  MR_ASSERT(same->program == compiled->program);
  return 0;
}
